/* worker_protocol.h: how the host of isolated plugins and `assay-plugin-worker` talk to each other. Both are of one
 * version of Assay; nobody else speaks this.
 *
 * A worker is a process that runs one plugin, one command at a time. It is started with
 *     descriptor 0               /dev/null
 *     descriptors 1 and 2        pipes that the host reads
 *     descriptor AW_SOCKET       its end of a pair of SOCK_SEQPACKET sockets: an aw_message each way at a time
 *     descriptor AW_OUTPUT       memory of AW_OUTPUT_SIZE bytes that both map, an aw_output
 *     the arguments              AW_PROTOCOL, the host's process id, the most bytes of address space, the plugin's path
 * and first loads the plugin, as if commanded to with serial 0.
 *
 * What the host gives (rows, replies, parameters) lies in segments: memory that the host writes and the worker can only
 * map to read. The descriptor of a segment comes with the first message that uses it; `segment` is its number from then.
 *
 * What the worker gives is a stream of records in the output memory. When that is full, the worker says AW_FULL and waits
 * for AW_GO, while the host copies. The host believes nothing of it: a plugin shares the worker's memory and can write
 * there whatever it likes. */
#ifndef ASSAY_WORKER_PROTOCOL_H
#define ASSAY_WORKER_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#define AW_PROTOCOL 3

enum { AW_SOCKET = 3, AW_OUTPUT = 4 };

/* The threads that a worker may have. */
enum { AW_MOST_THREADS = 256 };

/* ---------------------------------------------------------------- messages */

enum {
    /* The host's commands. Each but AW_GO and AW_FORGET is answered by one AW_DONE with its serial. */
    AW_CREATE = 1,  /* makes `instance` of the plugin's scorer number `count` from the `length` bytes of the segment */
    AW_DESTROY = 2, /* destroys `instance` */
    AW_START = 3,   /* the first step of `call` of `instance` on the batch of the segment */
    AW_REPLIES = 4, /* a further step of `call` with the `count` replies of the segment */
    AW_FREE = 5,    /* ends `call`, which is still waiting for replies */
    AW_FORGET = 6,  /* unmaps the segment */
    AW_GO = 7,      /* the output has been copied; go on */
    AW_PROBE = 8,   /* tells what the plugin has done to the process: AW_PROBED, and an AW_TEXT for each change */
    AW_RACE = 9,    /* runs the first step of `count` calls of `instance` on the batch of the segment, each in a thread,
                     * and frees them. Their results are compared: AW_RACED */
    AW_FINALIZE = 10, /* has `instance` compute its aggregations from the sums in the segment, `length` doubles, over
                       * `count` rows: an AW_AGGREGATE for each */

    /* The worker's answers. `length` bytes of output belong to them. */
    AW_DONE = 16, /* the command has ended with `status`. A call whose status is not ASSAY_PENDING has been freed */
    AW_FULL = 17  /* the output is full, to its last byte */
};

typedef struct aw_message {
    uint32_t kind;
    int32_t status;
    uint64_t serial;
    uint64_t instance;
    uint64_t call;
    uint64_t segment;
    uint64_t segment_size; /* not 0: the segment is new, of this size, and its descriptor comes along */
    uint64_t count;
    uint64_t length;
} aw_message;

/* The status of AW_DONE for serial 0. What it says in words is an AW_TEXT record. */
enum {
    AW_LOADED = 0,
    AW_NO_SANDBOX = 1,   /* the worker could not give up its rights, and so has not loaded the plugin */
    AW_NOT_LOADABLE = 2, /* dlopen failed */
    AW_NO_ENTRY = 3,     /* the entry function is missing */
    AW_NO_TABLE = 4      /* the entry function returned NULL */
};

/* ---------------------------------------------------------------- what the host gives */

/* A segment with a batch: this, `n_columns` times aw_column, and what those point to. Places are offsets from the
 * start of the segment, multiples of 8. */
typedef struct aw_batch {
    uint64_t n_rows;
    uint64_t n_columns;
} aw_batch;

typedef struct aw_column {
    uint32_t type;         /* ASSAY_TYPE_… */
    uint32_t has_validity;
    uint64_t validity;     /* the bitmap, if there is one */
    uint64_t values;       /* numbers as the plugin ABI has them; for texts, the uint64_t end of each in `texts` */
    uint64_t n_texts;
    uint64_t texts;        /* the texts' bytes, one after the other */
    uint64_t list_offsets; /* of a list of text: n_rows + 1 */
} aw_column;

/* A segment with replies: `count` times aw_reply, then their bytes. */
typedef struct aw_reply {
    uint64_t tag;
    int64_t status;
    uint64_t text;        /* offset from the start of the segment */
    uint64_t text_length;
    uint64_t response;    /* offset from the start of the segment */
    uint64_t response_length;
    uint64_t finish;      /* offset from the start of the segment */
    uint64_t finish_length;
    uint64_t reasoning;   /* offset from the start of the segment */
    uint64_t reasoning_length;
    uint64_t vectors;     /* offset from the start of the segment, a multiple of 8 */
    uint64_t n_vectors;
    uint64_t n_dimensions;
} aw_reply;

/* ---------------------------------------------------------------- what the worker gives */

enum { AW_OUTPUT_SIZE = 1 << 20, AW_OUTPUT_HEAD = 128, AW_OUTPUT_CAPACITY = AW_OUTPUT_SIZE - AW_OUTPUT_HEAD };

typedef struct aw_output {
    uint32_t is_cancelled; /* written by the host: nobody wants the results of the running call any more */
    uint32_t padding[15];
    uint64_t written; /* bytes of whole records in `bytes` that have not been announced; what a dead worker left */
    uint64_t more_padding[7];
    uint8_t bytes[]; /* AW_OUTPUT_CAPACITY */
} aw_output;

/* A record is followed by `length` bytes, and as many as it takes to a multiple of 8. */
typedef struct aw_record {
    uint32_t kind;
    uint32_t type;
    uint32_t output;
    uint32_t flags;
    uint64_t first;
    uint64_t count;
    uint64_t length;
} aw_record;

enum {
    /* Cells of `output`, of `type`, for the rows first..<first + count. What follows: with AW_VALIDITY, the bitmap,
     * padded to a multiple of 8; then the numbers, or the uint64_t length of each text and all their bytes. With
     * AW_REFUSED the plugin was told that they are wrong, and nothing follows. */
    AW_EMIT = 1,
    /* `first` is the row, or -1; `type` the outcome; the message follows. */
    AW_FAIL = 2,
    /* `first` is the tag, `output` the sample; the role follows, `count` bytes long, then the request. With
     * AW_UNNUMBERED, it was made with the older function, and the sample, if any, stands in its JSON. With AW_EMBED or
     * AW_MODERATE, the number of texts, the length of each and all their bytes follow the role instead. */
    AW_REQUEST = 3,
    /* `type` is the severity; the message follows. */
    AW_LOG = 4,
    /* A service was called where it must not be. */
    AW_MISUSE = 5,
    /* A JSON Pointer follows, `count` bytes long, then the message. */
    AW_REJECT = 6,

    /* The plugin's table: AW_PLUGIN, then for each scorer AW_SCORER with its AW_COLUMNs, AW_ROLEs, … Each is followed by
     * an AW_TEXT for each of its texts that is not NULL. An instance's own description is an AW_SCORER, too. */
    AW_PLUGIN = 16, /* first: struct_size; count: abi_major << 32 | abi_minor; flags: 1 if the functions are there,
                     * 2 if `finalize` is */
    AW_SCORER = 17, /* first: struct_size; type: concurrency */
    AW_COLUMN = 18, /* first: struct_size; type; flags; output: 1 for an output. The doubles minimum, maximum follow */
    AW_ROLE = 19,   /* the role follows */
    AW_TEXT = 20,   /* type: AW_TEXT_…; the text follows */

    AW_PROBED = 21, /* first: bytes of the heap in use; count: open descriptors below 64, a bit each */
    AW_RACED = 22,  /* first: the first row whose results are not the same in all calls, or UINT64_MAX */

    /* The statistics of the rows first..<first + count follow: `output` doubles for each. With AW_REFUSED, nothing
     * follows. */
    AW_STATISTICS = 23,
    /* output: the number of the aggregation; its JSON follows. */
    AW_AGGREGATE = 24,
    /* Of an AW_SCORER: a statistic, whose name is an AW_TEXT. */
    AW_STATISTIC = 25,
    /* Of an AW_SCORER: an aggregation. first: struct_size */
    AW_AGGREGATION = 26
};

enum { AW_VALIDITY = 1, AW_REFUSED = 2, AW_UNNUMBERED = 4, AW_EMBED = 8, AW_MODERATE = 16 };

enum { AW_TEXT_ID, AW_TEXT_VERSION, AW_TEXT_DESCRIPTION, AW_TEXT_SCHEMA, AW_TEXT_FAULT };

/* What has changed since the worker was started, in AW_TEXT records of AW_PROBE. */
enum {
    AW_TEXT_LOCALE = 32, AW_TEXT_SIGNALS, AW_TEXT_UMASK, AW_TEXT_FOLDER, AW_TEXT_ENVIRONMENT, AW_TEXT_ARITHMETIC
};

static inline uint64_t aw_padded(uint64_t length) { return (length + 7) & ~(uint64_t)7; }

/* `written` and `is_cancelled` are used by both sides at once. */
static inline uint64_t aw_load_written(const aw_output *output) {
    return __atomic_load_n(&output->written, __ATOMIC_ACQUIRE);
}

static inline void aw_store_written(aw_output *output, uint64_t written) {
    __atomic_store_n(&output->written, written, __ATOMIC_RELEASE);
}

static inline uint32_t aw_load_cancelled(const aw_output *output) {
    return __atomic_load_n(&output->is_cancelled, __ATOMIC_RELAXED);
}

static inline void aw_store_cancelled(aw_output *output, uint32_t is_cancelled) {
    __atomic_store_n(&output->is_cancelled, is_cancelled, __ATOMIC_RELAXED);
}

#endif
