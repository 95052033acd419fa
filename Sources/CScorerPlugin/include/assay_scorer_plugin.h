/* assay_scorer_plugin.h: the contract between a host of Assay and a scorer plugin, version 1.4.
 *
 * A scorer plugin is a shared object that exports one function, assay_plugin_entry, and provides one or more scorers.
 * A scorer reads rows (columns of cells) and assigns a score to each row. A plugin needs only this header, which
 * compiles as C11 and C++17 and can be imported into Swift 6.
 *
 * CALL ORDER
 *     assay_plugin_entry                                   at least once per process; pure
 *     create                                               once per instance
 *       describe                                           once, right after create
 *       step(START)  step(REPLIES)*  call_free             once per batch; step is repeated while it returns PENDING
 *       finalize                                           once per aggregate, after the batches that it is over
 *     destroy                                              once, when no call of the instance is live
 *     An instance may serve several runs, one after the other; runs with other parameters have their own instances.
 *     There is no process-wide initialisation, and a plugin is never unloaded. All state lives in instances and calls.
 *
 * THREADS, the tag in brackets on every function
 *     [pure]          any thread, any number at a time, before or after anything else; no host service may be called
 *     [thread-safe]   any thread, any number at a time
 *     [instance]      on any thread, with the overlap that the scorer's `concurrency` allows
 *     [exclusive]     nothing else runs on the instance at the same time
 *     [in-step]       only from inside step, on the thread that called it, with the call that step received
 *     [in-create]     only from inside create, on the thread that called it
 *     [in-finalize]   only from inside finalize, on the thread that called it
 *
 * CORPUS SCORES, since 1.3
 *     Some scores are not the mean of the rows' scores: BLEU of a corpus, F1 over all rows, the area under a curve. A scorer
 *     for one declares `statistics`, numbers that it sets for each row beside its score, and `aggregations`, each a function
 *     of the sums of the statistics over the rows. The host adds the statistics, for all rows and for each group of rows that
 *     the user asks for, and passes the sums to `finalize`. Users name an aggregation in "aggregation_functions", like
 *     "average". The sums are exact, so they do not depend on the order of the rows, on batches, or on threads.
 *
 *     corpus                  statistics of a row                                 finalize
 *     F1                      true positives, false positives, false negatives    2 tp / (2 tp + fp + fn)
 *     BLEU                    for each n: matching and all n-grams; lengths       precisions, brevity penalty, their product
 *     area under the curve    for each bin of the prediction: 1 in the bin of     the curve through the bins' sums
 *                             the row if it is positive; the same for negative
 *                             rows
 *     counts by category      for each category: 1 if the row is right; 1 if it   {"A": {"num_correct": 3, "num_total": 4}, …}
 *                             has the category
 *     mean and variance       x, x * x                                            from the sums and n_rows
 *
 * OWNERSHIP
 *     A pointer parameter is BORROWED: it may be used until the function returns, but not afterwards, unless its comment
 *     says otherwise. A pointer that is BORROWED FOR THE CALL may be used until call_free returns.
 *     Memory that a plugin returns, or points to from a static table, must live as long as the process.
 *
 * FAILURE
 *     No C++ exception, Rust panic, Swift error, signal or longjmp may leave a function of this header. Functions
 *     return an assay_status, and describe errors to the host with `fail` (for a row) or `reject` (for parameters).
 *
 * VERSIONS
 *     Within one major version, structs only grow at their end, functions are only added, and enumerators are only
 *     added. Each struct that may grow starts with struct_size, the size that its creator knew; ASSAY_HAS tells whether
 *     it has a field. Anything added after 1.0 states its version. Lists of such structs are lists of pointers, because
 *     an array could not grow. assay_str is frozen. Hosts and plugins with the same major version work together,
 *     whatever their minor versions; a plugin with another major version is refused. Optional features are extensions,
 *     requested by name (get_extension); their names include their revision ("assay.chat/1"), and those of third
 *     parties start with a reversed domain name.
 */
#ifndef ASSAY_SCORER_PLUGIN_H
#define ASSAY_SCORER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define ASSAY_ABI_MAJOR 1u
#define ASSAY_ABI_MINOR 4u

#if defined(__cplusplus)
#define ASSAY_NOEXCEPT noexcept
extern "C" {
#else
#define ASSAY_NOEXCEPT
#endif

#if defined(__clang__) || defined(__GNUC__)
#define ASSAY_EXPORT __attribute__((visibility("default")))
#else
#define ASSAY_EXPORT
#endif

/* Whether the creator of *p knew the field `f` of `type`. */
#define ASSAY_HAS(p, type, f) ((p)->struct_size >= offsetof(type, f) + sizeof(((type *)0)->f))

/* ---------------------------------------------------------------- values */

/* Text: UTF-8, not terminated, may contain NUL. ptr may be NULL only if len is 0. Text from the host is
 * valid UTF-8; text from a plugin must be. Frozen. */
typedef struct assay_str {
    const char *ptr;
    uint64_t len; /* bytes */
} assay_str;

typedef int32_t assay_status;
enum {
    ASSAY_OK = 0,
    ASSAY_PENDING = 1,        /* step only: model requests are queued; call step again with the replies */
    ASSAY_E_INVALID = -1,     /* an invalid argument, parameter or value */
    ASSAY_E_UNSUPPORTED = -2, /* not supported by this side */
    ASSAY_E_CANCELLED = -3,
    ASSAY_E_TIMEOUT = -4,
    ASSAY_E_RESOURCE = -5, /* out of memory, descriptors, … */
    ASSAY_E_INTERNAL = -6, /* an internal error of the side that returns it */
    ASSAY_E_VERSION = -7
};

/* Types of cells, with the layout of assay_column.values. */
enum {
    ASSAY_TYPE_STR = 1,     /* assay_str[n] */
    ASSAY_TYPE_F64 = 2,     /* double[n], finite */
    ASSAY_TYPE_I64 = 3,     /* int64_t[n] */
    ASSAY_TYPE_BOOL = 4,    /* uint8_t[n], 0 or 1 */
    ASSAY_TYPE_JSON = 5,    /* assay_str[n]: the value's own JSON text, `"18"` with its quotes */
    ASSAY_TYPE_LIST_STR = 6 /* assay_str[list_offsets[n]]: the consecutive texts of all rows. Input only. */
};

/* The outcome of a row. 6 is reserved for the host: the plugin crashed on the row. */
enum {
    ASSAY_ROW_SCORED = 0,
    ASSAY_ROW_UNPARSED = 1,     /* the answer was read, but contains nothing to score */
    ASSAY_ROW_INPUT_ERROR = 2,  /* a cell of the row is not valid for the scorer */
    ASSAY_ROW_SCORER_ERROR = 3, /* the scorer failed on the row */
    ASSAY_ROW_MODEL_ERROR = 4,  /* a model request for the row failed after all retries */
    ASSAY_ROW_TIMED_OUT = 5,
    ASSAY_ROW_NOT_ASKED = 7 /* a model request for the row was never sent: reply status ASSAY_E_CANCELLED. Since 1.1 */
};

/* n cells of one column; n is given separately. */
typedef struct assay_column {
    uint32_t struct_size;
    uint32_t type;               /* ASSAY_TYPE_… */
    const uint8_t *validity;     /* bit i % 8 of byte i / 8 is 1 if cell i has a value (Arrow); NULL: all have */
    const void *values;          /* according to `type`; cells without a value are unspecified but readable */
    const int64_t *list_offsets; /* n + 1 entries for ASSAY_TYPE_LIST_STR: row i has texts [o[i], o[i+1]); otherwise NULL */
} assay_column;

/* Rows to score: one column for each input of the scorer's description, in the same order. Rows without a required
 * input are never passed, so a required column has no nulls. n_rows is at least 1. Results must not depend on how rows
 * are divided into batches. */
typedef struct assay_batch {
    uint32_t struct_size;
    uint32_t n_columns;
    uint64_t n_rows;
    const assay_column *const *columns;
} assay_batch;

/* ---------------------------------------------------------------- host */

typedef struct assay_call assay_call;                 /* one batch being scored; owned by the host */
typedef struct assay_creation assay_creation;         /* one instance being created; owned by the host */
typedef struct assay_finalization assay_finalization; /* the aggregates of some rows being computed; owned by the host.
                                                       * Since 1.3 */

enum { ASSAY_LOG_DEBUG = 0, ASSAY_LOG_INFO = 1, ASSAY_LOG_WARNING = 2, ASSAY_LOG_ERROR = 3 };

/* Services of the host. The table outlives every instance; each function takes it as its first argument. */
typedef struct assay_host {
    uint32_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor;
    uint32_t reserved;
    void *host_data; /* for the host only */

    /* Writes a line to the host's log, with the plugin's id. [thread-safe] */
    void (*log)(const struct assay_host *, int32_t severity, assay_str message) ASSAY_NOEXCEPT;

    /* Reports an error in the parameters; may be called several times. create must then return ASSAY_E_INVALID. `pointer` is a
     * JSON Pointer (RFC 6901) into the config_json that create received, such as "/params/parsing_regexes/0";
     * `message` says what was expected there and what was found. Both are copied. [in-create] */
    void (*reject)(const struct assay_host *, assay_creation *, assay_str pointer, assay_str message) ASSAY_NOEXCEPT;

    /* Sets the cells [first_row, first_row + n_rows) of output number `output`. Everything is copied immediately. The type
     * must be that of the output's description, and numbers must be finite. A row may be set again before its call ends;
     * the last value counts. A row counts as scored if it has a "score" and no `fail`. Returns ASSAY_OK, or
     * ASSAY_E_INVALID without an effect for an invalid range, type or output. [in-step] */
    assay_status (*emit)(const struct assay_host *, assay_call *, uint32_t output, uint64_t first_row, uint64_t n_rows,
                         const assay_column *values) ASSAY_NOEXCEPT;

    /* Marks a row as having no score, with a reason for the reader of the results; copied. `row` is the row's index in the
     * batch, or -1 for all rows of the batch that have no score yet. `outcome` is ASSAY_ROW_UNPARSED or one of the
     * errors. The row's score becomes null; other outputs (such as a judge's reply) stay. [in-step] */
    assay_status (*fail)(const struct assay_host *, assay_call *, int64_t row, int32_t outcome, assay_str message)
        ASSAY_NOEXCEPT;

    /* Not 0 after the run was cancelled: step may then return ASSAY_E_CANCELLED. A step that takes longer than a
     * millisecond should check this from time to time. [in-step] */
    int32_t (*is_cancelled)(const struct assay_host *, const assay_call *) ASSAY_NOEXCEPT;

    /* The table of a host extension such as ASSAY_EXT_CHAT, or NULL; lives as long as the host. [thread-safe] */
    const void *(*get_extension)(const struct assay_host *, const char *id) ASSAY_NOEXCEPT;

    /* Sets the statistics of the rows [first_row, first_row + n_rows): for each row one number for each entry of the
     * description's `statistics`, row after row. Copied immediately. Each must be finite and between
     * -ASSAY_MAX_STATISTIC and ASSAY_MAX_STATISTIC. A row may be set again before its call ends; the last values
     * count. A scored row needs them; those of a row without a score are not added. Returns ASSAY_OK, or
     * ASSAY_E_INVALID without an effect for an invalid range or number. Since 1.3. [in-step] */
    assay_status (*emit_statistics)(const struct assay_host *, assay_call *, uint64_t first_row, uint64_t n_rows,
                                    const double *values) ASSAY_NOEXCEPT;

    /* Sets the value of aggregation number `aggregation` of the description: the text of a JSON object; copied. Results
     * have it under the name of the aggregation. Its member of that name, or else its first member that is a number, is the
     * figure that tables show and requirements compare: {"corpus_bleu": 27.3, "brevity_penalty": 1}. An aggregation
     * whose value is not set is null: nothing to compute it from. Returns ASSAY_OK, or ASSAY_E_INVALID without an
     * effect. Since 1.3. [in-finalize] */
    assay_status (*emit_aggregate)(const struct assay_host *, assay_finalization *, uint32_t aggregation,
                                   assay_str json) ASSAY_NOEXCEPT;
} assay_host;

/* The largest absolute value of a statistic. Since 1.3. */
#define ASSAY_MAX_STATISTIC 1e280
/* The largest number of statistics of a scorer. Since 1.3. */
#define ASSAY_MAX_STATISTICS 4096

/* Extension of the host: model requests. A scorer declares the roles of its models ("judge") in its description; the host
 * assigns a model to each role before it scores anything, and does not reveal addresses and keys. */
#define ASSAY_EXT_CHAT "assay.chat/1"

/* A request to a model. Since 1.2. */
typedef struct assay_request {
    uint32_t struct_size;
    uint32_t sample; /* distinguishes otherwise equal requests (repeated votes), so that each gets its own reply instead
                      * of the cached reply to another one; 0 for the only or the first request. It is not sent */
    uint64_t tag;    /* chosen by the plugin; open tags of a call must differ */
    assay_str role;  /* one of the roles in the scorer's description */
    assay_str json;  /* the body of an OpenAI-compatible chat completion request without "model" ("messages",
                      * "temperature", "response_format", …). Its members are sent unchanged */
} assay_request;

typedef struct assay_host_chat {
    uint32_t struct_size;
    uint32_t reserved;

    /* The same as `ask`, for plugins that also work with hosts of version 1.0 and 1.1. `request_json` may have a member
     * "assay", which the host removes: {"sample": N}. [in-step] */
    assay_status (*request)(const assay_host *, assay_call *, uint64_t tag, assay_str role, assay_str request_json)
        ASSAY_NOEXCEPT;

    /* Queues a chat completion for the model of a role. Exactly one reply with the request's tag arrives in a later
     * step(REPLIES). Returns ASSAY_OK; or ASSAY_E_INVALID, without queuing anything, if the description does not have
     * the role or the tag is open. Copied; never blocks; never calls back. Since 1.2. [in-step] */
    assay_status (*ask)(const assay_host *, assay_call *, const assay_request *) ASSAY_NOEXCEPT;
} assay_host_chat;

typedef struct assay_reply {
    uint32_t struct_size;
    assay_status status; /* ASSAY_OK; ASSAY_E_CANCELLED: the request was not sent, because the run was stopped or its budget
                          * is spent; ASSAY_E_TIMEOUT or another error that `text` explains */
    uint64_t tag;
    assay_str text;          /* the assistant's message without its reasoning, or a description of the error */
    assay_str response_json; /* the whole response body, or empty if there is none */
    assay_str finish_reason; /* why the model stopped, in the words of OpenAI's chat completions whatever server sent it:
                              * "stop", "length" (the message is cut off), "content_filter", "tool_calls"; empty if it
                              * is not known. Since 1.2 */
    assay_str reasoning;     /* the model's reasoning before its message; empty if there is none. Since 1.2 */
    const double *vectors;   /* of `embed`: n_vectors vectors of n_dimensions finite numbers, one after the other, in the
                              * order of the texts; otherwise NULL. Since 1.4 */
    uint64_t n_vectors;      /* Since 1.4 */
    uint64_t n_dimensions;   /* Since 1.4 */
} assay_reply;

/* Extensions of the host, since 1.4: embeddings, and moderation. Texts go to the model of a role, as chat completions do: through
 * the same limits, cache and budget. */
#define ASSAY_EXT_EMBED "assay.embed/1"
#define ASSAY_EXT_MODERATE "assay.moderate/1"

/* The largest number of texts of a request. Since 1.4. */
#define ASSAY_MAX_TEXTS 4096

/* Texts for a model. Since 1.4. */
typedef struct assay_texts {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t tag;   /* chosen by the plugin; open tags of a call must differ, whatever they ask for */
    assay_str role; /* one of the roles in the scorer's description */
    const assay_str *texts;
    uint64_t n_texts; /* from 1 to ASSAY_MAX_TEXTS */
} assay_texts;

typedef struct assay_host_embed {
    uint32_t struct_size;
    uint32_t reserved;

    /* Queues texts to be embedded. Exactly one reply with the request's tag arrives in a later step(REPLIES), with a vector
     * for each text (`vectors`), or an error. The host asks a model for each text at most once in a run, and for several texts
     * at once. Returns ASSAY_OK; or ASSAY_E_INVALID, without queuing anything. Copied; never blocks; never calls back. [in-step] */
    assay_status (*embed)(const assay_host *, assay_call *, const assay_texts *) ASSAY_NOEXCEPT;
} assay_host_embed;

typedef struct assay_host_moderate {
    uint32_t struct_size;
    uint32_t reserved;

    /* Queues texts to be checked by a moderation model (OpenAI's /v1/moderations). The reply's `response_json` has an element of
     * "results" for each text: {"flagged": …, "category_scores": {…}}. Otherwise like `embed`. [in-step] */
    assay_status (*moderate)(const assay_host *, assay_call *, const assay_texts *) ASSAY_NOEXCEPT;
} assay_host_moderate;

/* ---------------------------------------------------------------- plugin */

enum {
    ASSAY_COLUMN_REQUIRED = 0,
    ASSAY_COLUMN_OPTIONAL = 1, /* an input that may be missing from the data, or null in some rows; an output other than
                                * "score" that results omit if a row has no value, instead of writing null (since 1.2) */
    ASSAY_COLUMN_LENIENT = 2,  /* a value of another type is passed as null, instead of being an input error; only
                                * together with OPTIONAL. An input may be listed twice with different types, for
                                * example as JSON and, leniently, as STR, for a scorer that treats text specially */
    ASSAY_COLUMN_SCORE = 4     /* an output that is a score of its own beside "score", such as one of a judge's criteria:
                                * results have aggregates, a range and an outcome for it, under FUNCTION/NAME. A row
                                * without a value does not have this score: it has the outcome of `fail`, or else is
                                * unparsed. Not for an output named "score" or "weight". Since 1.4 */
};

/* One input or output of a scorer. */
typedef struct assay_column_spec {
    uint32_t struct_size;
    uint32_t type;  /* ASSAY_TYPE_… */
    uint32_t flags; /* ASSAY_COLUMN_… */
    uint32_t reserved;
    const char *name; /* a column of the data such as "generated_answer"; or a key of the result such as "score" */
    const char *description;
    double minimum, maximum; /* numeric outputs: their range, used for bounds. Equal (both 0): unknown */
} assay_column_spec;

enum {
    ASSAY_CONCURRENCY_PARALLEL = 0,        /* any number of calls of one instance at once, on any threads */
    ASSAY_CONCURRENCY_INSTANCE_SERIAL = 1, /* one step or call_free of an instance at a time; instances in parallel */
    ASSAY_CONCURRENCY_PROCESS_SERIAL = 2   /* one step, call_free, create or destroy of this plugin at a time */
};

/* An aggregation over a corpus, computed by the plugin. Since 1.3. */
typedef struct assay_aggregation {
    uint32_t struct_size;
    uint32_t reserved;
    const char *name; /* lower-case letters and digits with at least one underscore, such as "corpus_bleu"; not that of one
                       * of the host's own aggregations (weighted_average, categorical_count) */
    const char *description; /* one line */
} assay_aggregation;

/* The sums of the statistics of some rows: of all scored rows, or of those of a group. Since 1.3. */
typedef struct assay_sums {
    uint32_t struct_size;
    uint32_t n_sums;      /* the number of the description's `statistics` */
    uint64_t n_rows;      /* the scored rows; at least 1 */
    const double *values; /* the exact sum of each statistic over the rows, rounded once */
} assay_sums;

/* A scorer of the plugin (`scorers`), or the description of an instance with its parameters (`describe`). */
typedef struct assay_scorer {
    uint32_t struct_size;
    uint32_t concurrency;                    /* ASSAY_CONCURRENCY_… */
    const char *id;                          /* "subset-of": the provider_resource_id of a definition */
    const char *description;                 /* one line */
    const assay_column_spec *const *inputs;  /* ends with NULL */
    const assay_column_spec *const *outputs; /* ends with NULL; one is named "score" (F64, I64, BOOL, STR or JSON). One
                                              * named "weight" (F64) is used by weighted_average */
    const char *const *roles;                /* the roles of its models; ends with NULL. NULL: none. The host reads
                                              * the model of role "judge" from the parameter "judge_model", and that
                                              * of "judge/K" from element K - 1 of "judge_models" */
    const char *parameters_schema;           /* JSON Schema of "params" in config_json of create; NULL: any object */
    const char *const *statistics;           /* the name of each statistic, for messages; at most ASSAY_MAX_STATISTICS;
                                              * ends with NULL. NULL: none. Since 1.3 */
    const assay_aggregation *const *aggregations; /* of the statistics; ends with NULL. NULL: none. Since 1.3 */
} assay_scorer;

typedef struct assay_plugin {
    uint32_t struct_size;
    uint32_t abi_major; /* ASSAY_ABI_MAJOR and … */
    uint32_t abi_minor; /* … ASSAY_ABI_MINOR of the header that it was built with */
    uint32_t reserved;
    const char *id; /* the provider_id of definitions; a third party's starts with a reversed domain name */
    const char *version;
    const char *description;            /* one line */
    const assay_scorer *const *scorers; /* ends with NULL */

    /* Creates an instance of `scorer` (one of `scorers`). `config_json` is {"identifier": …, "return_type": {"type": …},
     * "params": {…}}: the scoring function's id, the type of its scores, and the definition's parameters,
     * overridden by those of the request, without "type" and "aggregation_functions", which are for the host. A
     * parameter that is null counts as missing: a request removed it. A member "columns", a list of strings, is present
     * if "prompt_template" has columns of the data with unusual names in braces, such as {Best Answer}: they are
     * placeholders too (since 1.2). A member "limits" is present if the user has changed the limits of a prompt
     * ("prompt_bytes", 16777216 by default) or of a list of regular expressions ("patterns", 1000, and "pattern_bytes",
     * 262144): those that differ (since 1.2). It is valid JSON; an unknown member of "params" must be rejected. On
     * ASSAY_OK, *self is the instance (it may be NULL). On an error after `reject`, nothing is kept and destroy is not called. The host
     * outlives the instance. [thread-safe], or serial with ASSAY_CONCURRENCY_PROCESS_SERIAL */
    assay_status (*create)(const assay_scorer *scorer, const assay_host *host, assay_creation *creation,
                           assay_str config_json, void **self) ASSAY_NOEXCEPT;

    /* The inputs and outputs of this instance, if they depend on its parameters (a template's columns); lives as long as
     * the instance. May be NULL: the entry in `scorers` applies. [exclusive] */
    const assay_scorer *(*describe)(void *self) ASSAY_NOEXCEPT;

    /* [exclusive] */
    void (*destroy)(void *self) ASSAY_NOEXCEPT;

    /* Scores a batch: calls `emit` and `fail` for its rows. The first call has the reason ASSAY_STEP_START; *call_state
     * is NULL, and the plugin may set it. Returns ASSAY_OK when the batch is done, or ASSAY_PENDING when it has queued
     * requests; it is then called with ASSAY_STEP_REPLIES as replies arrive, one or more at a time, in any order, and
     * may queue more. With any other status, rows without a score become scorer errors. `batch` is the same each time and
     * BORROWED FOR THE CALL; replies are borrowed. The call may be cancelled between steps: then only call_free follows.
     * [instance] */
    assay_status (*step)(void *self, assay_call *call, void **call_state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) ASSAY_NOEXCEPT;

    /* Frees the *call_state that step has set. Called exactly once per call, after its last step. May be NULL. [instance] */
    void (*call_free)(void *self, assay_call *call, void *call_state) ASSAY_NOEXCEPT;

    /* The table of an extension of the plugin, or NULL. May be NULL. [thread-safe] */
    const void *(*get_extension)(const struct assay_plugin *, const char *id) ASSAY_NOEXCEPT;

    /* Computes the aggregations of some rows from the sums of their statistics, and calls `emit_aggregate` for each of
     * them. A pure function of the sums and the instance's parameters: it is called for all rows, and for each group of
     * rows, in any order. `sums` is BORROWED. With a status other than ASSAY_OK, the aggregates are null, and the host
     * logs it. May be NULL if no scorer has aggregations. Since 1.3. [instance] */
    assay_status (*finalize)(void *self, assay_finalization *, const assay_sums *sums) ASSAY_NOEXCEPT;
} assay_plugin;

enum { ASSAY_STEP_START = 0, ASSAY_STEP_REPLIES = 1 };

/* The only exported symbol: returns the plugin's static table, or NULL if the plugin does not support the host. The
 * arguments are the host's version. [pure] */
ASSAY_EXPORT const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t host_abi_minor) ASSAY_NOEXCEPT;
typedef const assay_plugin *(*assay_plugin_entry_function)(uint32_t host_abi_major, uint32_t host_abi_minor);

#ifdef __cplusplus
}
#endif
#endif
