/* assay-plugin-worker: runs one plugin that nobody has to trust. See worker_protocol.h. */
#ifndef ASSAY_PLUGIN_WORKER_H
#define ASSAY_PLUGIN_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay_scorer_plugin.h"
#include "worker_protocol.h"

/* ---------------------------------------------------------------- sandbox.c */

/* Gives up whatever a scorer does not need, for good. `plugin` may still be loaded afterwards. Returns NULL, or what could
 * not be given up, in words. */
const char *enter_sandbox(const char *plugin, uint64_t address_space);

/* What failed, and why: errno. */
const char *failed(const char *what);

/* ---------------------------------------------------------------- files.c, system_calls.c: parts of the sandbox */

const char *restrict_files(const char *plugin);
const char *restrict_system_calls(void);

/* ---------------------------------------------------------------- channel.c: messages */

/* Waits for a command, and ends the process when there is no host any more. *descriptor is that of a new segment, or -1. */
void receive_command(aw_message *command, int *descriptor);

/* Answers the command of this serial. */
void send_answer(uint32_t kind, int32_t status, uint64_t serial, uint64_t length);

/* ---------------------------------------------------------------- segments.c */

/* The memory of a command's segment, mapped when it is new. */
const void *segment_memory(const aw_message *command, int descriptor);
void forget_segment(uint64_t segment);

/* ---------------------------------------------------------------- output.c: records */

void open_output(void);

/* The records that follow belong to the command of this serial. */
void begin_output(uint64_t serial);

/* Ends the answer; the records written belong to it. */
void end_output(int32_t status);

/* A part of what follows a record. */
typedef struct part {
    const void *bytes;
    uint64_t length;
} part;

/* Writes a record and what follows it. On the main thread, while a command is run. */
void write_record(aw_record record, const part *parts, size_t n_parts);

/* The same in steps. `length` is that of all parts together. */
void open_record(aw_record record);
void add_to_record(part part);
void close_record(aw_record record);

/* Adds 8-byte cells to the last record if that is one of the rows before them. Returns whether it was. */
bool extend_record(const aw_record *record, const void *cells);

/* Writes a record from any thread at any time. It may come late, and is dropped where too many wait already. */
void post_record(aw_record record, const void *bytes);

/* Writes AW_TEXT, unless the text is NULL. */
void write_text(uint32_t what, const char *text);

bool nobody_wants_results(void);

/* ---------------------------------------------------------------- tables.c */

void write_plugin(const assay_plugin *plugin);
void write_scorer(const assay_scorer *scorer);

/* ---------------------------------------------------------------- probe.c */

/* Keeps what the process is like before the plugin is loaded, and tells what has changed. */
void begin_probing(void);
int32_t probe(void);

/* ---------------------------------------------------------------- tags.c: a set of numbers */

typedef struct tag_set {
    uint64_t *slots; /* tag + 1, 0 where empty; tags of UINT64_MAX are in `has_last` */
    size_t capacity, count;
    bool has_last;
} tag_set;

bool add_tag(tag_set *set, uint64_t tag);
void remove_tag(tag_set *set, uint64_t tag);
void free_tags(tag_set *set);

/* ---------------------------------------------------------------- calls.c */

typedef struct instance {
    uint64_t number;
    void *self;
    const assay_scorer *description;
    struct instance *next;
} instance;

/* What the plugin sees as an assay_call. */
typedef struct call {
    uint64_t number;
    const instance *instance;
    void *state;
    assay_batch batch;
    tag_set open_tags;
    uint64_t *captured; /* of AW_RACE: a number for each cell of each output, then for the statistics of each row, then for
                         * each row that failed; else NULL */
    void *memory; /* the structs that the batch points to */
    struct call *next;
} call;

/* Makes the batch of a segment, which has to stay as it is until the call is dropped. */
call *make_call(uint64_t number, const instance *instance, const void *segment);
void drop_call(call *call);

/* The replies of a segment, in memory that the next call of this function uses again. */
const assay_reply *const *make_replies(const void *segment, uint64_t count);

/* ---------------------------------------------------------------- race.c */

int32_t race(const assay_plugin *plugin, const instance *instance, const void *segment, uint64_t count);

/* What a call of AW_RACE gives. */
void capture_cells(const call *call, uint32_t output, uint64_t first, uint64_t n_rows, const assay_column *cells);
void capture_statistics(const call *call, uint64_t first, uint64_t n_rows, uint64_t width, const double *values);
void capture_failure(const call *call, int64_t row, int32_t outcome);

/* ---------------------------------------------------------------- services.c: what the plugin may call */

extern const assay_host services;

/* The call whose step, the creation whose create, or the finalization whose finalize, runs on this thread. */
extern _Thread_local call *running_call;
extern _Thread_local const assay_creation *running_creation;
extern _Thread_local const assay_finalization *running_finalization;

/* malloc that ends the process where there is no memory: the worker's own needs are small, so the plugin has taken all. */
void *take_memory(size_t size);

#endif
