/* Reads rows from Arrow arrays and writes arrays, without a library. Everything about an array is checked that can be known
 * from it: the numbers of buffers and children, lengths and offsets against one another, indices of dictionaries, the
 * places of views. What cannot be known is whether a producer's buffers are as long as it says. No function throws or keeps
 * global state; a batch may be read by several threads at once. */
#ifndef CARROW_H
#define CARROW_H

#include <stdbool.h>
#include <stddef.h>

#include "arrow_abi.h"
#include "CSimdJSON.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading */

typedef struct ca_schema ca_schema;
typedef struct ca_batch ca_batch;

enum { CA_ERROR_SIZE = 512 };

/* Reads the schema of a record batch: a struct, whose children are the columns. Copies what it needs. Returns NULL and
 * writes a sentence's end to `error` (CA_ERROR_SIZE bytes) if it is not valid. */
ca_schema *ca_schema_new(const struct ArrowSchema *, char *error);
void ca_schema_free(ca_schema *);
size_t ca_schema_count(const ca_schema *);
/* These live as long as the schema. */
csj_text ca_schema_name(const ca_schema *, size_t column);
/* The format of a column whose type, or one within it, cannot be read; NULL for others. It can only be left out. */
const char *ca_schema_unsupported(const ca_schema *, size_t column);

/* Takes over an array with that schema, which must outlive the batch; also on failure, when the array is released. */
ca_batch *ca_batch_new(const ca_schema *, struct ArrowArray *, char *error);
/* Releases the array. */
void ca_batch_free(ca_batch *);
size_t ca_batch_rows(const ca_batch *);

/* Whether ca_batch_read can read the column as a CSJ_… type. Other columns are read through ca_batch_write_rows. */
bool ca_schema_can_read(const ca_schema *, size_t column, uint32_t type);

/* Reads rows first..<first + count into arrays as those of a csj_column. Texts point into the array. Returns the number of
 * cells that were NaN or an infinity, which are null. */
uint64_t ca_batch_read(const ca_batch *, size_t column, uint32_t type, size_t first, size_t count, uint8_t *states,
                       void *values);

/* Memory that grows; all zero to start with. The owner frees `bytes`. */
typedef struct ca_bytes {
    char *bytes;
    size_t count, capacity;
} ca_bytes;

/* The most bytes that a value or a row becomes as JSON. Together, those of a call may have 16 times as many. */
enum { CA_MOST_JSON = 256 << 20, CA_MOST_TIMES = 16 };

/* Reads any column as JSON (CSJ_JSON), in the same way: `cells` are csj_texts. They point into `arena`, which is emptied first,
 * until it is next used. Returns UINT64_MAX when out of memory, or when values would have more than CA_MOST_JSON bytes. */
uint64_t ca_batch_read_json(const ca_batch *, size_t column, size_t first, size_t count, uint8_t *states, csj_text *cells,
                            ca_bytes *arena);

/* Appends rows first..<first + count as lines of JSON, with the named columns only: `wanted[column]`, or all if NULL; without
 * those whose type cannot be read. The bytes have CSJ_PADDING zeros behind them. False when out of memory, or when rows would
 * have more than CA_MOST_JSON bytes. */
bool ca_batch_write_rows(const ca_batch *, size_t first, size_t count, const bool *wanted, ca_bytes *);

/* ---- writing */

typedef struct ca_builder ca_builder;

/* Columns of the formats "g", "l", "b" and "u". */
ca_builder *ca_builder_new(const char *formats);
void ca_builder_free(ca_builder *);
/* Each appends cells to a column; false when out of memory, or for a text column of 2 GiB. */
bool ca_builder_nulls(ca_builder *, size_t column, size_t count);
bool ca_builder_number(ca_builder *, size_t column, double);
bool ca_builder_integer(ca_builder *, size_t column, int64_t); /* also for "b" */
/* The same text, `count` times. */
bool ca_builder_text(ca_builder *, size_t column, const char *, size_t length, size_t count);
/* first, first + 1 and so on, for "l". */
bool ca_builder_sequence(ca_builder *, size_t column, int64_t first, size_t count);
/* Values of 8 bytes: doubles for "g", otherwise int64_t. Null where `present` is 0. */
bool ca_builder_values(ca_builder *, size_t column, const void *values, const uint8_t *present, size_t count);
/* Where a text lies in memory of many. */
typedef struct ca_range {
    int64_t start, length;
} ca_range;
bool ca_builder_texts(ca_builder *, size_t column, const char *bytes, const ca_range *, const uint8_t *present, size_t count);
/* Moves the cells into a record batch of `rows` rows, and leaves the builder empty. */
bool ca_builder_finish(ca_builder *, size_t rows, struct ArrowArray *out);
/* The schema of such batches. */
bool ca_builder_schema(const ca_builder *, const char *const *names, struct ArrowSchema *out);

/* ---- keeping */

/* The batches of a stream, kept as they are read, and lent as often as wanted. */
typedef struct ca_rows ca_rows;

/* Copies a schema that ca_schema_new can read, except for metadata. */
bool ca_schema_copy(const struct ArrowSchema *, struct ArrowSchema *out);

/* Takes over a stream, and checks its schema. NULL after a failure; *error lives until the thread's next call. */
ca_rows *ca_rows_new(struct ArrowArrayStream *, const char **error);
/* Reads the next batch. Returns its rows, 0 at the end, or -1, and ca_rows_error says why. */
int64_t ca_rows_read(ca_rows *, bool keeps);
int64_t ca_rows_count(const ca_rows *);
const char *ca_rows_error(const ca_rows *);
/* Sets `out` to a stream of the batches kept so far, which may outlive the rows. */
bool ca_rows_stream(const ca_rows *, struct ArrowArrayStream *out);
void ca_rows_free(ca_rows *);

#ifdef __cplusplus
}
#endif
#endif
