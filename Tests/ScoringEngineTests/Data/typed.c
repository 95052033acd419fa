/* A plugin for the engine's tests: a scorer that reads cells of several types, and one for each type of score. */
#include <string.h>

#include "assay_scorer_plugin.h"

typedef struct instance {
    const assay_scorer *scorer;
    const assay_host *host;
} instance;

static instance instances[64];
static int made;

static void emit(const instance *self, assay_call *call, uint32_t output, uint64_t row, uint32_t type, const void *value) {
    assay_column column = {sizeof column, type, NULL, value, NULL};
    self->host->emit(self->host, call, output, row, 1, &column);
}

static int has_value(const assay_column *column, uint64_t row) {
    return !column->validity || column->validity[row >> 3] >> (row & 7) & 1;
}

/* Scores the number of cells that the row has, weighted by its number. */
static void cells_row(const instance *self, assay_call *call, const assay_batch *batch, uint64_t row) {
    const assay_column *const *in = batch->columns;
    double score = 0;
    for (uint32_t i = 0; i < batch->n_columns; i++) score += has_value(in[i], row);
    emit(self, call, 0, row, ASSAY_TYPE_F64, &score);
    if (has_value(in[1], row)) emit(self, call, 1, row, ASSAY_TYPE_F64, (const double *)in[1]->values + row);
    if (has_value(in[0], row)) emit(self, call, 2, row, ASSAY_TYPE_STR, (const assay_str *)in[0]->values + row);
    if (has_value(in[2], row)) {
        char joined[256] = "";
        const assay_str *texts = in[2]->values;
        for (int64_t at = in[2]->list_offsets[row]; at < in[2]->list_offsets[row + 1]; at++)
            strncat(strcat(joined, "<"), texts[at].ptr, texts[at].len), strcat(joined, ">");
        const assay_str list = {joined, strlen(joined)};
        emit(self, call, 3, row, ASSAY_TYPE_STR, &list);
    }
    const int is_short = !has_value(in[0], row) || ((const assay_str *)in[0]->values)[row].len < 5;
    const char *text = ((const uint8_t *)in[3]->values)[row] ? "{\"flag\": true}" : "false";
    if (!is_short) text = "{\"flag\":\n  true}";
    const assay_str json = {text, strlen(text)};
    emit(self, call, 4, row, ASSAY_TYPE_JSON, &json);
}

static void text_row(const instance *self, assay_call *call, const assay_str *text, uint64_t row) {
    const int64_t length = (int64_t)text->len;
    const uint8_t is_odd = length % 2;
    switch (self->scorer->outputs[0]->type) {
        case ASSAY_TYPE_I64: emit(self, call, 0, row, ASSAY_TYPE_I64, &length); break;
        case ASSAY_TYPE_BOOL: emit(self, call, 0, row, ASSAY_TYPE_BOOL, &is_odd); break;
        default: emit(self, call, 0, row, self->scorer->outputs[0]->type, text);
    }
}

static assay_status step(void *any, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) {
    (void)state, (void)reason, (void)replies, (void)n_replies;
    const instance *self = any;
    for (uint64_t row = 0; row < batch->n_rows; row++) {
        if (strcmp(self->scorer->id, "cells") == 0) {
            cells_row(self, call, batch, row);
        } else {
            text_row(self, call, (const assay_str *)batch->columns[0]->values + row, row);
        }
    }
    return ASSAY_OK;
}

static assay_status create(const assay_scorer *scorer, const assay_host *host, assay_creation *creation, assay_str config,
                           void **self) {
    (void)creation, (void)config;
    const int index = __atomic_fetch_add(&made, 1, __ATOMIC_SEQ_CST);
    if (index >= 64) return ASSAY_E_RESOURCE;
    instances[index] = (instance){scorer, host};
    *self = &instances[index];
    return ASSAY_OK;
}

static void destroy(void *self) { (void)self; }

#define COLUMN(type, flags, name) {sizeof(assay_column_spec), type, flags, 0, name, NULL, 0, 0}
static const assay_column_spec columns[] = {
    COLUMN(ASSAY_TYPE_STR, ASSAY_COLUMN_OPTIONAL, "text"),
    COLUMN(ASSAY_TYPE_F64, ASSAY_COLUMN_OPTIONAL | ASSAY_COLUMN_LENIENT, "number"),
    COLUMN(ASSAY_TYPE_LIST_STR, ASSAY_COLUMN_OPTIONAL, "list"),
    COLUMN(ASSAY_TYPE_BOOL, ASSAY_COLUMN_REQUIRED, "flag"),
    COLUMN(ASSAY_TYPE_STR, ASSAY_COLUMN_REQUIRED, "text"),
    COLUMN(ASSAY_TYPE_JSON, ASSAY_COLUMN_REQUIRED, "value"),
};
static const assay_column_spec *const cells_inputs[] = {&columns[0], &columns[1], &columns[2], &columns[3], NULL};
static const assay_column_spec *const text_input[] = {&columns[4], NULL};
static const assay_column_spec *const value_input[] = {&columns[5], NULL};
static const assay_column_spec outputs[] = {
    COLUMN(ASSAY_TYPE_F64, 0, "score"), COLUMN(ASSAY_TYPE_F64, 0, "weight"), COLUMN(ASSAY_TYPE_STR, 0, "text"),
    COLUMN(ASSAY_TYPE_STR, 0, "joined"), COLUMN(ASSAY_TYPE_JSON, 0, "json"), COLUMN(ASSAY_TYPE_I64, 0, "score"),
    COLUMN(ASSAY_TYPE_BOOL, 0, "score"), COLUMN(ASSAY_TYPE_STR, 0, "score"), COLUMN(ASSAY_TYPE_JSON, 0, "score"),
};
static const assay_column_spec *const cells_outputs[] = {&outputs[0], &outputs[1], &outputs[2],
                                                         &outputs[3], &outputs[4], NULL};
static const assay_column_spec *const i64_score[] = {&outputs[5], NULL}, *const bool_score[] = {&outputs[6], NULL},
                               *const text_score[] = {&outputs[7], NULL}, *const json_score[] = {&outputs[8], NULL};
#define SCORER(name, inputs, outputs) \
    {sizeof(assay_scorer), ASSAY_CONCURRENCY_PARALLEL, name, "for tests", inputs, outputs, NULL, NULL}
static const assay_scorer offered[] = {
    SCORER("cells", cells_inputs, cells_outputs), SCORER("integer", text_input, i64_score),
    SCORER("boolean", text_input, bool_score), SCORER("text", text_input, text_score),
    SCORER("json", value_input, json_score)};
static const assay_scorer *const scorers[] = {&offered[0], &offered[1], &offered[2], &offered[3], &offered[4], NULL};
static const assay_plugin plugin = {sizeof plugin, ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR, 0, "org.example.typed", "1",
                                    "For tests.", scorers, create, NULL, destroy, step, NULL, NULL};

const assay_plugin *assay_plugin_entry(uint32_t major, uint32_t minor) {
    (void)major, (void)minor;
    return &plugin;
}
