#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "worker.h"

/* Calls of one instance side by side. What they give is kept as one number a cell, and compared, since there is but one
 * stream of records for the host. */

typedef struct racer {
    const assay_plugin *plugin;
    call *call;
    pthread_barrier_t *start;
    pthread_t thread;
} racer;

static uint64_t hash(uint64_t value, const void *bytes, uint64_t length) {
    const uint8_t *byte = bytes;
    for (uint64_t i = 0; i < length; i++) value = (value ^ byte[i]) * 1099511628211u;
    return value;
}

static uint64_t output_count(const assay_scorer *scorer) {
    uint64_t count = 0;
    while (scorer->outputs && scorer->outputs[count]) count++;
    return count;
}

void capture_cells(const call *call, uint32_t output, uint64_t first, uint64_t n_rows, const assay_column *cells) {
    uint64_t *place = call->captured + output * call->batch.n_rows + first;
    for (uint64_t i = 0; i < n_rows; i++) {
        const bool is_null = cells->validity && !(cells->validity[i >> 3] >> (i & 7) & 1);
        uint64_t value = 14695981039346656037u;
        if (is_null) {
            value = 1;
        } else if (cells->type == ASSAY_TYPE_STR || cells->type == ASSAY_TYPE_JSON) {
            const assay_str text = ((const assay_str *)cells->values)[i];
            value = hash(value, text.ptr, text.len);
        } else {
            const uint64_t size = cells->type == ASSAY_TYPE_BOOL ? 1 : 8;
            value = hash(value, (const uint8_t *)cells->values + size * i, size);
        }
        place[i] = value;
    }
}

void capture_statistics(const call *call, uint64_t first, uint64_t n_rows, uint64_t width, const double *values) {
    uint64_t *place = call->captured + output_count(call->instance->description) * call->batch.n_rows + first;
    for (uint64_t i = 0; i < n_rows; i++) place[i] = hash(14695981039346656037u, values + i * width, 8 * width);
}

void capture_failure(const call *call, int64_t row, int32_t outcome) {
    const uint64_t n_rows = call->batch.n_rows;
    uint64_t *failures = call->captured + (output_count(call->instance->description) + 1) * n_rows;
    if (row >= 0 && (uint64_t)row < n_rows) failures[row] = (uint64_t)outcome + 1;
    for (uint64_t i = 0; row == -1 && i < n_rows; i++)
        if (!failures[i]) failures[i] = (uint64_t)outcome + 1;
}

static void *run(void *argument) {
    racer *racer = argument;
    call *call = racer->call;
    pthread_barrier_wait(racer->start);
    running_call = call;
    racer->plugin->step(call->instance->self, (assay_call *)call, &call->state, ASSAY_STEP_START, &call->batch, NULL, 0);
    running_call = NULL;
    /* Requests stay without replies, as in a call that is cancelled. */
    if (racer->plugin->call_free) racer->plugin->call_free(call->instance->self, (assay_call *)call, call->state);
    return NULL;
}

int32_t race(const assay_plugin *plugin, const instance *instance, const void *segment, uint64_t count) {
    enum { MOST = 16 };
    racer racers[MOST];
    if (count > MOST) count = MOST;
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)count);
    uint64_t cells = 0, n_rows = 1;
    for (uint64_t i = 0; i < count; i++) {
        call *made = make_call(0, instance, segment);
        n_rows = made->batch.n_rows;
        cells = (output_count(instance->description) + 2) * n_rows;
        made->captured = take_memory(8 * cells);
        memset(made->captured, 0, 8 * cells);
        racers[i] = (racer){plugin, made, &start, 0};
        if (pthread_create(&racers[i].thread, NULL, run, &racers[i]) != 0) abort(); /* the plugin has taken all threads */
    }
    uint64_t different = UINT64_MAX;
    for (uint64_t i = 0; i < count; i++) pthread_join(racers[i].thread, NULL);
    for (uint64_t i = 1; i < count && different == UINT64_MAX; i++)
        for (uint64_t cell = 0; cell < cells && different == UINT64_MAX; cell++)
            if (racers[i].call->captured[cell] != racers[0].call->captured[cell]) different = cell % n_rows;
    for (uint64_t i = 0; i < count; i++) {
        free(racers[i].call->captured);
        drop_call(racers[i].call);
    }
    pthread_barrier_destroy(&start);
    write_record((aw_record){.kind = AW_RACED, .first = different}, NULL, 0);
    return ASSAY_OK;
}
