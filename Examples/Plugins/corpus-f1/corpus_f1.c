/* F1 and the area under the ROC curve of a classifier, over a whole corpus.
 *
 * Neither is a mean of the rows' scores. Each row sets statistics, whose sums over all rows the host passes to finalize:
 * true positives, false positives, false negatives, and, for the curve, a histogram of the predictions for the positive rows
 * and another one for the negative rows. */
#include "assay_scorer_kit.h"

enum { IN_LABEL, IN_PREDICTION };
static const assay_column_spec *const inputs[] = {
    [IN_LABEL] = KIT_REQUIRED("expected_answer", ASSAY_TYPE_STR, "the class of the row"),
    [IN_PREDICTION] = KIT_REQUIRED("probability", ASSAY_TYPE_F64, "how likely the row is positive, from 0 to 1"), NULL};

enum { OUT_SCORE };
static const assay_column_spec *const outputs[] = {
    [OUT_SCORE] = KIT_OUTPUT("score", ASSAY_TYPE_F64, "1.0 if the row is classified correctly, otherwise 0.0", 0, 1), NULL};

/* The histograms: as many names as numbers. */
#define TEN(name) name, name, name, name, name, name, name, name, name, name
enum { STAT_TRUE_POSITIVE, STAT_FALSE_POSITIVE, STAT_FALSE_NEGATIVE, STAT_POSITIVE, N_BINS = 20,
       STAT_NEGATIVE = STAT_POSITIVE + N_BINS, N_STATISTICS = STAT_NEGATIVE + N_BINS };
static const char *const statistics[] = {"true positives", "false positives", "false negatives",
                                         TEN("positive rows"), TEN("positive rows"),
                                         TEN("negative rows"), TEN("negative rows"), NULL};
_Static_assert(sizeof statistics / sizeof *statistics == N_STATISTICS + 1, "a statistic lacks a name");

enum { AGG_F1, AGG_AREA };
static const assay_aggregation *const aggregations[] = {
    [AGG_F1] = KIT_AGGREGATION("corpus_f1", "F1 of the positive class, with precision and recall"),
    [AGG_AREA] = KIT_AGGREGATION("roc_area", "the area under the ROC curve, from bins of 1/20"), NULL};

static const assay_scorer scorer = {
    .struct_size = sizeof scorer,
    .concurrency = ASSAY_CONCURRENCY_PARALLEL,
    .id = "corpus-f1",
    .description = "F1 and the area under the ROC curve over all rows",
    .inputs = inputs,
    .outputs = outputs,
    .parameters_schema = "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
                         "\"positive\": {\"type\": \"string\"}, "
                         "\"threshold\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1}}}",
    .statistics = statistics,
    .aggregations = aggregations};

typedef struct instance {
    const assay_host *host;
    kit_buffer positive;
    double threshold;
} instance;

static void destroy(void *self) {
    instance *its = self;
    kit_free(&its->positive);
    free(its);
}

static assay_status create(const assay_scorer *its_scorer, const assay_host *host, assay_creation *creation,
                           assay_str config_json, void **self) {
    (void)its_scorer;
    instance *made = calloc(1, sizeof *made);
    if (made == NULL) return ASSAY_E_RESOURCE;
    made->host = host;
    kit_parameters parameters;
    kit_open_parameters(&parameters, host, creation, config_json);
    if (!kit_text_parameter(&parameters, "positive", &made->positive)) kit_append(&made->positive, kit_str("1"));
    made->threshold = kit_number_parameter(&parameters, "threshold", 0.5, 0, 1);
    const assay_status status = kit_close_parameters(&parameters);
    if (status == ASSAY_OK)
        *self = made;
    else
        destroy(made);
    return status;
}

static void score_row(const instance *its, const kit_step *step, uint64_t row) {
    const double probability = kit_number(step, IN_PREDICTION, row);
    if (!(probability >= 0 && probability <= 1)) {
        kit_fail(step, (int64_t)row, ASSAY_ROW_INPUT_ERROR, kit_str("probability is not between 0 and 1"));
        return;
    }
    const bool is_positive = kit_equal(kit_text(step, IN_LABEL, row), kit_contents(&its->positive));
    const bool is_predicted = probability >= its->threshold;
    const int bin = probability < 1 ? (int)(probability * N_BINS) : N_BINS - 1;
    double values[N_STATISTICS] = {0};
    values[STAT_TRUE_POSITIVE] = is_positive && is_predicted;
    values[STAT_FALSE_POSITIVE] = !is_positive && is_predicted;
    values[STAT_FALSE_NEGATIVE] = is_positive && !is_predicted;
    values[(is_positive ? STAT_POSITIVE : STAT_NEGATIVE) + bin] = 1;
    kit_give_number(step, OUT_SCORE, row, is_positive == is_predicted);
    kit_give_statistics(step, row, values);
}

static assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) {
    (void)state, (void)reason, (void)replies, (void)n_replies;
    const instance *its = self;
    const kit_step current = {its->host, call, batch};
    for (uint64_t row = 0; row < batch->n_rows; row++) {
        if (kit_is_cancelled(&current)) return ASSAY_E_CANCELLED;
        score_row(its, &current, row);
    }
    return ASSAY_OK;
}

static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

static assay_status finalize(void *self, assay_finalization *finalization, const assay_sums *sums) {
    const instance *its = self;
    const double *sum = sums->values;
    const double hits = sum[STAT_TRUE_POSITIVE], false_alarms = sum[STAT_FALSE_POSITIVE], misses = sum[STAT_FALSE_NEGATIVE];
    assay_status status = ASSAY_OK;
    if (hits + false_alarms + misses > 0)
        status = kit_give_aggregate(its->host, finalization, AGG_F1,
                                    "{\"corpus_f1\": %.17g, \"precision\": %.17g, \"recall\": %.17g}",
                                    ratio(2 * hits, 2 * hits + false_alarms + misses), ratio(hits, hits + false_alarms),
                                    ratio(hits, hits + misses));
    /* The share of pairs of a positive and a negative row in which the positive one has the higher bin; equal bins are half a
     * pair. */
    double positives = 0, negatives = 0, pairs = 0;
    for (int bin = 0; bin < N_BINS; bin++) {
        pairs += sum[STAT_POSITIVE + bin] * (negatives + sum[STAT_NEGATIVE + bin] / 2);
        positives += sum[STAT_POSITIVE + bin];
        negatives += sum[STAT_NEGATIVE + bin];
    }
    /* Without rows of both kinds there is no curve, and the aggregation stays null. */
    if (status == ASSAY_OK && positives > 0 && negatives > 0)
        status = kit_give_aggregate(its->host, finalization, AGG_AREA, "{\"roc_area\": %.17g}",
                                    pairs / (positives * negatives));
    return status;
}

static const assay_scorer *const scorers[] = {&scorer, NULL};
static const assay_plugin plugin = {.struct_size = sizeof plugin,
                                    .abi_major = ASSAY_ABI_MAJOR,
                                    .abi_minor = ASSAY_ABI_MINOR,
                                    .id = "org.example.corpus-f1",
                                    .version = "1.0",
                                    .description = "Scores of classifiers over a corpus",
                                    .scorers = scorers,
                                    .create = create,
                                    .destroy = destroy,
                                    .step = step,
                                    .finalize = finalize};

const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t host_abi_minor) {
    (void)host_abi_minor;
    return host_abi_major == ASSAY_ABI_MAJOR ? &plugin : NULL;
}
