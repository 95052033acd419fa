#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "worker.h"

static aw_output *output;
static uint64_t running_serial;
/* Where the next byte goes. */
static uint64_t position;
/* Where the last record begins, if it is whole and cells may be added to it; else UINT64_MAX. */
static uint64_t last_record = UINT64_MAX;
/* Where the record that is being written begins, unless it was flushed in parts. */
static uint64_t record_start;
static bool was_flushed;

/* Records of other threads, and of times when no command is run. */
static pthread_mutex_t posted_lock = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(8) uint8_t posted[64 << 10];
static uint64_t posted_length;

void *take_memory(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) abort();
    return memory;
}

void open_output(void) {
    void *memory = mmap(NULL, AW_OUTPUT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, AW_OUTPUT, 0);
    if (memory == MAP_FAILED) _exit(1);
    close(AW_OUTPUT);
    output = memory;
}

/* ---------------------------------------------------------------- the stream */

static void flush(void) {
    aw_store_written(output, 0);
    send_answer(AW_FULL, 0, running_serial, position);
    aw_message go;
    int descriptor;
    receive_command(&go, &descriptor);
    position = 0;
    was_flushed = true;
}

static void put(const void *bytes, uint64_t length) {
    const uint8_t *from = bytes;
    while (length) {
        if (position == AW_OUTPUT_CAPACITY) flush();
        const uint64_t room = AW_OUTPUT_CAPACITY - position;
        const uint64_t now = length < room ? length : room;
        memcpy(output->bytes + position, from, now);
        position += now;
        from += now;
        length -= now;
    }
}

void open_record(aw_record record) {
    record_start = position;
    was_flushed = false;
    put(&record, sizeof record);
}

void add_to_record(part part) { put(part.bytes, part.length); }

void close_record(aw_record record) {
    static const uint64_t zero;
    put(&zero, aw_padded(record.length) - record.length);
    last_record = !was_flushed && record.kind == AW_EMIT && record.flags == 0 ? record_start : UINT64_MAX;
    aw_store_written(output, position);
}

void write_record(aw_record record, const part *parts, size_t n_parts) {
    record.length = 0;
    for (size_t i = 0; i < n_parts; i++) record.length += parts[i].length;
    open_record(record);
    for (size_t i = 0; i < n_parts; i++) add_to_record(parts[i]);
    close_record(record);
}

bool extend_record(const aw_record *record, const void *cells) {
    if (last_record == UINT64_MAX) return false;
    aw_record *last = (aw_record *)(output->bytes + last_record);
    const uint64_t length = 8 * record->count;
    if (last->output != record->output || last->type != record->type || last->first + last->count != record->first
        || length > AW_OUTPUT_CAPACITY - position)
        return false;
    memcpy(output->bytes + position, cells, length);
    last->count += record->count;
    last->length += length;
    position += length;
    aw_store_written(output, position);
    return true;
}

void write_text(uint32_t what, const char *text) {
    if (!text) return;
    const part bytes = {text, strlen(text)};
    write_record((aw_record){.kind = AW_TEXT, .type = what}, &bytes, 1);
}

void post_record(aw_record record, const void *bytes) {
    const uint64_t size = sizeof record + aw_padded(record.length);
    pthread_mutex_lock(&posted_lock);
    if (size <= sizeof posted - posted_length) {
        memcpy(posted + posted_length, &record, sizeof record);
        if (record.length) memcpy(posted + posted_length + sizeof record, bytes, record.length);
        posted_length += size;
    }
    pthread_mutex_unlock(&posted_lock);
}

static void write_posted(void) {
    pthread_mutex_lock(&posted_lock);
    for (uint64_t place = 0; place < posted_length;) {
        aw_record record;
        memcpy(&record, posted + place, sizeof record);
        const part rest = {posted + place + sizeof record, record.length};
        write_record(record, &rest, 1);
        place += sizeof record + aw_padded(record.length);
    }
    posted_length = 0;
    pthread_mutex_unlock(&posted_lock);
}

void begin_output(uint64_t serial) {
    running_serial = serial;
    position = 0;
    last_record = UINT64_MAX;
    aw_store_written(output, 0);
}

void end_output(int32_t status) {
    write_posted();
    send_answer(AW_DONE, status, running_serial, position);
}

bool nobody_wants_results(void) { return aw_load_cancelled(output) != 0; }
