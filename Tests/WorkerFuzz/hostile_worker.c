/* A worker that answers with anything but what it should: the other side of WorkerFuzz.swift. It is started like
 * assay-plugin-worker. The digits in the plugin's name and its own process id are the seed of all that it does. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

#include "assay_scorer_plugin.h"
#include "worker_protocol.h"

static aw_output *output;
static uint64_t state;
static uint64_t position;

/* xorshift64* (Vigna, 2016). */
static uint64_t random_number(void) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1Du;
}

static uint64_t below(uint64_t limit) { return limit ? random_number() % limit : 0; }
static int chance(uint64_t one_in) { return below(one_in) == 0; }

/* Of how many numbers one is wrong. */
static uint64_t calm = 1000;

/* A number that something may be wrong with. */
static uint64_t odd_number(uint64_t usual) {
    static const uint64_t odd[] = {0, 1, 7, 8, 63, 64, 1023, 1024, 1025, 1 << 16, 1 << 20, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
                                   (uint64_t)1 << 32, (uint64_t)1 << 48, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX - 7, UINT64_MAX};
    if (!chance(calm)) return usual;
    switch (below(4)) {
    case 0: return odd[below(sizeof odd / sizeof *odd)];
    case 1: return usual + below(3) - 1;
    case 2: return random_number();
    default: return below(2048);
    }
}

static void answer(uint32_t kind, int32_t status, uint64_t serial, uint64_t length) {
    aw_message message = {.kind = kind, .status = status, .serial = serial, .length = length};
    size_t size = sizeof message;
    if (chance(400)) size = below(sizeof message + 64);
    char bytes[256] = {0};
    memcpy(bytes, &message, sizeof message);
    if (chance(300)) bytes[below(sizeof message)] ^= (char)(1 << below(8));
    if (write(AW_SOCKET, bytes, size) < 0) _exit(0);
}

static uint64_t serial;
static int descriptor = -1;

static int receive(aw_message *command) {
    union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } control;
    struct iovec place = {command, sizeof *command};
    struct msghdr message = {.msg_iov = &place, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    descriptor = -1;
    if (recvmsg(AW_SOCKET, &message, 0) <= 0) _exit(0);
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header) memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return 0;
}

static void flush(void) {
    aw_message go;
    aw_store_written(output, odd_number(0));
    answer(AW_FULL, 0, serial, odd_number(position));
    receive(&go);
    position = 0;
}

/* The output is full only to its last byte. */
static void put(const void *bytes, uint64_t length) {
    if (length > AW_OUTPUT_CAPACITY) length = AW_OUTPUT_CAPACITY;
    for (const uint8_t *from = bytes; length;) {
        if (position == AW_OUTPUT_CAPACITY) flush();
        const uint64_t room = AW_OUTPUT_CAPACITY - position, now = length < room ? length : room;
        memcpy(output->bytes + position, from, now);
        position += now, from += now, length -= now;
    }
}

/* Says for ever that the output is full, which gives no row: as fast as it is answered, or as it likes. */
static void stay_full(void) {
    const uint64_t length = chance(2) ? AW_OUTPUT_CAPACITY : chance(2) ? 0 : below(AW_OUTPUT_CAPACITY + 2);
    const int waits = chance(2);
    for (;;) {
        const aw_message full = {.kind = AW_FULL, .serial = serial, .length = length};
        if (write(AW_SOCKET, &full, sizeof full) < 0) _exit(0);
        aw_message go;
        if (waits) receive(&go);
    }
}

static void put_odd_bytes(uint64_t length) {
    static const char *const texts[] = {"a", "judge", "\xFF\xFE", "zürich", "\xF0\x9F\x98", "{\"a\": [1, 2", "{\"messages\": []}", "", "\0\0"};
    uint8_t bytes[4096];
    for (uint64_t left = length; left;) {
        const uint64_t now = left < sizeof bytes ? left : sizeof bytes;
        const char *text = texts[below(sizeof texts / sizeof *texts)];
        const uint64_t size = strlen(text);
        for (uint64_t i = 0; i < now; i++) bytes[i] = size && !chance(50) ? (uint8_t)text[i % size] : (uint8_t)random_number();
        put(bytes, now);
        left -= now;
    }
}

static void put_record(aw_record record) {
    record.flags = (uint32_t)odd_number(record.flags);
    record.type = (uint32_t)odd_number(record.type);
    record.output = (uint32_t)odd_number(record.output);
    record.count = odd_number(record.count);
    record.first = odd_number(record.first);
    if (chance(40)) record.length = odd_number(record.length);
    put(&record, sizeof record);
}

static void pad(uint64_t length) {
    static const uint64_t zero;
    put(&zero, aw_padded(length) - length);
}

static void put_text(uint32_t what, const char *text) {
    aw_record record = {.kind = AW_TEXT, .type = what, .length = strlen(text)};
    put_record(record);
    put(text, record.length);
    pad(record.length);
}

static void put_column(uint32_t type, uint32_t is_output, const char *name, uint32_t flags) {
    double range[2] = {0, chance(3) ? (double)random_number() : 0};
    put_record((aw_record){.kind = AW_COLUMN, .first = sizeof(assay_column_spec), .type = type, .flags = flags, .output = is_output, .length = 16});
    put(range, 16);
    put_text(AW_TEXT_ID, name);
    put_text(AW_TEXT_DESCRIPTION, "a column");
}

static void put_scorer(void) {
    put_record((aw_record){.kind = AW_SCORER, .first = sizeof(assay_scorer), .type = (uint32_t)below(3)});
    put_text(AW_TEXT_ID, "fuzz");
    put_text(AW_TEXT_DESCRIPTION, "a scorer");
    put_column(ASSAY_TYPE_STR, 0, "text", 0);
    put_column(ASSAY_TYPE_LIST_STR, 0, "list", ASSAY_COLUMN_OPTIONAL);
    put_column(ASSAY_TYPE_F64, 1, "score", 0);
    put_column(ASSAY_TYPE_STR, 1, "said", 0);
    put_column(ASSAY_TYPE_JSON, 1, "json", 0);
    put_column(ASSAY_TYPE_BOOL, 1, "flag", 0);
    put_column(ASSAY_TYPE_I64, 1, "count", 0);
    const char role[] = "judge";
    put_record((aw_record){.kind = AW_ROLE, .length = 5});
    put(role, 5);
    pad(5);
}

static void put_table(void) {
    put_record((aw_record){.kind = AW_PLUGIN, .first = sizeof(assay_plugin), .count = (uint64_t)ASSAY_ABI_MAJOR << 32 | ASSAY_ABI_MINOR, .flags = 1});
    put_text(AW_TEXT_ID, "org.example.fuzz");
    put_text(AW_TEXT_VERSION, "1");
    put_text(AW_TEXT_DESCRIPTION, "a plugin");
    put_scorer();
}

static void put_emit(uint64_t n_rows) {
    static const uint32_t types[] = {ASSAY_TYPE_F64, ASSAY_TYPE_STR, ASSAY_TYPE_JSON, ASSAY_TYPE_BOOL, ASSAY_TYPE_I64};
    const uint32_t number = (uint32_t)below(5);
    aw_record record = {.kind = AW_EMIT, .type = types[number], .output = number, .first = below(n_rows), .flags = chance(3) ? AW_VALIDITY : 0};
    record.count = 1 + below(n_rows - record.first);
    const uint64_t validity = record.flags ? aw_padded((record.count + 7) / 8) : 0;
    uint64_t lengths[2048], texts = 0;
    if (types[number] == ASSAY_TYPE_STR || types[number] == ASSAY_TYPE_JSON) {
        for (uint64_t i = 0; i < record.count; i++) texts += lengths[i] = chance(100) ? below(20000) : below(20);
        record.length = validity + 8 * record.count + texts;
        if (chance(10)) lengths[below(record.count)] = odd_number(3);
    } else {
        record.length = validity + (types[number] == ASSAY_TYPE_BOOL ? 1 : 8) * record.count;
    }
    put_record(record);
    put_odd_bytes(validity);
    if (texts || types[number] == ASSAY_TYPE_STR || types[number] == ASSAY_TYPE_JSON) {
        put(lengths, 8 * record.count);
        put_odd_bytes(texts);
    } else if (types[number] == ASSAY_TYPE_F64) {
        for (uint64_t i = 0; i < record.count; i++) {
            double value = chance(200) ? 0.0 / (double)below(2) : (double)below(100);
            put(&value, 8);
        }
    } else {
        put_odd_bytes(record.length - validity);
    }
    pad(record.length);
}

static void put_two_texts(uint32_t kind, uint64_t n_rows) {
    const char *role = chance(8) ? "nobody" : "judge";
    const uint64_t length = strlen(role), more = below(200);
    put_record((aw_record){.kind = kind, .first = below(n_rows + 2), .count = length, .length = length + more});
    put(role, length);
    put_odd_bytes(more);
    pad(length + more);
}

static void put_something(uint64_t n_rows) {
    switch (below(10)) {
    case 0: put_two_texts(AW_REQUEST, n_rows); break;
    case 1: put_two_texts(AW_REJECT, n_rows); break;
    case 2: {
        const uint64_t length = below(300);
        put_record((aw_record){.kind = chance(2) ? AW_LOG : AW_FAIL, .type = (uint32_t)below(8), .first = chance(8) ? UINT64_MAX : below(n_rows), .length = length});
        put_odd_bytes(length);
        pad(length);
        break;
    }
    case 3: put_record((aw_record){.kind = AW_MISUSE}); break;
    case 4: if (chance(10)) put_scorer(); break;
    case 5: if (chance(20)) put_odd_bytes(below(500)); break;
    default: put_emit(n_rows);
    }
}

static void *scribble(void *unused) {
    (void)unused;
    uint64_t own = state;
    for (int i = 0; i < 200000; i++) {
        own = own * 6364136223846793005u + 1442695040888963407u;
        ((volatile uint8_t *)output)[(own >> 33) % (1 << 16)] = (uint8_t)(own >> 20);
    }
    return NULL;
}

/* Rows of a batch in a segment that was sent before, or just now. */
static uint64_t rows_of(const aw_message *command) {
    static struct { uint64_t number; const aw_batch *batch; } segments[64];
    const uint64_t slot = command->segment % 64;
    if (command->segment_size && descriptor >= 0) {
        void *memory = mmap(NULL, command->segment_size, PROT_READ, MAP_SHARED, descriptor, 0);
        close(descriptor);
        if (memory == MAP_FAILED) return 1;
        segments[slot].number = command->segment;
        segments[slot].batch = memory;
    }
    if (command->kind != AW_START || segments[slot].number != command->segment) return 1;
    const uint64_t n_rows = segments[slot].batch->n_rows;
    return n_rows && n_rows <= 2000 ? n_rows : 1;
}

int main(int count, char **arguments) {
    if (count != 5) return 64;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (const char *c = arguments[4]; *c; c++) state = state * 131 + (unsigned char)*c;
    state = (state ^ (uint64_t)getpid() * 0x9E3779B97F4A7C15u) | 1;
    output = mmap(NULL, AW_OUTPUT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, AW_OUTPUT, 0);
    if (output == MAP_FAILED) return 1;
    if (chance(10)) calm = 30;
    put_table();
    if (chance(200)) put_odd_bytes(below(100));
    aw_store_written(output, odd_number(position));
    answer(AW_DONE, (int32_t)odd_number(0), 0, odd_number(position));
    static const uint64_t levels[] = {5, 30, 200, 1000, 5000};
    uint64_t n_rows = 1;
    for (;;) {
        aw_message command;
        receive(&command);
        const uint64_t rows = rows_of(&command);
        if (command.kind == AW_FORGET) continue;
        if (command.kind == AW_START) n_rows = rows;
        serial = command.serial;
        position = 0;
        calm = levels[below(5)];
        if (chance(100)) {
            pthread_t thread;
            if (pthread_create(&thread, NULL, scribble, NULL) == 0) pthread_detach(thread);
        }
        if (command.kind == AW_CREATE) {
            if (chance(2)) put_scorer();
        } else {
            for (uint64_t left = below(chance(20) ? 400 : 12); left; left--) put_something(n_rows);
        }
        if (chance(100)) output->bytes[below(position + 1)] ^= (uint8_t)(1 << below(8));
        aw_store_written(output, chance(4) ? odd_number(position) : position);
        switch (below(600)) {
        case 0: abort();
        case 1: exit((int)below(256));
        case 2: close(AW_SOCKET); pause(); break;
        case 3: if (chance(10)) pause(); break;
        case 4: if (write(1, "some\nlines\n", 11) < 0) _exit(1); break;
        case 6: if (chance(5)) stay_full(); break;
        case 5: answer((uint32_t)odd_number(AW_DONE), (int32_t)below(3), serial, odd_number(position)); break;
        default: break;
        }
        const int32_t status = command.kind == AW_CREATE ? (chance(20) ? -1 : 0) : chance(3) ? 1 : chance(20) ? (int32_t)odd_number(0) : 0;
        answer(AW_DONE, status, odd_number(serial), odd_number(position));
    }
}
