/* A scorer that says which of its instances scored a row: instances are numbered as they are made. What else a row's text
 * asks for: "mark" (the instance's parameter), "live" (the instances there are), "give up" (the step fails), "crash". */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "assay_scorer_plugin.h"

typedef struct instance {
    const assay_host *host;
    double number, mark;
} instance;

static atomic_int made, live;

static assay_status create(const assay_scorer *scorer, const assay_host *host, assay_creation *creation,
                           assay_str config, void **self) {
    (void)scorer, (void)creation;
    char text[1024] = {0};
    memcpy(text, config.ptr, config.len < 1023 ? config.len : 1023);
    const char *mark = strstr(text, "\"mark\": ");
    instance *made_now = malloc(sizeof *made_now);
    *made_now = (instance){host, atomic_fetch_add(&made, 1) + 1, mark ? strtod(mark + 8, NULL) : 0};
    atomic_fetch_add(&live, 1);
    *self = made_now;
    return ASSAY_OK;
}

static void destroy(void *self) {
    atomic_fetch_sub(&live, 1);
    free(self);
}

static assay_status step(void *instance_, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) {
    (void)state, (void)reason, (void)replies, (void)n_replies;
    const instance *self = instance_;
    const assay_str *texts = batch->columns[0]->values;
    for (uint64_t row = 0; row < batch->n_rows; row++) {
        double score = self->number;
        if (texts[row].len == 4 && !memcmp(texts[row].ptr, "mark", 4)) score = self->mark;
        if (texts[row].len == 4 && !memcmp(texts[row].ptr, "live", 4)) score = atomic_load(&live);
        if (texts[row].len == 7 && !memcmp(texts[row].ptr, "give up", 7)) return ASSAY_E_INTERNAL;
        if (texts[row].len == 5 && !memcmp(texts[row].ptr, "crash", 5)) abort();
        const assay_column cells = {sizeof cells, ASSAY_TYPE_F64, NULL, &score, NULL};
        self->host->emit(self->host, call, 0, row, 1, &cells);
    }
    return ASSAY_OK;
}

static const assay_column_spec text = {
    sizeof text, ASSAY_TYPE_STR, ASSAY_COLUMN_REQUIRED, 0, "text", "what is asked for", 0, 0};
static const assay_column_spec score = {sizeof score, ASSAY_TYPE_F64, 0, 0, "score", "what was asked for", 0, 0};
static const assay_column_spec *const inputs[] = {&text, NULL};
static const assay_column_spec *const outputs[] = {&score, NULL};
static const assay_scorer scorer = {
    sizeof scorer, ASSAY_CONCURRENCY_INSTANCE_SERIAL, "tally", "says who scored", inputs, outputs, NULL, NULL};
static const assay_scorer *const scorers[] = {&scorer, NULL};
static const assay_plugin plugin = {
    sizeof plugin, ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR, 0, "org.example.tally", "1.0.0", "Numbers its instances.", scorers,
    create, NULL, destroy, step, NULL, NULL};

ASSAY_EXPORT const assay_plugin *assay_plugin_entry(uint32_t major, uint32_t minor) {
    (void)major, (void)minor;
    return &plugin;
}
