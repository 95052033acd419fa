/* assay_scorer_plugin.h: the contract between a host of Assay and a scorer plugin, version 1.1.
 *
 * A scorer plugin is a shared object that exports one function, assay_plugin_entry, and offers one or more scorers.
 * A scorer reads rows (columns of cells) and gives each row a score. This header is all that a plugin needs; it
 * compiles as C11 and C++17 and imports into Swift 6.
 *
 * CALL ORDER
 *     assay_plugin_entry                                   once a process or more often; pure
 *     create                                               once an instance
 *       describe                                           once, right after create
 *       step(START)  step(REPLIES)*  call_free             once a batch; step is repeated while it returns PENDING
 *     destroy                                              once, when no call of the instance is live
 *     An instance may serve several runs, one after the other; those with other parameters have instances of their own.
 *     There is no process-wide initialisation, and a plugin is never unloaded. All state lives in instances and calls.
 *
 * THREADS, the tag in brackets on every function
 *     [pure]          any thread, any number at a time, before or after anything else; no host service may be called
 *     [thread-safe]   any thread, any number at a time
 *     [instance]      as `concurrency` of the scorer says: on any thread, with the overlap that it allows
 *     [exclusive]     nothing else runs on the instance meanwhile
 *     [in-step]       only from inside step, on the thread that called it, with the call that step was given
 *     [in-create]     only from inside create, on the thread that called it
 *
 * OWNERSHIP
 *     A pointer parameter is BORROWED: it may be used until the function returns, and not after, unless the comment
 *     beside it says otherwise. What is BORROWED FOR THE CALL may be used until call_free returns.
 *     What a plugin returns or points to from a static table must live as long as the process.
 *
 * FAILURE
 *     No C++ exception, Rust panic, Swift error, signal or longjmp may leave a function of this header. Functions
 *     return an assay_status; what went wrong is told to the host in words by `fail` (a row) or `reject` (parameters).
 *
 * VERSIONS
 *     Within one major version, structs only grow at their end, functions are only added, and enumerators are only
 *     added. Each struct that may grow starts with struct_size, the size that its maker knew; ASSAY_HAS tells whether
 *     a field is there. Lists of such structs are lists of pointers, since an array could not grow. assay_str is
 *     frozen. Hosts and plugins of one major version work together whatever their minor versions are; a plugin of
 *     another major version is refused. Optional features are extensions, asked for by name (get_extension); their
 *     names carry their revision ("assay.chat/1"), those of third parties start with a reversed domain name.
 */
#ifndef ASSAY_SCORER_PLUGIN_H
#define ASSAY_SCORER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define ASSAY_ABI_MAJOR 1u
#define ASSAY_ABI_MINOR 1u

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

/* Whether the maker of *p knew the field `f` of `type`. */
#define ASSAY_HAS(p, type, f) ((p)->struct_size >= offsetof(type, f) + sizeof(((type *)0)->f))

/* ---------------------------------------------------------------- values */

/* Text: UTF-8, not terminated, may contain NUL. ptr may be NULL only if len is 0. Texts that come from the host are
 * valid UTF-8; texts that a plugin gives must be. Frozen. */
typedef struct assay_str {
    const char *ptr;
    uint64_t len; /* bytes */
} assay_str;

typedef int32_t assay_status;
enum {
    ASSAY_OK = 0,
    ASSAY_PENDING = 1,        /* step only: model requests are queued, call me again with the replies */
    ASSAY_E_INVALID = -1,     /* an argument, parameter or value that is not allowed */
    ASSAY_E_UNSUPPORTED = -2, /* not offered by this side */
    ASSAY_E_CANCELLED = -3,
    ASSAY_E_TIMEOUT = -4,
    ASSAY_E_RESOURCE = -5, /* out of memory, descriptors, … */
    ASSAY_E_INTERNAL = -6, /* a fault of the side that returns it */
    ASSAY_E_VERSION = -7
};

/* Types of cells, with the layout of assay_column.values. */
enum {
    ASSAY_TYPE_STR = 1,     /* assay_str[n] */
    ASSAY_TYPE_F64 = 2,     /* double[n], finite */
    ASSAY_TYPE_I64 = 3,     /* int64_t[n] */
    ASSAY_TYPE_BOOL = 4,    /* uint8_t[n], 0 or 1 */
    ASSAY_TYPE_JSON = 5,    /* assay_str[n]: the value's own JSON text, `"18"` with its quotes */
    ASSAY_TYPE_LIST_STR = 6 /* assay_str[list_offsets[n]]: the texts of all rows one after the other. Input only. */
};

/* What became of a row. 6 is the host's own: the plugin crashed on it. */
enum {
    ASSAY_ROW_SCORED = 0,
    ASSAY_ROW_UNPARSED = 1,     /* the answer was read, but holds nothing to score */
    ASSAY_ROW_INPUT_ERROR = 2,  /* a cell of the row is not what the scorer needs */
    ASSAY_ROW_SCORER_ERROR = 3, /* the scorer could not do its work on the row */
    ASSAY_ROW_MODEL_ERROR = 4,  /* a model request for the row failed for good */
    ASSAY_ROW_TIMED_OUT = 5,
    ASSAY_ROW_NOT_ASKED = 7 /* a model request for the row was never made: reply status ASSAY_E_CANCELLED. Since 1.1 */
};

/* n cells of one column, n being given beside it. */
typedef struct assay_column {
    uint32_t struct_size;
    uint32_t type;               /* ASSAY_TYPE_… */
    const uint8_t *validity;     /* bit i % 8 of byte i / 8 is 1 where cell i has a value (Arrow); NULL: all have */
    const void *values;          /* as `type` says; cells without a value are unspecified but readable */
    const int64_t *list_offsets; /* n + 1 entries for ASSAY_TYPE_LIST_STR: row i has texts [o[i], o[i+1]); else NULL */
} assay_column;

/* Rows to score: one column for each input of the scorer's description, in its order. A row that lacks a required
 * input never gets here, so a required column has no nulls. n_rows is at least 1. Results must not depend on how rows
 * fall into batches. */
typedef struct assay_batch {
    uint32_t struct_size;
    uint32_t n_columns;
    uint64_t n_rows;
    const assay_column *const *columns;
} assay_batch;

/* ---------------------------------------------------------------- host */

typedef struct assay_call assay_call;         /* one batch being scored; the host's */
typedef struct assay_creation assay_creation; /* one instance being created; the host's */

enum { ASSAY_LOG_DEBUG = 0, ASSAY_LOG_INFO = 1, ASSAY_LOG_WARNING = 2, ASSAY_LOG_ERROR = 3 };

/* Services of the host. The table outlives every instance; each function takes it as its first argument. */
typedef struct assay_host {
    uint32_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor;
    uint32_t reserved;
    void *host_data; /* the host's own */

    /* Writes a line to the host's log, with the plugin's id. [thread-safe] */
    void (*log)(const struct assay_host *, int32_t severity, assay_str message) ASSAY_NOEXCEPT;

    /* Says what is wrong with the parameters, as often as needed; create then returns ASSAY_E_INVALID. `pointer` is a
     * JSON Pointer (RFC 6901) into the config_json that create was given, such as "/params/parsing_regexes/0";
     * `message` says what was found there and what was expected. Both are copied. [in-create] */
    void (*reject)(const struct assay_host *, assay_creation *, assay_str pointer, assay_str message) ASSAY_NOEXCEPT;

    /* Gives the cells [first_row, first_row + n_rows) of output number `output`. Everything is copied at once. The type
     * must be that of the output's description, numbers must be finite. A row may be given again before its call ends;
     * the last value counts. A row counts as scored when it has a "score" and no `fail`. Returns ASSAY_OK, or
     * ASSAY_E_INVALID, taking nothing, for a range, type or output that is not there. [in-step] */
    assay_status (*emit)(const struct assay_host *, assay_call *, uint32_t output, uint64_t first_row, uint64_t n_rows,
                         const assay_column *values) ASSAY_NOEXCEPT;

    /* Says that a row has no score, and why, in words for the person who reads the results; copied. `row` is the row's
     * index in the batch, or -1 for all rows of the batch that have no score yet. `outcome` is ASSAY_ROW_UNPARSED or
     * one of the errors. Its score output becomes null; other outputs (what a judge said) stay. [in-step] */
    assay_status (*fail)(const struct assay_host *, assay_call *, int64_t row, int32_t outcome, assay_str message)
        ASSAY_NOEXCEPT;

    /* Not 0 once nobody wants the results of the call: step may then return ASSAY_E_CANCELLED. Worth asking now and
     * then in a step that takes longer than a millisecond. [in-step] */
    int32_t (*is_cancelled)(const struct assay_host *, const assay_call *) ASSAY_NOEXCEPT;

    /* The table of a host extension such as ASSAY_EXT_CHAT, or NULL; lives as long as the host. [thread-safe] */
    const void *(*get_extension)(const struct assay_host *, const char *id) ASSAY_NOEXCEPT;
} assay_host;

/* Extension of the host: model requests. A scorer names the roles that it asks ("judge") in its description; the host
 * binds each to a model before it scores anything, and keeps addresses and keys to itself. */
#define ASSAY_EXT_CHAT "assay.chat/1"
typedef struct assay_host_chat {
    uint32_t struct_size;
    uint32_t reserved;

    /* Queues a chat completion for the model of `role`. `request_json` is the body of an OpenAI-compatible chat
     * completion request without "model" ("messages", "temperature", "response_format", …). Its member "assay" is for
     * the host, which takes it out: {"sample": N} tells apart requests that are otherwise equal (repeated votes), so
     * that each gets an answer of its own and not the stored answer to the other. Exactly one reply with this
     * `tag` comes in a later step(REPLIES). Tags are the plugin's and must differ within a call while they are open.
     * Copied; never blocks; never calls back. [in-step] */
    assay_status (*request)(const assay_host *, assay_call *, uint64_t tag, assay_str role, assay_str request_json)
        ASSAY_NOEXCEPT;
} assay_host_chat;

typedef struct assay_reply {
    uint32_t struct_size;
    assay_status status; /* ASSAY_OK; ASSAY_E_CANCELLED: the request was not made, since the run was stopped or may spend
                          * no more; ASSAY_E_TIMEOUT or another error that `text` explains */
    uint64_t tag;
    assay_str text;          /* the assistant's message, or what went wrong */
    assay_str response_json; /* the whole response body where there is one, else empty */
} assay_reply;

/* ---------------------------------------------------------------- plugin */

enum {
    ASSAY_COLUMN_REQUIRED = 0,
    ASSAY_COLUMN_OPTIONAL = 1, /* may be missing from the data, or null in some rows */
    ASSAY_COLUMN_LENIENT = 2   /* a value of another type is passed as null, instead of being an error of its row; only
                                * together with OPTIONAL. An input may be there twice with different types: as
                                * JSON and, lenient, as STR, say, for a scorer that treats texts apart */
};

/* One input or output of a scorer. */
typedef struct assay_column_spec {
    uint32_t struct_size;
    uint32_t type;  /* ASSAY_TYPE_… */
    uint32_t flags; /* ASSAY_COLUMN_… (inputs) */
    uint32_t reserved;
    const char *name; /* a column of the data such as "generated_answer"; or a key of the result such as "score" */
    const char *description;
    double minimum, maximum; /* outputs of numbers: their range, used for bounds. Equal (both 0): not known */
} assay_column_spec;

enum {
    ASSAY_CONCURRENCY_PARALLEL = 0,        /* any number of calls of one instance at once, on any threads */
    ASSAY_CONCURRENCY_INSTANCE_SERIAL = 1, /* one step or call_free of an instance at a time; instances side by side */
    ASSAY_CONCURRENCY_PROCESS_SERIAL = 2   /* one step, call_free, create or destroy of this plugin at a time */
};

/* A scorer, as the plugin offers it (`scorers`), or as an instance with given parameters is (`describe`). */
typedef struct assay_scorer {
    uint32_t struct_size;
    uint32_t concurrency;                    /* ASSAY_CONCURRENCY_… */
    const char *id;                          /* "subset-of": the provider_resource_id of a definition */
    const char *description;                 /* one line */
    const assay_column_spec *const *inputs;  /* ends with NULL */
    const assay_column_spec *const *outputs; /* ends with NULL; one is named "score" (F64, I64, BOOL, STR or JSON). One
                                              * named "weight" (F64) is used by weighted_average */
    const char *const *roles;                /* models that it asks, by role; ends with NULL. NULL: none. The host takes
                                              * the model of role "judge" from the parameter "judge_model", that of
                                              * "judge/K" from element K - 1 of "judge_models" */
    const char *parameters_schema;           /* JSON Schema of "params" in config_json of create; NULL: any object */
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

    /* Makes an instance of `scorer` (one of `scorers`). `config_json` is {"identifier": …, "return_type": {"type": …},
     * "params": {…}}: the scoring function's id, the type of its scores, and the definition's parameters with the
     * request's laid over them, but for "type" and "aggregation_functions", which are the host's. It is valid JSON; an
     * unknown member of "params" is to be rejected. On ASSAY_OK, *self is the
     * instance (it may be NULL). On an error after `reject`, nothing is kept and destroy is not called. The host
     * outlives the instance. [thread-safe], or serial with ASSAY_CONCURRENCY_PROCESS_SERIAL */
    assay_status (*create)(const assay_scorer *scorer, const assay_host *host, assay_creation *creation,
                           assay_str config_json, void **self) ASSAY_NOEXCEPT;

    /* What this instance reads and gives, where that depends on its parameters (a template's columns); lives as long as
     * the instance. May be NULL: it is as `scorers` says. [exclusive] */
    const assay_scorer *(*describe)(void *self) ASSAY_NOEXCEPT;

    /* [exclusive] */
    void (*destroy)(void *self) ASSAY_NOEXCEPT;

    /* Scores a batch: calls `emit` and `fail` for its rows. With reason ASSAY_STEP_START first, *call_state being NULL
     * and the plugin's to set. Returns ASSAY_OK when the batch is done, ASSAY_PENDING when it has queued requests;
     * it is then called with ASSAY_STEP_REPLIES as replies come, one or more at a time, in any order, and may queue
     * more. With another status the rows without a score are scorer errors. `batch` is the same each time and BORROWED
     * FOR THE CALL; replies are borrowed. The call may be cancelled between steps: then only call_free comes.
     * [instance] */
    assay_status (*step)(void *self, assay_call *call, void **call_state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) ASSAY_NOEXCEPT;

    /* Frees what step has put in *call_state. Exactly once a call, after its last step. May be NULL. [instance] */
    void (*call_free)(void *self, assay_call *call, void *call_state) ASSAY_NOEXCEPT;

    /* The table of an extension of the plugin, or NULL. May be NULL. [thread-safe] */
    const void *(*get_extension)(const struct assay_plugin *, const char *id) ASSAY_NOEXCEPT;
} assay_plugin;

enum { ASSAY_STEP_START = 0, ASSAY_STEP_REPLIES = 1 };

/* The only exported symbol: the plugin's static table, or NULL if it cannot work with such a host. The arguments are
 * the host's version. [pure] */
ASSAY_EXPORT const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t host_abi_minor) ASSAY_NOEXCEPT;
typedef const assay_plugin *(*assay_plugin_entry_function)(uint32_t host_abi_major, uint32_t host_abi_minor);

#ifdef __cplusplus
}
#endif
#endif
