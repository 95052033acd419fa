/* Asks a model a question about each answer, and reads yes or no.
 *
 * The host calls step with ASSAY_STEP_START, and the judge queues its requests; then, as replies arrive, with
 * ASSAY_STEP_REPLIES, until the judge returns ASSAY_OK. No thread waits in between. */
#include "assay_scorer_kit.h"

/* Its inputs, outputs and models. Columns are identified by their index. */
enum { IN_ANSWER };
static const assay_column_spec *const inputs[] = {
    [IN_ANSWER] = KIT_REQUIRED("generated_answer", ASSAY_TYPE_STR, "the answer"), NULL};

enum { OUT_SCORE, OUT_FEEDBACK };
static const assay_column_spec *const outputs[] = {
    [OUT_SCORE] = KIT_OUTPUT("score", ASSAY_TYPE_F64, "1.0 for yes, 0.0 for no", 0, 1),
    [OUT_FEEDBACK] = KIT_OUTPUT("judge_feedback", ASSAY_TYPE_STR, "the model's reply", 0, 0), NULL};

/* The host reads the model of this role from the parameter judge_model, or from --judge-model. */
static const char *const roles[] = {"judge", NULL};

static const assay_scorer scorer = {
    .struct_size = sizeof scorer,
    .concurrency = ASSAY_CONCURRENCY_PARALLEL, /* step may run on several threads at once: it changes no instance */
    .id = "@NAME@",
    .description = "1.0 if a model says yes to a question about generated_answer",
    .inputs = inputs,
    .outputs = outputs,
    .roles = roles,
    .parameters_schema = "{\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"question\"], "
                         "\"properties\": {\"question\": {\"type\": \"string\"}, \"judge_model\": {\"type\": \"string\"}}}"};

/* One scoring function with its parameters. */
typedef struct instance {
    const assay_host *host;
    const assay_host_chat *chat;
    kit_buffer question;
} instance;

static void destroy(void *self) {
    instance *its = self;
    kit_free(&its->question);
    free(its);
}

static assay_status create(const assay_scorer *its_scorer, const assay_host *host, assay_creation *creation,
                           assay_str config_json, void **self) {
    (void)its_scorer;
    instance *made = calloc(1, sizeof *made);
    if (made == NULL) return ASSAY_E_RESOURCE;
    made->host = host;
    made->chat = kit_chat(host);
    kit_parameters parameters;
    kit_open_parameters(&parameters, host, creation, config_json);
    assay_str model; /* for the host; reading it makes it a known parameter */
    kit_parameter(&parameters, "judge_model", &model);
    if (!kit_text_parameter(&parameters, "question", &made->question))
        kit_reject(&parameters, kit_str("question"), "", "expected a question about the answer");
    assay_status status = kit_close_parameters(&parameters);
    if (status == ASSAY_OK && made->chat == NULL) status = ASSAY_E_UNSUPPORTED;
    if (status == ASSAY_OK)
        *self = made;
    else
        destroy(made);
    return status;
}

/* Queues a request about a row; its tag is the row. If that is not possible, fails the row and returns false. */
static bool ask(const instance *its, const kit_step *step, uint64_t row) {
    kit_buffer prompt = kit_empty(), body = kit_empty();
    kit_append(&prompt, kit_contents(&its->question));
    kit_append(&prompt, kit_str("\n\nAnswer: "));
    kit_append(&prompt, kit_text(step, IN_ANSWER, row));
    kit_append(&prompt, kit_str("\n\nReply with one word, yes or no."));
    kit_append(&body, kit_str("{\"messages\": [{\"role\": \"user\", \"content\": "));
    kit_append_quoted(&body, kit_contents(&prompt));
    kit_append(&body, kit_str("}], \"temperature\": 0}"));
    const bool is_asked =
        !prompt.failed && !body.failed &&
        kit_ask(step, its->chat, row, "judge", kit_contents(&body), 0) == ASSAY_OK;
    if (!is_asked) kit_fail(step, (int64_t)row, ASSAY_ROW_SCORER_ERROR, kit_str("the request could not be made"));
    kit_free(&prompt);
    kit_free(&body);
    return is_asked;
}

/* 1 for "yes", 0 for "no", ignoring everything except letters; -1 for any other reply. */
static int read_reply(assay_str reply) {
    char letters[4] = "";
    size_t count = 0;
    for (uint64_t i = 0; i < reply.len; i++) {
        const char letter = (char)(reply.ptr[i] | 0x20);
        if (letter < 'a' || letter > 'z') continue;
        if (count == 3) return -1;
        letters[count++] = letter;
    }
    return strcmp(letters, "yes") == 0 ? 1 : strcmp(letters, "no") == 0 ? 0 : -1;
}

static void take_reply(const kit_step *step, const assay_reply *reply) {
    const uint64_t row = reply->tag;
    if (reply->status != ASSAY_OK) {
        kit_fail(step, (int64_t)row, kit_failure(reply), reply->text);
        return;
    }
    kit_give_text(step, OUT_FEEDBACK, row, reply->text);
    if (kit_is_cut_off(reply)) {
        kit_fail(step, (int64_t)row, ASSAY_ROW_UNPARSED, kit_str("the reply was cut off; raise max_tokens"));
        return;
    }
    const int score = read_reply(reply->text);
    if (score >= 0)
        kit_give_number(step, OUT_SCORE, row, score);
    else
        kit_fail(step, (int64_t)row, ASSAY_ROW_UNPARSED, kit_str("the reply is neither yes nor no"));
}

/* The state of a call between its steps. */
typedef struct conversation {
    uint64_t n_awaited;
} conversation;

static assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) {
    const instance *its = self;
    const kit_step current = {its->host, call, batch};
    if (reason == ASSAY_STEP_START) {
        conversation *begun = calloc(1, sizeof *begun);
        if (begun == NULL) return ASSAY_E_RESOURCE;
        *state = begun; /* call_free receives it */
        for (uint64_t row = 0; row < batch->n_rows; row++) begun->n_awaited += ask(its, &current, row);
    }
    conversation *talk = *state;
    for (uint64_t i = 0; i < n_replies; i++) take_reply(&current, replies[i]);
    talk->n_awaited -= n_replies;
    return talk->n_awaited > 0 ? ASSAY_PENDING : ASSAY_OK;
}

static void call_free(void *self, assay_call *call, void *state) {
    (void)self, (void)call;
    free(state);
}

/* The plugin. */
static const assay_scorer *const scorers[] = {&scorer, NULL};
static const assay_plugin plugin = {.struct_size = sizeof plugin,
                                    .abi_major = ASSAY_ABI_MAJOR,
                                    .abi_minor = ASSAY_ABI_MINOR,
                                    .id = "org.example.@NAME@",
                                    .version = "0.1.0",
                                    .description = "A judge that asks yes or no",
                                    .scorers = scorers,
                                    .create = create,
                                    .destroy = destroy,
                                    .step = step,
                                    .call_free = call_free};

const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t host_abi_minor) {
    (void)host_abi_minor;
    return host_abi_major == ASSAY_ABI_MAJOR ? &plugin : NULL;
}
