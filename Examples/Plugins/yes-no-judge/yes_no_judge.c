/* A judge of one question, by hand: it asks a model whether an answer is correct, through the step function, and reads
 * "yes" or "no". It sends the same requests and reads the replies in the same way as builtin.json, which says the same in
 * the parameters of the plugin llm-as-judge; so the two give each row the same score.
 *
 *     step(START)      queues a request for each row                    -> ASSAY_PENDING
 *     step(REPLIES)    reads the replies that have come, some rows'     -> ASSAY_PENDING while any is awaited
 *     step(REPLIES)    … in any order …                                 -> ASSAY_OK with the last
 *
 * No thread waits meanwhile, and nothing is locked: all that a call remembers is in its own state.
 */
#include "assay_scorer_kit.h"

/* ---------------------------------------------------------------- the scorer's table */

/* Each column is read as JSON, so that a row without it never gets here, and as text, which is what is asked about. */
enum { IN_QUESTION, IN_QUESTION_TEXT, IN_EXPECTED, IN_EXPECTED_TEXT, IN_ANSWER, IN_ANSWER_TEXT };
static const assay_column_spec *const inputs[] = {
    [IN_QUESTION] = KIT_REQUIRED("input_query", ASSAY_TYPE_JSON, "the question"),
    [IN_QUESTION_TEXT] = KIT_LENIENT("input_query", ASSAY_TYPE_STR, "the same, where it is no list or object"),
    [IN_EXPECTED] = KIT_REQUIRED("expected_answer", ASSAY_TYPE_JSON, "the correct answer"),
    [IN_EXPECTED_TEXT] = KIT_LENIENT("expected_answer", ASSAY_TYPE_STR, "the same, where it is no list or object"),
    [IN_ANSWER] = KIT_REQUIRED("generated_answer", ASSAY_TYPE_JSON, "the answer to judge"),
    [IN_ANSWER_TEXT] = KIT_LENIENT("generated_answer", ASSAY_TYPE_STR, "the same, where it is no list or object"),
    NULL};

enum { OUT_SCORE, OUT_FEEDBACK };
static const assay_column_spec *const outputs[] = {
    [OUT_SCORE] = KIT_OUTPUT("score", ASSAY_TYPE_BOOL, "whether the model finds the answer correct", 0, 0),
    [OUT_FEEDBACK] = KIT_OUTPUT("judge_feedback", ASSAY_TYPE_STR, "the model's reply", 0, 0), NULL};

/* The host takes the model of the role "judge" from the parameter "judge_model". */
static const char *const roles[] = {"judge", NULL};

static const assay_scorer scorer = {
    .struct_size = sizeof scorer,
    .concurrency = ASSAY_CONCURRENCY_PARALLEL,
    .id = "yes-no-judge",
    .description = "true where a model says that generated_answer is correct",
    .inputs = inputs,
    .outputs = outputs,
    .roles = roles,
    .parameters_schema = "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"judge_model\": "
                         "{\"type\": \"string\", \"minLength\": 1}}}"};

typedef struct judge {
    const assay_host *host;
    const assay_host_chat *chat;
} judge;

static assay_status create(const assay_scorer *its_scorer, const assay_host *host, assay_creation *creation,
                           assay_str config_json, void **self) {
    (void)its_scorer;
    const assay_host_chat *chat = kit_chat(host);
    kit_parameters parameters;
    kit_open_parameters(&parameters, host, creation, config_json);
    assay_str model; /* for the host; reading it makes it a known parameter */
    kit_parameter(&parameters, "judge_model", &model);
    assay_status status = kit_close_parameters(&parameters);
    if (status != ASSAY_OK) return status;
    if (chat == NULL) return ASSAY_E_UNSUPPORTED;
    judge *instance = malloc(sizeof *instance);
    if (instance == NULL) return ASSAY_E_RESOURCE;
    instance->host = host;
    instance->chat = chat;
    *self = instance;
    return ASSAY_OK;
}

static void destroy(void *self) { free(self); }

/* ---------------------------------------------------------------- asking */

static assay_str value_of(const kit_step *step, uint32_t json_input, uint64_t row) {
    return kit_has(step, json_input + 1, row) ? kit_text(step, json_input + 1, row) : kit_text(step, json_input, row);
}

/* The body of the request about a row. The values are put into the prompt as they are; what they hold is not looked at. */
static void write_request(const kit_step *step, uint64_t row, kit_buffer *prompt, kit_buffer *body) {
    prompt->length = body->length = 0;
    kit_append(prompt, kit_str("Is the answer to the question correct? Go by the reference answer.\n\nQuestion: "));
    kit_append(prompt, value_of(step, IN_QUESTION, row));
    kit_append(prompt, kit_str("\nReference answer: "));
    kit_append(prompt, value_of(step, IN_EXPECTED, row));
    kit_append(prompt, kit_str("\nAnswer: "));
    kit_append(prompt, value_of(step, IN_ANSWER, row));
    kit_append(prompt, kit_str("\n\nReply with one word, yes or no."));
    kit_append(body, kit_str("{\"messages\": [{\"role\": \"user\", \"content\": "));
    kit_append_quoted(body, kit_contents(prompt));
    kit_append(body, kit_str("}], \"temperature\": 0}"));
}

/* Queues a request for each row, its tag the row. Returns how many replies will come. */
static uint64_t ask(const judge *instance, const kit_step *step) {
    kit_buffer prompt = {0}, body = {0};
    uint64_t n_asked = 0;
    for (uint64_t row = 0; row < step->batch->n_rows; row++) {
        write_request(step, row, &prompt, &body);
        assay_status status = ASSAY_E_RESOURCE;
        if (!prompt.failed && !body.failed)
            status = kit_ask(step, instance->chat, row, "judge", kit_contents(&body), 0);
        if (status == ASSAY_OK)
            n_asked++;
        else
            kit_fail(step, (int64_t)row, ASSAY_ROW_SCORER_ERROR, kit_str("the request could not be made"));
    }
    kit_free(&prompt);
    kit_free(&body);
    return n_asked;
}

/* ---------------------------------------------------------------- reading */

/* Reads a reply that is one word, "yes" or "no" in letters of any case, whatever else than the letters A to Z stands
 * around it. False for any other reply. */
static bool read_verdict(assay_str reply, bool *is_yes) {
    char word[3];
    size_t length = 0, past_word = 0;
    for (uint64_t i = 0; i < reply.len; i++) {
        const char letter = (char)(reply.ptr[i] | 0x20);
        if (letter < 'a' || letter > 'z') continue;
        if (length == sizeof word || (length > 0 && i != past_word)) return false;
        word[length++] = letter;
        past_word = i + 1;
    }
    *is_yes = length == 3 && memcmp(word, "yes", 3) == 0;
    return *is_yes || (length == 2 && memcmp(word, "no", 2) == 0);
}

static void take(const kit_step *step, const assay_reply *reply) {
    const uint64_t row = reply->tag;
    bool is_yes;
    if (row >= step->batch->n_rows) return;
    if (reply->status != ASSAY_OK) {
        kit_fail(step, (int64_t)row, kit_failure(reply), reply->text);
        return;
    }
    kit_give_text(step, OUT_FEEDBACK, row, reply->text);
    if (read_verdict(reply->text, &is_yes))
        kit_give_boolean(step, OUT_SCORE, row, is_yes);
    else
        kit_fail(step, (int64_t)row, ASSAY_ROW_UNPARSED, kit_str("the reply is neither yes nor no"));
}

/* ---------------------------------------------------------------- the conversation */

/* What is remembered of a call between its steps. */
typedef struct conversation {
    uint64_t n_awaited;
} conversation;

static assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) {
    const judge *instance = self;
    const kit_step current = {instance->host, call, batch};
    if (reason == ASSAY_STEP_START) {
        conversation *begun = calloc(1, sizeof *begun);
        if (begun == NULL) return ASSAY_E_RESOURCE;
        begun->n_awaited = ask(instance, &current);
        *state = begun;
    }
    conversation *its = *state;
    for (uint64_t i = 0; i < n_replies; i++) take(&current, replies[i]);
    its->n_awaited -= n_replies;
    return its->n_awaited > 0 ? ASSAY_PENDING : ASSAY_OK;
}

static void call_free(void *self, assay_call *call, void *state) {
    (void)self, (void)call;
    free(state);
}

/* ---------------------------------------------------------------- the plugin's table */

static const assay_scorer *const scorers[] = {&scorer, NULL};
static const assay_plugin plugin = {.struct_size = sizeof plugin,
                                    .abi_major = ASSAY_ABI_MAJOR,
                                    .abi_minor = ASSAY_ABI_MINOR,
                                    .id = "org.example.yes-no-judge",
                                    .version = "1.0.0",
                                    .description = "A judge that asks one question",
                                    .scorers = scorers,
                                    .create = create,
                                    .destroy = destroy,
                                    .step = step,
                                    .call_free = call_free};

const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t host_abi_minor) {
    (void)host_abi_minor;
    return host_abi_major == ASSAY_ABI_MAJOR ? &plugin : NULL;
}
