#include <math.h>
#include <string.h>

#include "worker.h"

_Thread_local call *running_call;
_Thread_local const assay_creation *running_creation;
_Thread_local const assay_finalization *running_finalization;

/* The host repeats every check that is made here, and puts into words what is wrong: this side only has to tell the plugin
 * at once what it would hear from a host in its own process. */

static bool is_running(const assay_call *token) {
    if (!token) return false;
    if ((const call *)token == running_call) return true;
    post_record((aw_record){.kind = AW_MISUSE}, NULL);
    return false;
}

static uint64_t shortened(uint64_t length) {
    const uint64_t most = 16 << 10;
    return length < most ? length : most;
}

static void host_log(const assay_host *host, int32_t severity, assay_str message) {
    (void)host;
    const aw_record record = {.kind = AW_LOG, .type = (uint32_t)severity, .length = shortened(message.len)};
    if ((running_call && !running_call->captured) || running_creation || running_finalization) {
        const part text = {message.ptr, record.length};
        write_record(record, &text, 1);
    } else {
        post_record(record, message.ptr);
    }
}

static void host_reject(const assay_host *host, assay_creation *creation, assay_str pointer, assay_str message) {
    (void)host;
    if (!creation || creation != running_creation) return;
    const part parts[2] = {{pointer.ptr, shortened(pointer.len)}, {message.ptr, shortened(message.len)}};
    write_record((aw_record){.kind = AW_REJECT, .count = parts[0].length}, parts, 2);
}

static const assay_column_spec *output_number(const assay_scorer *scorer, uint32_t number) {
    const assay_column_spec *const *output = scorer->outputs;
    while (output && *output && number > 0) output++, number--;
    return output ? *output : NULL;
}

static bool has_value(const assay_column *cells, uint64_t index) {
    return !cells->validity || (cells->validity[index >> 3] >> (index & 7) & 1);
}

static bool are_finite(const assay_column *cells, uint64_t n_rows) {
    const double *numbers = cells->values;
    for (uint64_t i = 0; i < n_rows; i++)
        if (!isfinite(numbers[i]) && has_value(cells, i)) return false;
    return true;
}

static void write_texts(aw_record record, const part validity[2], const assay_column *cells) {
    enum { MANY = 256 };
    const assay_str *texts = cells->values;
    /* The lengths stand before the texts, so the texts are gone through twice; many at a time. */
    record.length = validity[0].length + validity[1].length + 8 * record.count;
    for (uint64_t i = 0; i < record.count; i++)
        if (has_value(cells, i)) record.length += texts[i].len;
    open_record(record);
    add_to_record(validity[0]);
    add_to_record(validity[1]);
    uint64_t lengths[MANY];
    for (uint64_t start = 0; start < record.count; start += MANY) {
        const uint64_t n = record.count - start < MANY ? record.count - start : MANY;
        for (uint64_t i = 0; i < n; i++) lengths[i] = has_value(cells, start + i) ? texts[start + i].len : 0;
        add_to_record((part){lengths, 8 * n});
    }
    for (uint64_t i = 0; i < record.count; i++)
        if (has_value(cells, i)) add_to_record((part){texts[i].ptr, texts[i].len});
    close_record(record);
}

static assay_status host_emit(const assay_host *host, assay_call *token, uint32_t number, uint64_t first, uint64_t n_rows,
                              const assay_column *cells) {
    (void)host;
    if (!is_running(token)) return ASSAY_E_INVALID;
    const call *call = (struct call *)token;
    const assay_column_spec *output = output_number(call->instance->description, number);
    aw_record record = {.kind = AW_EMIT, .type = cells ? cells->type : 0, .output = number, .first = first, .count = n_rows};
    const bool is_valid = output && cells && first <= call->batch.n_rows && n_rows <= call->batch.n_rows - first
        && cells->type == output->type && cells->values
        && (cells->type != ASSAY_TYPE_F64 || are_finite(cells, n_rows));
    if (!is_valid) {
        record.flags = AW_REFUSED;
        if (!call->captured) write_record(record, NULL, 0);
        return ASSAY_E_INVALID;
    }
    if (n_rows == 0) return ASSAY_OK;
    if (call->captured) {
        capture_cells(call, number, first, n_rows, cells);
        return ASSAY_OK;
    }
    static const uint64_t zero;
    const bool has_long_cells = cells->type == ASSAY_TYPE_F64 || cells->type == ASSAY_TYPE_I64;
    if (!cells->validity && has_long_cells && extend_record(&record, cells->values)) return ASSAY_OK;
    part parts[3] = {0};
    if (cells->validity) {
        record.flags = AW_VALIDITY;
        parts[0] = (part){cells->validity, (n_rows + 7) / 8};
        parts[1] = (part){&zero, aw_padded(parts[0].length) - parts[0].length};
    }
    if (has_long_cells || cells->type == ASSAY_TYPE_BOOL) {
        parts[2] = (part){cells->values, has_long_cells ? 8 * n_rows : n_rows};
        write_record(record, parts, 3);
    } else {
        write_texts(record, parts, cells);
    }
    return ASSAY_OK;
}

static uint64_t statistic_count(const assay_scorer *scorer) {
    uint64_t count = 0;
    if (ASSAY_HAS(scorer, assay_scorer, statistics))
        while (scorer->statistics && scorer->statistics[count]) count++;
    return count;
}

static bool are_statistics(const double *values, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        if (!(fabs(values[i]) <= ASSAY_MAX_STATISTIC)) return false;
    return true;
}

static assay_status host_emit_statistics(const assay_host *host, assay_call *token, uint64_t first, uint64_t n_rows,
                                         const double *values) {
    (void)host;
    if (!is_running(token)) return ASSAY_E_INVALID;
    const call *call = (struct call *)token;
    const uint64_t width = statistic_count(call->instance->description);
    aw_record record = {.kind = AW_STATISTICS, .output = (uint32_t)width, .first = first, .count = n_rows};
    const bool is_valid = width && values && first <= call->batch.n_rows && n_rows <= call->batch.n_rows - first
        && are_statistics(values, n_rows * width);
    if (!is_valid) {
        record.flags = AW_REFUSED;
        record.type = values != NULL;
        if (!call->captured) write_record(record, NULL, 0);
        return ASSAY_E_INVALID;
    }
    if (n_rows == 0) return ASSAY_OK;
    const part numbers = {values, 8 * n_rows * width};
    if (call->captured)
        capture_statistics(call, first, n_rows, width, values);
    else
        write_record(record, &numbers, 1);
    return ASSAY_OK;
}

static assay_status host_emit_aggregate(const assay_host *host, assay_finalization *token, uint32_t aggregation,
                                        assay_str json) {
    (void)host;
    if (!token || token != running_finalization) return ASSAY_E_INVALID;
    const part text = {json.ptr, json.len};
    write_record((aw_record){.kind = AW_AGGREGATE, .output = aggregation}, &text, 1);
    return ASSAY_OK;
}

static assay_status host_fail(const assay_host *host, assay_call *token, int64_t row, int32_t outcome, assay_str message) {
    (void)host;
    if (!is_running(token)) return ASSAY_E_INVALID;
    const call *call = (struct call *)token;
    const part text = {message.ptr, message.len};
    if (call->captured)
        capture_failure(call, row, outcome);
    else
        write_record((aw_record){.kind = AW_FAIL, .type = (uint32_t)outcome, .first = (uint64_t)row}, &text, 1);
    const bool is_outcome = (outcome >= ASSAY_ROW_UNPARSED && outcome <= ASSAY_ROW_TIMED_OUT) || outcome == ASSAY_ROW_NOT_ASKED;
    const bool is_row = row >= -1 && (row < 0 || (uint64_t)row < call->batch.n_rows);
    return is_outcome && is_row ? ASSAY_OK : ASSAY_E_INVALID;
}

static int32_t host_is_cancelled(const assay_host *host, const assay_call *token) {
    (void)host;
    if (!is_running(token)) return ASSAY_E_INVALID;
    return nobody_wants_results();
}

static bool knows_role(const call *call, assay_str role) {
    bool is_known = false;
    for (const char *const *name = call->instance->description->roles; name && *name; name++)
        is_known |= strlen(*name) == role.len && memcmp(*name, role.ptr, role.len) == 0;
    return is_known;
}

static assay_status queue_request(assay_call *token, const assay_request *request, uint32_t flags) {
    if (!is_running(token)) return ASSAY_E_INVALID;
    call *call = (struct call *)token;
    const assay_str role = request->role;
    const part parts[2] = {{role.ptr, role.len}, {request->json.ptr, request->json.len}};
    const bool is_valid = knows_role(call, role) && add_tag(&call->open_tags, request->tag);
    const aw_record record = {.kind = AW_REQUEST, .output = request->sample, .first = request->tag, .count = role.len,
                              .flags = flags | (is_valid ? 0 : AW_REFUSED)};
    if (!call->captured) write_record(record, parts, 2);
    return is_valid ? ASSAY_OK : ASSAY_E_INVALID;
}

static assay_status chat_request(const assay_host *host, assay_call *token, uint64_t tag, assay_str role, assay_str json) {
    (void)host;
    const assay_request request = {.struct_size = sizeof request, .tag = tag, .role = role, .json = json};
    return queue_request(token, &request, AW_UNNUMBERED);
}

static assay_status chat_ask(const assay_host *host, assay_call *token, const assay_request *request) {
    (void)host;
    if (request && ASSAY_HAS(request, assay_request, json)) return queue_request(token, request, 0);
    if (is_running(token)) {
        const aw_record record = {.kind = AW_REQUEST, .flags = AW_REFUSED};
        if (!((struct call *)token)->captured) write_record(record, NULL, 0);
    }
    return ASSAY_E_INVALID;
}

static const assay_host_chat chat = {sizeof chat, 0, chat_request, chat_ask};

static assay_status queue_texts(assay_call *token, const assay_texts *request, uint32_t flags) {
    if (!is_running(token)) return ASSAY_E_INVALID;
    call *call = (struct call *)token;
    aw_record record = {.kind = AW_REQUEST, .flags = flags};
    const bool is_whole = request && ASSAY_HAS(request, assay_texts, n_texts) && request->texts && request->n_texts > 0
        && request->n_texts <= ASSAY_MAX_TEXTS;
    if (!is_whole) {
        record.flags |= AW_REFUSED;
        if (!call->captured) write_record(record, NULL, 0);
        return ASSAY_E_INVALID;
    }
    record.first = request->tag;
    record.count = request->role.len;
    if (!knows_role(call, request->role) || !add_tag(&call->open_tags, request->tag)) {
        const part role = {request->role.ptr, request->role.len};
        record.flags |= AW_REFUSED;
        if (!call->captured) write_record(record, &role, 1);
        return ASSAY_E_INVALID;
    }
    if (call->captured) return ASSAY_OK;
    record.length = request->role.len + 8 * (1 + request->n_texts);
    for (uint64_t i = 0; i < request->n_texts; i++) record.length += request->texts[i].len;
    open_record(record);
    add_to_record((part){request->role.ptr, request->role.len});
    add_to_record((part){&request->n_texts, 8});
    for (uint64_t i = 0; i < request->n_texts; i++) add_to_record((part){&request->texts[i].len, 8});
    for (uint64_t i = 0; i < request->n_texts; i++) add_to_record((part){request->texts[i].ptr, request->texts[i].len});
    close_record(record);
    return ASSAY_OK;
}

static assay_status embed_texts(const assay_host *host, assay_call *token, const assay_texts *request) {
    (void)host;
    return queue_texts(token, request, AW_EMBED);
}

static assay_status moderate_texts(const assay_host *host, assay_call *token, const assay_texts *request) {
    (void)host;
    return queue_texts(token, request, AW_MODERATE);
}

static const assay_host_embed embed = {sizeof embed, 0, embed_texts};
static const assay_host_moderate moderate = {sizeof moderate, 0, moderate_texts};

static const void *host_extension(const assay_host *host, const char *id) {
    (void)host;
    if (!id) return NULL;
    if (strcmp(id, ASSAY_EXT_CHAT) == 0) return &chat;
    if (strcmp(id, ASSAY_EXT_EMBED) == 0) return &embed;
    return strcmp(id, ASSAY_EXT_MODERATE) == 0 ? &moderate : NULL;
}

const assay_host services = {
    sizeof services, ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR, 0, NULL, host_log, host_reject, host_emit, host_fail,
    host_is_cancelled, host_extension, host_emit_statistics, host_emit_aggregate,
};
