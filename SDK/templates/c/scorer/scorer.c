/* Scores how short answers are: 1.0 for at most max_words words, lower for longer answers. */
#include "assay_scorer_kit.h"

/* Its inputs and outputs. Columns are identified by their index. */
enum { IN_ANSWER };
static const assay_column_spec *const inputs[] = {
    [IN_ANSWER] = KIT_REQUIRED("generated_answer", ASSAY_TYPE_STR, "the answer"), NULL};

enum { OUT_SCORE, OUT_WORDS };
static const assay_column_spec *const outputs[] = {
    [OUT_SCORE] = KIT_OUTPUT("score", ASSAY_TYPE_F64, "1.0, or max_words divided by the number of words", 0, 1),
    [OUT_WORDS] = KIT_OUTPUT("words", ASSAY_TYPE_I64, "the number of words in the answer", 0, 0), NULL};

/* Numbers of each row whose sums over all rows its corpus score is computed from. */
enum { STAT_WORDS };
static const char *const statistics[] = {[STAT_WORDS] = "words", NULL};
static const assay_aggregation *const aggregations[] = {
    KIT_AGGREGATION("words_per_answer", "the number of words of all answers, and their mean"), NULL};

static const assay_scorer scorer = {
    .struct_size = sizeof scorer,
    .concurrency = ASSAY_CONCURRENCY_PARALLEL, /* step may run on several threads at once: it changes no instance */
    .id = "@NAME@",
    .description = "1.0 for an answer of at most max_words words, less for longer ones",
    .inputs = inputs,
    .outputs = outputs,
    .parameters_schema = "{\"type\": \"object\", \"additionalProperties\": false, "
                         "\"properties\": {\"max_words\": {\"type\": \"number\", \"minimum\": 1, \"maximum\": 1000000}}}",
    .statistics = statistics,
    .aggregations = aggregations};

/* One scoring function with its parameters. */
typedef struct instance {
    const assay_host *host;
    double max_words;
} instance;

static assay_status create(const assay_scorer *its_scorer, const assay_host *host, assay_creation *creation,
                           assay_str config_json, void **self) {
    (void)its_scorer;
    kit_parameters parameters;
    kit_open_parameters(&parameters, host, creation, config_json);
    const double max_words = kit_number_parameter(&parameters, "max_words", 100, 1, 1000000);
    const assay_status status = kit_close_parameters(&parameters);
    if (status != ASSAY_OK) return status;

    instance *made = malloc(sizeof *made);
    if (made == NULL) return ASSAY_E_RESOURCE;
    made->host = host;
    made->max_words = max_words;
    *self = made;
    return ASSAY_OK;
}

static void destroy(void *self) { free(self); }

static int64_t count_words(assay_str text) {
    int64_t words = 0;
    bool in_word = false;
    for (uint64_t i = 0; i < text.len; i++) {
        const char byte = text.ptr[i];
        const bool is_space = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
        if (!is_space && !in_word) words++;
        in_word = !is_space;
    }
    return words;
}

static void score_row(const instance *its, const kit_step *step, uint64_t row) {
    const int64_t words = count_words(kit_text(step, IN_ANSWER, row));
    if (words == 0) {
        kit_fail(step, (int64_t)row, ASSAY_ROW_UNPARSED, kit_str("the answer is empty"));
        return;
    }
    kit_give_number(step, OUT_SCORE, row, (double)words <= its->max_words ? 1 : its->max_words / (double)words);
    kit_give_integer(step, OUT_WORDS, row, words);
    kit_give_statistics(step, row, (const double[]){[STAT_WORDS] = (double)words});
}

/* Computes the aggregations of all scored rows, or of a group of them, from the sums of their statistics. */
static assay_status finalize(void *self, assay_finalization *finalization, const assay_sums *sums) {
    const instance *its = self;
    const double words = sums->values[STAT_WORDS];
    return kit_give_aggregate(its->host, finalization, 0, "{\"words_per_answer\": %.17g, \"words\": %.17g}",
                              words / (double)sums->n_rows, words);
}

static assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) {
    (void)state, (void)reason, (void)replies, (void)n_replies; /* for scorers that ask models */
    const instance *its = self;
    const kit_step current = {its->host, call, batch};
    for (uint64_t row = 0; row < batch->n_rows; row++) {
        if (kit_is_cancelled(&current)) return ASSAY_E_CANCELLED;
        score_row(its, &current, row);
    }
    return ASSAY_OK;
}

/* The plugin. */
static const assay_scorer *const scorers[] = {&scorer, NULL};
static const assay_plugin plugin = {.struct_size = sizeof plugin,
                                    .abi_major = ASSAY_ABI_MAJOR,
                                    .abi_minor = ASSAY_ABI_MINOR,
                                    .id = "org.example.@NAME@",
                                    .version = "0.1.0",
                                    .description = "How short answers are",
                                    .scorers = scorers,
                                    .create = create,
                                    .destroy = destroy,
                                    .step = step,
                                    .finalize = finalize};

const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t host_abi_minor) {
    (void)host_abi_minor;
    return host_abi_major == ASSAY_ABI_MAJOR ? &plugin : NULL;
}
