/* The engine of Assay as a library: rows in and out as Arrow, results as JSON, states that can be merged.
 *
 * How to read this header. Beside each function stands who may call it: [any thread], or [one thread at a time] for each
 * object, whichever thread that is. Pointers to be freed say how. No function keeps a pointer that it was given, unless it
 * says so. Functions that can fail return NULL, or a number other than 0; assay_last_error then says what was found, where,
 * and what to do.
 *
 * A program that forks must not use objects of its parent in the child; make new ones there. They refuse the work.
 *
 *     assay_engine *engine = assay_engine_new("[]", NULL, 0);
 *     assay_run *run = assay_run_new(engine, "[\"--fn\", \"basic::equality\"]");
 *     struct ArrowArrayStream rows;
 *     if (!run || assay_run_stream(run, &table, &rows)) fail(assay_last_error());
 *     ... take batches from rows until they end, then release rows ...
 *     char *results = assay_run_results(run);
 */
#ifndef ASSAY_H
#define ASSAY_H

#include <stddef.h>
#include <stdint.h>

#include "arrow_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct assay_engine assay_engine;
typedef struct assay_run assay_run;
typedef struct assay_state assay_state;

/* [any thread] The version, such as "0.1.0". Static. */
const char *assay_library_version(void);

/* [any thread] Why the most recent failed call on this thread failed; "" if none did. Lives until the thread's next call. */
const char *assay_last_error(void);

/* [any thread] Frees what the functions below return as char * or uint8_t *. NULL is allowed. */
void assay_free(void *);

/* ---- scorers in the process */

/* A scoring function whose code is in the calling program. Copied by assay_engine_new, except for what `context` points to. */
typedef struct assay_arrow_scorer {
    /* sizeof(assay_arrow_scorer) */
    uint32_t struct_size;
    uint32_t reserved;
    /* A scoring function definition (JSON), with two members more:
     * "inputs": [{"name", "type": "text"|"number"|"integer"|"boolean"|"json", "optional": false}],
     * "outputs": [{"name", "type", "range": [lowest, highest]}], one of which is named "score". */
    const char *definition;
    void *context;
    /* [any thread; one call at a time for each run] Scores a batch of rows.
     * `parameters` is a JSON object. `schema` and `rows` are a record batch with the inputs as columns ("u", "g", "l", "b"; JSON as
     * "u"); both are the function's to release. On success, it returns 0 and sets `out_schema` and `out`: as many rows with the
     * outputs as columns, found by name; null means no value. A row without a score is a scorer error, and its message is the
     * text column "message", if there is one. On failure, it writes why to `error`, and no row of the batch has a score. */
    int (*score)(void *context, const char *parameters, struct ArrowSchema *schema, struct ArrowArray *rows,
                 struct ArrowSchema *out_schema, struct ArrowArray *out, char *error, size_t error_size);
} assay_arrow_scorer;

/* ---- engines */

/* [any thread] Loads definitions and plugins.
 *
 * options: a JSON array of options of `assay score` about definitions, plugins and models, such as
 * ["--fn-dir", "functions", "--config", "models.json", "--no-cache"].
 * scorers: n_scorers pointers, or NULL. */
assay_engine *assay_engine_new(const char *options, const assay_arrow_scorer *const *scorers, size_t n_scorers);

/* [one thread at a time] Frees an engine, of which no run may be left. NULL is allowed. */
void assay_engine_free(assay_engine *);

/* [any thread] The definitions (JSON): {"functions": [definition, …], "warnings": [text, …]}. Free with assay_free. */
char *assay_engine_functions(assay_engine *);

/* ---- runs */

/* [any thread] Prepares a run. options: a JSON array of the options of `assay score`, without a dataset and without those that
 * assay_engine_new takes: ["--fn", "basic::equality={\"any_of\": true}", "--by", "model", "--jobs", "2"]. The engine must
 * outlive the run. */
assay_run *assay_run_new(assay_engine *, const char *options);

/* [one thread at a time] Frees a run, whose stream must have been released. NULL is allowed. */
void assay_run_free(assay_run *);

/* [one thread at a time] Scores the batches of `in` as they are taken from `out`, once for each run; `in` is moved, also on
 * failure, after which `out` is as if it had been released. Batches of `in` are taken, and released, on the thread that calls
 * out->get_next, and on no other.
 *
 * Rows of `out`: "row", the number of the row in `in`, then for each function FN the columns "FN.score", "FN.outcome" ("scored",
 * "input_error", …), "FN.message" (null for scored rows) and "FN.OUTPUT" for each further output. Batches may be divided
 * in another way than those of `in`. */
int assay_run_stream(assay_run *, struct ArrowArrayStream *in, struct ArrowArrayStream *out);

/* [one thread at a time] As assay_run_stream, for aggregates only: the batches of `out` have no columns, and their lengths are
 * the numbers of rows that were scored. Faster, and without memory for rows. */
int assay_run_counts(assay_run *, struct ArrowArrayStream *in, struct ArrowArrayStream *out);

/* [one thread at a time] Scores files that the engine reads by itself: a JSON array of paths, as `assay score` takes them. Without
 * `out` (NULL), rows are not kept; otherwise their results are in `out`, as above, once the call returns. Blocks. */
int assay_run_dataset(assay_run *, const char *paths, struct ArrowArrayStream *out);

/* [any thread] Ends a run after the rows in progress: out->get_next then fails with ECANCELED. */
void assay_run_cancel(assay_run *);

/* [one thread at a time; after the stream has ended] The results (JSON), as `assay score` prints them, with "hints",
 * "warnings" and the first rows without a score, "unscored". Free with assay_free. */
char *assay_run_results(assay_run *);

/* [one thread at a time; after the stream has ended] The state, as `assay score --state` writes it. Free with assay_free. */
uint8_t *assay_run_state(assay_run *, size_t *length);

/* ---- rows that are kept */

/* The batches of a stream, kept as they are read, and lent as often as wanted. */
typedef struct assay_rows assay_rows;

/* [one thread at a time] Takes over a stream. */
assay_rows *assay_rows_new(struct ArrowArrayStream *);
/* [one thread at a time] Reads the next batch, and keeps it if `keeps` is not 0. Returns its rows, 0 at the end, or -1. */
int64_t assay_rows_read(assay_rows *, int keeps);
/* [one thread at a time] The rows read so far. */
int64_t assay_rows_count(assay_rows *);
/* [one thread at a time] Sets `out` to a stream of the batches that are kept. It may outlive the rows. */
int assay_rows_stream(assay_rows *, struct ArrowArrayStream *out);
/* [one thread at a time] NULL is allowed. */
void assay_rows_free(assay_rows *);

/* [any thread] An empty stream for others to fill, and its end: it is released, if it was not, and freed. */
struct ArrowArrayStream *assay_stream_new(void);
void assay_stream_free(struct ArrowArrayStream *);
/* [with Python's lock] The destructor of a PyCapsule named "arrow_array_stream" that holds such a stream. */
void assay_capsule_release(void *capsule);

/* ---- states */

/* [any thread] Reads a state. `name` is for messages. */
assay_state *assay_state_new(const uint8_t *bytes, size_t length, const char *name);

/* [one thread at a time] Adds the rows of another state. After a failure, the state can only be freed. */
int assay_state_merge(assay_state *, const uint8_t *bytes, size_t length, const char *name);

/* [one thread at a time] Adds rows to a function whose scores were computed elsewhere, so that they take part in its aggregates.
 * Each array has `count` elements. outcomes: 0 for a row that is scored, 1 to 7 for "unparsed", "input_error", "scorer_error",
 * "model_error", "timed_out", "plugin_crashed" and "not_asked"; NULL if all are scored. scores: ignored for rows that are
 * not scored; booleans are 1 and 0. weights: 0 or more; NULL if rows have none. Fails, and adds nothing, for functions with
 * text scores or aggregates of a whole corpus, and for states with groups, clusters or samples. The state of a run over no
 * rows is a state to start with. */
int assay_state_add_results(assay_state *, const char *function, size_t count, const uint8_t *outcomes, const double *scores,
                            const double *weights);

/* [one thread at a time] The merged state. Free with assay_free. */
uint8_t *assay_state_bytes(assay_state *, size_t *length);

/* [one thread at a time] The results (JSON). Plugins of the engine compute what functions aggregate by themselves. Free with
 * assay_free. */
char *assay_state_results(assay_state *, assay_engine *);

/* [one thread at a time] NULL is allowed. */
void assay_state_free(assay_state *);

/* ---- the program */

/* [main thread, once] Runs the command line, and does not return: the process ends as the program `assay` does. */
void assay_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
