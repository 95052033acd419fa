/* A scorer that does next to nothing: a row's score is the first byte of its text. "batch" gives the scores of a batch at
 * once, "row" one by one. */
#include <stdlib.h>
#include <string.h>

#include "assay_scorer_plugin.h"

static const assay_host *host;
static const assay_column_spec text = {sizeof text, ASSAY_TYPE_STR, 0, 0, "text", "any text", 0, 0};
static const assay_column_spec score = {sizeof score, ASSAY_TYPE_F64, 0, 0, "score", "its first byte", 0, 255};
static const assay_column_spec *const inputs[] = {&text, NULL};
static const assay_column_spec *const outputs[] = {&score, NULL};
static const assay_scorer batch_scorer = {sizeof batch_scorer, 0, "batch", "scores of a batch at once", inputs, outputs, NULL, NULL};
static const assay_scorer row_scorer = {sizeof row_scorer, 0, "row", "scores one by one", inputs, outputs, NULL, NULL};
static const assay_scorer *const scorers[] = {&batch_scorer, &row_scorer, NULL};

static assay_status create(const assay_scorer *scorer, const assay_host *its_host, assay_creation *creation,
                           assay_str config, void **self) {
    (void)creation, (void)config;
    host = its_host;
    *self = (void *)scorer;
    return ASSAY_OK;
}

static void destroy(void *self) { (void)self; }

static assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) {
    (void)state, (void)reason, (void)replies, (void)n_replies;
    static _Thread_local double scores[1 << 14];
    const assay_str *texts = batch->columns[0]->values;
    for (uint64_t row = 0; row < batch->n_rows; row++) {
        scores[row] = (unsigned char)texts[row].ptr[0];
        if (self == &batch_scorer) continue;
        const assay_column column = {sizeof column, ASSAY_TYPE_F64, NULL, &scores[row], NULL};
        host->emit(host, call, 0, row, 1, &column);
    }
    if (self != &batch_scorer) return ASSAY_OK;
    const assay_column column = {sizeof column, ASSAY_TYPE_F64, NULL, scores, NULL};
    return host->emit(host, call, 0, 0, batch->n_rows, &column);
}

static const assay_plugin plugin = {sizeof plugin, ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR, 0, "org.example.overhead", "1", "Measures.",
                                    scorers, create, NULL, destroy, step, NULL, NULL};

const assay_plugin *assay_plugin_entry(uint32_t major, uint32_t minor) {
    (void)major, (void)minor;
    return &plugin;
}
