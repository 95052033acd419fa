/* score FN: scores two rows with a scoring function, in C, with nothing but the library: rows go in and results come out as
 * Arrow arrays, which other programs make with a library of theirs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"

/* ---- a stream of one batch with two text columns */

static const int32_t generated_ends[] = {0, 5, 9};
static const char generated[] = "ParisRome";
static const int32_t expected_ends[] = {0, 5, 10};
static const char expected[] = "ParisBerne";

static void release_static_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_static_array(struct ArrowArray *array) { array->release = NULL; }

static struct ArrowSchema column_schemas[2];
static struct ArrowSchema *column_schema_pointers[] = {&column_schemas[0], &column_schemas[1]};
static const void *column_buffers[2][3] = {{NULL, generated_ends, generated}, {NULL, expected_ends, expected}};
static struct ArrowArray column_arrays[2];
static struct ArrowArray *column_array_pointers[] = {&column_arrays[0], &column_arrays[1]};
static const void *table_buffers[] = {NULL};
static int is_read;

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    static const char *const names[] = {"generated_answer", "expected_answer"};
    (void)stream;
    for (int i = 0; i < 2; i++)
        column_schemas[i] = (struct ArrowSchema){.format = "u", .name = names[i], .release = release_static_schema};
    *out = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = 2, .children = column_schema_pointers, .release = release_static_schema};
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    (void)stream;
    memset(out, 0, sizeof *out);
    if (is_read) return 0;
    is_read = 1;
    for (int i = 0; i < 2; i++)
        column_arrays[i] = (struct ArrowArray){
            .length = 2, .n_buffers = 3, .buffers = column_buffers[i], .release = release_static_array};
    *out = (struct ArrowArray){.length = 2, .n_buffers = 1, .buffers = table_buffers, .n_children = 2,
                               .children = column_array_pointers, .release = release_static_array};
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}

static void release_stream(struct ArrowArrayStream *stream) { stream->release = NULL; }

/* ---- the run */

static int failed(void) {
    fprintf(stderr, "%s\n", assay_last_error());
    return EXIT_FAILURE;
}

int main(int count, char **arguments) {
    char options[256];
    snprintf(options, sizeof options, "[\"--fn\", \"%.200s\"]", count > 1 ? arguments[1] : "basic::equality");
    assay_engine *engine = assay_engine_new("[]", NULL, 0);
    assay_run *run = engine ? assay_run_new(engine, options) : NULL;
    if (!run) return failed();
    struct ArrowArrayStream rows = {get_schema, get_next, get_last_error, release_stream, NULL}, results;
    if (assay_run_stream(run, &rows, &results)) return failed();
    for (;;) {
        struct ArrowArray batch;
        if (results.get_next(&results, &batch)) return failed();
        if (!batch.release) break;
        /* The columns are "row", "FN.score", "FN.outcome", "FN.message" and further outputs. */
        const int64_t *numbers = batch.children[0]->buffers[1];
        const double *scores = batch.children[1]->buffers[1];
        for (int64_t row = 0; row < batch.length; row++) printf("row %lld: %g\n", (long long)numbers[row], scores[row]);
        batch.release(&batch);
    }
    char *json = assay_run_results(run);
    if (!json) return failed();
    printf("%s\n", json);
    assay_free(json);
    results.release(&results);
    assay_run_free(run);
    assay_engine_free(engine);
    return EXIT_SUCCESS;
}
