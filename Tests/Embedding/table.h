/* Streams of record batches with text columns, which count what is taken from them and released. */
#ifndef TABLE_H
#define TABLE_H

#include <stdlib.h>
#include <string.h>

#include "arrow_abi.h"

enum { MOST_COLUMNS = 4 };

/* What is handed out and not released yet. */
static int live_streams, live_arrays, live_schemas;

typedef struct table {
    int columns, rows, batches;
    const char *names[MOST_COLUMNS];
    /* The same cells in each batch: cells[column * rows + row]. NULL is null. */
    const char *const *cells;
    /* After how many batches reading fails; -1 for never. */
    int fails_after;
} table;

typedef struct reading {
    table of;
    int next;
} reading;

static void release_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    free(schema->children);
    schema->release = NULL;
    live_schemas--;
}

static struct ArrowSchema schema_of(const char *format, const char *name) {
    live_schemas++;
    return (struct ArrowSchema){.format = format, .name = name, .flags = ARROW_FLAG_NULLABLE, .release = release_schema};
}

static void release_array(struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release) array->children[i]->release(array->children[i]);
        free(array->children[i]);
    }
    for (int64_t i = 0; i < array->n_buffers; i++) free((void *)array->buffers[i]);
    free(array->buffers);
    free(array->children);
    array->release = NULL;
    live_arrays--;
}

static struct ArrowArray array_of(int64_t length, int n_buffers, int n_children) {
    live_arrays++;
    struct ArrowArray array = {
        .length = length, .n_buffers = n_buffers, .n_children = n_children, .buffers = calloc(n_buffers, sizeof(void *)),
        .children = n_children ? calloc(n_children, sizeof(void *)) : NULL, .release = release_array};
    for (int i = 0; i < n_children; i++) array.children[i] = calloc(1, sizeof(struct ArrowArray));
    return array;
}

/* A column of texts; NULL is null. */
static struct ArrowArray texts(const char *const *cells, int rows) {
    struct ArrowArray array = array_of(rows, 3, 0);
    uint8_t *validity = calloc(rows / 8 + 1, 1);
    int32_t *ends = calloc(rows + 1, sizeof *ends);
    size_t size = 0;
    for (int i = 0; i < rows; i++) size += cells[i] ? strlen(cells[i]) : 0;
    char *bytes = calloc(size + 1, 1);
    for (int i = 0; i < rows; i++) {
        const size_t length = cells[i] ? strlen(cells[i]) : 0;
        if (cells[i]) {
            validity[i / 8] |= 1 << i % 8;
            memcpy(bytes + ends[i], cells[i], length);
        } else {
            array.null_count++;
        }
        ends[i + 1] = ends[i] + (int32_t)length;
    }
    array.buffers[0] = validity;
    array.buffers[1] = ends;
    array.buffers[2] = bytes;
    return array;
}

static int table_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    const reading *from = stream->private_data;
    *out = schema_of("+s", "");
    out->n_children = from->of.columns;
    out->children = calloc(from->of.columns, sizeof(void *));
    for (int i = 0; i < from->of.columns; i++) {
        out->children[i] = malloc(sizeof(struct ArrowSchema));
        *out->children[i] = schema_of("u", from->of.names[i]);
    }
    return 0;
}

static int table_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    reading *from = stream->private_data;
    memset(out, 0, sizeof *out);
    if (from->of.fails_after == from->next) return 5;
    if (from->next == from->of.batches) return 0;
    from->next++;
    *out = array_of(from->of.rows, 1, from->of.columns);
    for (int i = 0; i < from->of.columns; i++) *out->children[i] = texts(from->of.cells + i * from->of.rows, from->of.rows);
    return 0;
}

static const char *table_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return "the disk is gone";
}

static void release_table(struct ArrowArrayStream *stream) {
    free(stream->private_data);
    stream->release = NULL;
    live_streams--;
}

static struct ArrowArrayStream stream_of(table of) {
    reading *from = calloc(1, sizeof *from);
    from->of = of;
    live_streams++;
    return (struct ArrowArrayStream){table_schema, table_next, table_error, release_table, from};
}

#endif
