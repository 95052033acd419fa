/* debug_host: a small host for one plugin, to run it under a sanitizer or a debugger.
 *
 *     debug_host PLUGIN.so ['{"a parameter": 1}']
 *
 * It makes an instance of each scorer, gives it batches of rows that are unpleasant but allowed (empty texts, very long
 * ones, NUL in a text, nulls, one row, many), answers model requests late, in reverse order, with nonsense and with errors,
 * cancels calls, and frees everything. Each text lies in memory of its own, without a byte behind it, so that
 * AddressSanitizer sees every read beyond an end. It says what the plugin does wrong, and ends with status 1 if it did.
 *
 * It is no substitute for the engine: it makes no instance with the host's older or newer versions, and loads one plugin.
 */
#include "assay_scorer_kit.h"

#include <dlfcn.h>
#include <math.h>

enum { MAX_ROWS = 300, MAX_OUTPUTS = 16, MAX_REQUESTS = 4096 };

static int n_faults;

static void fault(const char *scorer, const char *what) {
    fprintf(stderr, "fault: %s: %s\n", scorer, what);
    n_faults++;
}

/* ---------------------------------------------------------------- the host's side of a call */

struct assay_call {
    const assay_scorer *scorer;
    uint64_t n_rows;
    uint64_t cells[MAX_ROWS][MAX_OUTPUTS]; /* hashes of what was given, 0: nothing */
    int32_t outcomes[MAX_ROWS];
    uint64_t open_tags[MAX_REQUESTS];
    uint64_t open_hashes[MAX_REQUESTS]; /* of the requests' texts: what the replies depend on */
    uint64_t n_open;
    int until_cancelled; /* how often is_cancelled still says no; -1: always */
};

struct assay_creation {
    int n_rejections;
    bool is_loud;
};

static uint64_t hash(const void *bytes, size_t count, uint64_t seed) {
    uint64_t value = seed ^ 0xCBF29CE484222325u; /* FNV-1a */
    for (size_t i = 0; i < count; i++) value = (value ^ ((const unsigned char *)bytes)[i]) * 0x100000001B3u;
    return value | 1;
}

static bool is_utf8(assay_str text) {
    const unsigned char *at = (const unsigned char *)text.ptr, *end = at + text.len;
    while (at < end) {
        const int length = *at < 0x80 ? 1 : *at >= 0xC2 && *at < 0xE0 ? 2 : *at >= 0xE0 && *at < 0xF0 ? 3
                           : *at >= 0xF0 && *at < 0xF5                ? 4
                                                                      : 0;
        if (length == 0 || end - at < length) return false;
        for (int i = 1; i < length; i++)
            if ((at[i] & 0xC0) != 0x80) return false;
        at += length;
    }
    return true;
}

static void write_log(const assay_host *host, int32_t severity, assay_str message) {
    (void)host;
    fprintf(stderr, "log %d: %.*s\n", severity, (int)message.len, message.ptr);
}

static void reject(const assay_host *host, assay_creation *creation, assay_str pointer, assay_str message) {
    (void)host;
    creation->n_rejections++;
    if (creation->is_loud)
        fprintf(stderr, "rejected: %.*s: %.*s\n", (int)pointer.len, pointer.ptr, (int)message.len, message.ptr);
    if (!is_utf8(pointer) || !is_utf8(message)) fault("reject", "a text is not UTF-8");
}

static uint32_t type_of_output(const assay_call *call, uint32_t output) {
    for (uint32_t i = 0; call->scorer->outputs[i] != NULL; i++)
        if (i == output) return call->scorer->outputs[i]->type;
    return 0;
}

static assay_status emit(const assay_host *host, assay_call *call, uint32_t output, uint64_t first, uint64_t n_rows,
                         const assay_column *values) {
    (void)host;
    if (output >= MAX_OUTPUTS || type_of_output(call, output) != values->type || first > call->n_rows ||
        n_rows > call->n_rows - first) {
        fault(call->scorer->id, "gave an output, type or row that is not there");
        return ASSAY_E_INVALID;
    }
    for (uint64_t i = 0; i < n_rows; i++) {
        uint64_t *cell = &call->cells[first + i][output];
        *cell = 0;
        if (values->validity != NULL && (values->validity[i / 8] >> (i % 8) & 1) == 0) continue;
        const void *value = values->values;
        if (values->type == ASSAY_TYPE_STR || values->type == ASSAY_TYPE_JSON) {
            const assay_str text = ((const assay_str *)value)[i];
            if (!is_utf8(text)) fault(call->scorer->id, "gave a text that is not UTF-8");
            *cell = hash(text.ptr, text.len, values->type);
        } else if (values->type == ASSAY_TYPE_BOOL) {
            *cell = hash((const uint8_t *)value + i, 1, values->type);
        } else {
            const double number = ((const double *)value)[i];
            if (values->type == ASSAY_TYPE_F64 && !isfinite(number)) fault(call->scorer->id, "gave no finite number");
            *cell = hash((const char *)value + 8 * i, 8, values->type);
        }
    }
    return ASSAY_OK;
}

static assay_status fail(const assay_host *host, assay_call *call, int64_t row, int32_t outcome, assay_str message) {
    (void)host;
    if (row < -1 || row >= (int64_t)call->n_rows || outcome < 1 || outcome > 7 || outcome == 6) {
        fault(call->scorer->id, "failed a row that is not there, or in no allowed way");
        return ASSAY_E_INVALID;
    }
    if (!is_utf8(message)) fault(call->scorer->id, "gave a reason that is not UTF-8");
    for (uint64_t i = 0; i < call->n_rows; i++)
        if (row == (int64_t)i || (row == -1 && call->cells[i][0] == 0)) call->outcomes[i] = outcome;
    return ASSAY_OK;
}

static int32_t is_cancelled(const assay_host *host, const assay_call *call) {
    (void)host;
    assay_call *changed = (assay_call *)call; /* it is this file's own */
    return changed->until_cancelled >= 0 && changed->until_cancelled-- == 0;
}

static uint32_t count_statistics(const assay_scorer *scorer) {
    uint32_t count = 0;
    if (ASSAY_HAS(scorer, assay_scorer, aggregations))
        while (scorer->statistics != NULL && scorer->statistics[count] != NULL) count++;
    return count;
}

/* The sums of the statistics of all rows that were set, for finalize. */
static double sums[ASSAY_MAX_STATISTICS];

static assay_status emit_statistics(const assay_host *host, assay_call *call, uint64_t first_row, uint64_t n_rows,
                                    const double *numbers) {
    (void)host;
    const uint32_t count = count_statistics(call->scorer);
    bool is_valid = count > 0 && numbers != NULL && first_row + n_rows <= call->n_rows;
    for (uint64_t i = 0; is_valid && i < n_rows * count; i++) {
        is_valid = fabs(numbers[i]) <= ASSAY_MAX_STATISTIC;
        if (is_valid) sums[i % count] += numbers[i];
    }
    if (!is_valid) fault(call->scorer->id, "set statistics that it does not declare, of no row, or not finite");
    return is_valid ? ASSAY_OK : ASSAY_E_INVALID;
}

struct assay_finalization {
    const assay_scorer *scorer;
};

static assay_status emit_aggregate(const assay_host *host, assay_finalization *finalization, uint32_t aggregation,
                                   assay_str json) {
    (void)host;
    uint32_t count = 0;
    while (finalization->scorer->aggregations[count] != NULL) count++;
    assay_str object;
    if (aggregation < count && kit_json_read(json, &object, NULL) && kit_json_kind(object) == '{') return ASSAY_OK;
    fault(finalization->scorer->id, "set an aggregation that it does not declare, or not to a JSON object");
    return ASSAY_E_INVALID;
}

static assay_status ask(const assay_host *host, assay_call *call, const assay_request *request) {
    (void)host;
    const assay_str role = request->role, json = request->json;
    const uint64_t tag = request->tag;
    bool is_known = false;
    for (uint32_t i = 0; call->scorer->roles != NULL && call->scorer->roles[i] != NULL; i++)
        is_known |= kit_equal(role, kit_str(call->scorer->roles[i]));
    for (uint64_t i = 0; i < call->n_open; i++) is_known &= call->open_tags[i] != tag;
    if (!is_known || !is_utf8(json) || kit_json_kind(json) != '{') {
        fault(call->scorer->id, "asked a role that it does not declare, with a tag in use, or no object");
        return ASSAY_E_INVALID;
    }
    if (call->n_open == MAX_REQUESTS) return ASSAY_E_RESOURCE;
    call->open_tags[call->n_open] = tag;
    call->open_hashes[call->n_open++] = hash(json.ptr, json.len, request->sample);
    return ASSAY_OK;
}

/* As plugins ask that were built with a header before 1.2. */
static assay_status request(const assay_host *host, assay_call *call, uint64_t tag, assay_str role, assay_str json) {
    const assay_request made = {.struct_size = sizeof made, .tag = tag, .role = role, .json = json};
    return ask(host, call, &made);
}

static const assay_host_chat chat = {sizeof chat, 0, request, ask};

static const void *get_extension(const assay_host *host, const char *id) {
    (void)host;
    return strcmp(id, ASSAY_EXT_CHAT) == 0 ? &chat : NULL;
}

static const assay_host host = {.struct_size = sizeof host,
                                .abi_major = ASSAY_ABI_MAJOR,
                                .abi_minor = ASSAY_ABI_MINOR,
                                .log = write_log,
                                .reject = reject,
                                .emit = emit,
                                .fail = fail,
                                .is_cancelled = is_cancelled,
                                .get_extension = get_extension,
                                .emit_statistics = emit_statistics,
                                .emit_aggregate = emit_aggregate};

/* ---------------------------------------------------------------- rows */

static const char *const texts[] = {
    "", "yes", "a", " \t\r\n ", "light, carbon fixation and chlorophyll", "\"18\"", "{\"a\": [1, {}]}", "{{{{[[[[\"\\",
    "caf\xC3\xA9 \xF0\x9F\x98\x80 \xE2\x80\xA8", "I call {\"name\": \"f\", \"arguments\": {\"x\": 1}}", "%s%n{0}\\u0000"};
static const char *const values[] = {
    "\"\"", "18", "-1.5e300", "true", "[]", "{}", "[\"a\", \"b\"]", "\"\\ud83d\\ude00 \\u0000 \\\" \\n\"",
    "{\"name\": \"f\", \"arguments\": {\"x\": 1.0}}", "{\"a\": {\"b\": [[[[[[[[null]]]]]]]]}}", "\"{\\\"name\\\": 1}\""};

static assay_str copy(const char *bytes, size_t count) {
    char *memory = malloc(count == 0 ? 1 : count);
    memcpy(memory, bytes, count);
    return kit_bytes(memory, count);
}

/* The text of a row, or its JSON, always the same for the same row. Now and then it is long. */
static assay_str make_text(uint64_t row, uint32_t column, bool is_json) {
    const uint64_t pick = row * 7 + column * 3;
    if (row % 101 == 50 || row % 211 == 3) {
        const size_t length = row % 211 == 3 && column == 0 ? 1 << 20 : 3000;
        char *memory = malloc(length);
        for (size_t i = 0; i < length; i++) memory[i] = "the quick brown {fox} "[(i * (1 + column)) % 22];
        if (is_json) memory[0] = memory[length - 1] = '"';
        return kit_bytes(memory, length);
    }
    if (!is_json && row % 23 == 9) return copy("NUL \0 in a text", 15);
    const char *text = is_json ? values[pick % (sizeof values / sizeof *values)]
                               : texts[pick % (sizeof texts / sizeof *texts)];
    return copy(text, strlen(text));
}

typedef struct cells {
    assay_column column;
    uint64_t n_texts;
} cells;

static void make_cells(cells *made, const assay_column_spec *spec, uint32_t index, uint64_t first, uint64_t n_rows) {
    memset(made, 0, sizeof *made);
    made->column.struct_size = sizeof made->column;
    made->column.type = spec->type;
    uint8_t *validity = calloc((n_rows + 7) / 8, 1);
    int64_t *offsets = calloc(n_rows + 1, sizeof *offsets);
    const bool is_list = spec->type == ASSAY_TYPE_LIST_STR;
    for (uint64_t i = 0; i < n_rows; i++) offsets[i + 1] = offsets[i] + (is_list ? (int64_t)((first + i) % 4) : 1);
    const uint64_t count = (uint64_t)offsets[n_rows];
    const bool is_text = is_list || spec->type == ASSAY_TYPE_STR || spec->type == ASSAY_TYPE_JSON;
    assay_str *strings = is_text ? calloc(count == 0 ? 1 : count, sizeof *strings) : NULL;
    uint8_t *bytes = is_text ? NULL : calloc(count, spec->type == ASSAY_TYPE_BOOL ? 1 : 8);
    for (uint64_t i = 0; i < n_rows; i++) {
        const uint64_t row = first + i;
        if ((spec->flags & ASSAY_COLUMN_OPTIONAL) == 0 || (row + index) % 3 != 0) validity[i / 8] |= 1 << (i % 8);
        for (int64_t k = offsets[i]; is_text && k < offsets[i + 1]; k++)
            strings[k] = make_text(row + 5 * (uint64_t)(k - offsets[i]), index, spec->type == ASSAY_TYPE_JSON);
        if (spec->type == ASSAY_TYPE_F64) ((double *)(void *)bytes)[i] = row % 5 == 0 ? -1e300 : (double)row / 3;
        if (spec->type == ASSAY_TYPE_I64) ((int64_t *)(void *)bytes)[i] = row % 5 == 0 ? INT64_MIN : (int64_t)row;
        if (spec->type == ASSAY_TYPE_BOOL) bytes[i] = row % 2;
    }
    made->n_texts = is_text ? count : 0;
    made->column.values = is_text ? (void *)strings : (void *)bytes;
    made->column.list_offsets = is_list ? offsets : NULL;
    if (!is_list) free(offsets);
    made->column.validity = (spec->flags & ASSAY_COLUMN_OPTIONAL) != 0 ? validity : NULL;
    if (made->column.validity == NULL) free(validity);
}

static void free_cells(cells *made) {
    for (uint64_t i = 0; i < made->n_texts; i++) free((char *)((const assay_str *)made->column.values)[i].ptr);
    free((void *)made->column.values);
    free((void *)made->column.list_offsets);
    free((void *)made->column.validity);
}

/* ---------------------------------------------------------------- calls */

static assay_status reply_to(const assay_plugin *plugin, void *self, assay_call *call, void **state,
                             const assay_batch *batch, uint64_t count) {
    static const char *const said[] = {"yes", "No.", "", "{\"score\": 3}", "Total rating: 7", "\xF0\x9F\x98\x80 maybe"};
    assay_reply replies[MAX_REQUESTS];
    const assay_reply *pointers[MAX_REQUESTS] = {NULL};
    for (uint64_t i = 0; i < count; i++) {
        /* The last request is answered first. */
        const uint64_t request_hash = call->open_hashes[--call->n_open] >> 8;
        const char *text = said[request_hash % 6];
        replies[i] = (assay_reply){.struct_size = sizeof *replies, .tag = call->open_tags[call->n_open]};
        if (request_hash % 7 == 3) replies[i].status = ASSAY_E_TIMEOUT, text = "it took too long";
        if (request_hash % 7 == 5) replies[i].status = ASSAY_E_CANCELLED, text = "the run was stopped";
        replies[i].text = copy(text, strlen(text));
        if (replies[i].status == ASSAY_OK) replies[i].finish_reason = kit_str(request_hash % 5 == 2 ? "length" : "stop");
        pointers[i] = &replies[i];
    }
    const assay_status status = plugin->step(self, call, state, ASSAY_STEP_REPLIES, batch, pointers, count);
    for (uint64_t i = 0; i < count; i++) free((char *)replies[i].text.ptr);
    return status;
}

enum mode { TO_ITS_END, CANCELLED_IN_STEP, CANCELLED_BETWEEN_STEPS };

static void run(const assay_plugin *plugin, const assay_scorer *scorer, void *self, uint64_t first, uint64_t n_rows,
                enum mode mode, assay_call *call) {
    memset(call, 0, sizeof *call);
    call->scorer = scorer;
    call->n_rows = n_rows;
    call->until_cancelled = mode == CANCELLED_IN_STEP ? 1 : -1;
    uint32_t n_columns = 0;
    while (scorer->inputs != NULL && scorer->inputs[n_columns] != NULL) n_columns++;
    cells *columns = calloc(n_columns + 1, sizeof *columns);
    const assay_column **pointers = calloc(n_columns + 1, sizeof *pointers);
    for (uint32_t i = 0; i < n_columns; i++) {
        make_cells(&columns[i], scorer->inputs[i], i, first, n_rows);
        pointers[i] = &columns[i].column;
    }
    const assay_batch batch = {sizeof batch, n_columns, n_rows, pointers};
    void *state = NULL;
    assay_status status = plugin->step(self, call, &state, ASSAY_STEP_START, &batch, NULL, 0);
    while (status == ASSAY_PENDING && mode != CANCELLED_BETWEEN_STEPS) {
        if (call->n_open == 0) {
            fault(scorer->id, "waits for replies, but has asked nothing");
            break;
        }
        status = reply_to(plugin, self, call, &state, &batch, call->n_open > 4 ? call->n_open / 2 : 1);
    }
    if (plugin->call_free != NULL) plugin->call_free(self, call, state);
    if (mode == TO_ITS_END) {
        if (status != ASSAY_OK) fault(scorer->id, "gave up on a batch");
        uint32_t score = 0;
        while (scorer->outputs[score] != NULL && strcmp(scorer->outputs[score]->name, "score") != 0) score++;
        for (uint64_t i = 0; i < n_rows; i++)
            if (call->cells[i][score] == 0 && call->outcomes[i] == 0) fault(scorer->id, "a row has neither score nor reason");
    }
    for (uint32_t i = 0; i < n_columns; i++) free_cells(&columns[i]);
    free(columns);
    free(pointers);
}

/* ---------------------------------------------------------------- instances */

static void *make(const assay_plugin *plugin, const assay_scorer *scorer, const char *params, assay_creation *creation) {
    kit_buffer config = kit_empty();
    kit_append(&config, kit_str("{\"identifier\": \"debug::scorer\", \"return_type\": {\"type\": \"number\"}, \"params\": "));
    kit_append(&config, kit_str(params));
    kit_append(&config, kit_str("}"));
    /* Without the spare room behind it. */
    const assay_str exact = copy(config.bytes, config.length);
    void *self = NULL;
    const assay_status status = plugin->create(scorer, &host, creation, exact, &self);
    free((char *)exact.ptr);
    kit_free(&config);
    if (status != ASSAY_OK && creation->n_rejections == 0) fault(scorer->id, "cannot be made, and does not say why");
    return status == ASSAY_OK ? self : NULL;
}

static void try_scorer(const assay_plugin *plugin, const assay_scorer *offered, const char *params) {
    assay_creation unknown = {0, false}, known = {0, true};
    void *self = make(plugin, offered, "{\"no such parameter\": [1, {\"a\": null}]}", &unknown);
    if (unknown.n_rejections == 0) {
        fault(offered->id, "takes a parameter that it cannot know");
        plugin->destroy(self);
    }
    self = make(plugin, offered, params, &known);
    if (known.n_rejections > 0) {
        fault(offered->id, "rejects the parameters; give it others");
        return;
    }
    const assay_scorer *scorer = plugin->describe == NULL ? offered : plugin->describe(self);
    memset(sums, 0, sizeof sums);
    assay_call *many = malloc(sizeof *many), *one = malloc(sizeof *one);
    run(plugin, scorer, self, 0, MAX_ROWS, TO_ITS_END, many);
    for (uint64_t row = 0; row < MAX_ROWS; row++) {
        run(plugin, scorer, self, row, 1, TO_ITS_END, one);
        if (memcmp(one->cells[0], many->cells[row], sizeof one->cells[0]) != 0 || one->outcomes[0] != many->outcomes[row])
            fault(scorer->id, "a row's results depend on the rows beside it");
    }
    if (count_statistics(scorer) > 0) {
        uint64_t n_scored = 0;
        for (uint64_t row = 0; row < MAX_ROWS; row++) n_scored += many->outcomes[row] == 0;
        assay_finalization finalization = {scorer};
        const assay_sums all = {sizeof all, count_statistics(scorer), n_scored == 0 ? 1 : n_scored, sums};
        if (plugin->finalize(self, &finalization, &all) != ASSAY_OK) fault(scorer->id, "finalize failed");
    }
    run(plugin, scorer, self, 0, MAX_ROWS, CANCELLED_IN_STEP, many);
    run(plugin, scorer, self, 0, MAX_ROWS, CANCELLED_BETWEEN_STEPS, many);
    free(many);
    free(one);
    plugin->destroy(self);
    fprintf(stderr, "%s: %d faults\n", offered->id, n_faults);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: debug_host PLUGIN.so [PARAMETERS]\n");
        return 64;
    }
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    void *symbol = library == NULL ? NULL : dlsym(library, "assay_plugin_entry");
    if (symbol == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    assay_plugin_entry_function entry;
    memcpy(&entry, &symbol, sizeof entry);
    const assay_plugin *plugin = entry(ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR);
    if (plugin == NULL || entry(ASSAY_ABI_MAJOR + 1, 0) != NULL) {
        fprintf(stderr, "the plugin must work with version %u, and refuse the next\n", ASSAY_ABI_MAJOR);
        return 1;
    }
    for (const assay_scorer *const *scorer = plugin->scorers; *scorer != NULL; scorer++)
        try_scorer(plugin, *scorer, argc > 2 ? argv[2] : "{}");
    return n_faults == 0 ? 0 : 1;
}
