#include <stdlib.h>

#include "worker.h"

static bool holds_texts(uint32_t type) {
    return type == ASSAY_TYPE_STR || type == ASSAY_TYPE_JSON || type == ASSAY_TYPE_LIST_STR;
}

call *make_call(uint64_t number, const instance *instance, const void *segment) {
    const uint8_t *base = segment;
    const aw_batch *batch = segment;
    const aw_column *given = (const aw_column *)(batch + 1);
    size_t n_texts = 0;
    for (uint64_t i = 0; i < batch->n_columns; i++)
        if (holds_texts(given[i].type)) n_texts += given[i].n_texts;

    assay_str *texts = take_memory(n_texts * sizeof *texts + batch->n_columns * (sizeof(assay_column) + sizeof(void *)));
    assay_column *columns = (assay_column *)(texts + n_texts);
    const assay_column **pointers = (const assay_column **)(columns + batch->n_columns);
    call *made = take_memory(sizeof *made);
    *made = (call){.number = number, .instance = instance, .memory = texts};
    for (uint64_t i = 0; i < batch->n_columns; i++) {
        const aw_column *column = &given[i];
        columns[i] = (assay_column){
            .struct_size = sizeof(assay_column),
            .type = column->type,
            .validity = column->has_validity ? base + column->validity : NULL,
            .values = base + column->values,
            .list_offsets =
                column->type == ASSAY_TYPE_LIST_STR ? (const int64_t *)(base + column->list_offsets) : NULL,
        };
        pointers[i] = &columns[i];
        if (!holds_texts(column->type)) continue;
        const uint64_t *ends = (const uint64_t *)(base + column->values);
        const char *bytes = (const char *)base + column->texts;
        uint64_t start = 0;
        for (uint64_t k = 0; k < column->n_texts; k++) {
            texts[k] = (assay_str){bytes + start, ends[k] - start};
            start = ends[k];
        }
        columns[i].values = texts;
        texts += column->n_texts;
    }
    made->batch = (assay_batch){sizeof(assay_batch), (uint32_t)batch->n_columns, batch->n_rows, pointers};
    return made;
}

void drop_call(call *call) {
    free_tags(&call->open_tags);
    free(call->memory);
    free(call);
}

const assay_reply *const *make_replies(const void *segment, uint64_t count) {
    static assay_reply *replies;
    static const assay_reply **pointers;
    static uint64_t capacity;
    const char *base = segment;
    const aw_reply *given = segment;
    if (count > capacity) {
        free(replies);
        free(pointers);
        capacity = count;
        replies = take_memory(capacity * sizeof *replies);
        pointers = take_memory(capacity * sizeof *pointers);
    }
    for (uint64_t i = 0; i < count; i++) {
        replies[i] = (assay_reply){
            .struct_size = sizeof(assay_reply),
            .status = (assay_status)given[i].status,
            .tag = given[i].tag,
            .text = {base + given[i].text, given[i].text_length},
            .response_json = {base + given[i].response, given[i].response_length},
            .finish_reason = {base + given[i].finish, given[i].finish_length},
            .reasoning = {base + given[i].reasoning, given[i].reasoning_length},
            .vectors = given[i].n_vectors ? (const double *)(base + given[i].vectors) : NULL,
            .n_vectors = given[i].n_vectors,
            .n_dimensions = given[i].n_dimensions,
        };
        pointers[i] = &replies[i];
    }
    return pointers;
}
