/* assay_scorer_kit.h: common code for scorers in C: tables, cells, results, parameters.
 *
 * Everything is `static inline`; plugin and host only communicate through the plugin header. Use any part of the kit: it
 * does not hide the header. For C11, and for C++17 except the KIT_… tables (assay_scorer_kit.hpp is for C++).
 */
#ifndef ASSAY_SCORER_KIT_H
#define ASSAY_SCORER_KIT_H

#include "assay_json.h"

#include <stdarg.h>
#include <stdio.h>

/* ---------------------------------------------------------------- tables */

/* Entries of `inputs` and `outputs`, which end with NULL. Only at file scope, where they live as long as the process. */
#define KIT_COLUMN(name, type, flags, description, minimum, maximum)                                                   \
    &(const assay_column_spec) {                                                                                       \
        sizeof(assay_column_spec), type, flags, 0, name, description, minimum, maximum                                 \
    }
#define KIT_REQUIRED(name, type, description) KIT_COLUMN(name, type, ASSAY_COLUMN_REQUIRED, description, 0, 0)
#define KIT_OPTIONAL(name, type, description) KIT_COLUMN(name, type, ASSAY_COLUMN_OPTIONAL, description, 0, 0)
#define KIT_LENIENT(name, type, description)                                                                           \
    KIT_COLUMN(name, type, ASSAY_COLUMN_OPTIONAL | ASSAY_COLUMN_LENIENT, description, 0, 0)
/* The range of a numeric output; 0, 0 if it has none. */
#define KIT_OUTPUT(name, type, description, minimum, maximum) KIT_COLUMN(name, type, 0, description, minimum, maximum)
/* An output that results leave out of rows without a value, instead of writing null. */
#define KIT_OPTIONAL_OUTPUT(name, type, description)                                                                   \
    KIT_COLUMN(name, type, ASSAY_COLUMN_OPTIONAL, description, 0, 0)
/* An output that is a score of its own beside "score", with its range; 0, 0 if it has none. Since 1.4. */
#define KIT_FURTHER_SCORE(name, type, description, minimum, maximum)                                                   \
    KIT_COLUMN(name, type, ASSAY_COLUMN_SCORE | ASSAY_COLUMN_OPTIONAL, description, minimum, maximum)
/* An entry of `aggregations`, which ends with NULL. */
#define KIT_AGGREGATION(name, description)                                                                             \
    &(const assay_aggregation) {                                                                                       \
        sizeof(assay_aggregation), 0, name, description                                                                \
    }

/* ---------------------------------------------------------------- cells */

/* One step of a call: the arguments that most functions need. */
typedef struct kit_step {
    const assay_host *host;
    assay_call *call;
    const assay_batch *batch;
} kit_step;

/* Whether a cell has a value. Always true for a required input. */
static inline bool kit_has(const kit_step *step, uint32_t input, uint64_t row) {
    const uint8_t *validity = step->batch->columns[input]->validity;
    return validity == NULL || (validity[row / 8] >> (row % 8) & 1) != 0;
}

/* The cell of an input of ASSAY_TYPE_STR or ASSAY_TYPE_JSON; empty if it has no value. */
static inline assay_str kit_text(const kit_step *step, uint32_t input, uint64_t row) {
    if (!kit_has(step, input, row)) return kit_bytes("", 0);
    return ((const assay_str *)step->batch->columns[input]->values)[row];
}

/* The cell of an input of ASSAY_TYPE_F64, of one that has a value. */
static inline double kit_number(const kit_step *step, uint32_t input, uint64_t row) {
    return ((const double *)step->batch->columns[input]->values)[row];
}

/* The cell of an input of ASSAY_TYPE_I64, and of ASSAY_TYPE_BOOL, of one that has a value. */
static inline int64_t kit_integer(const kit_step *step, uint32_t input, uint64_t row) {
    return ((const int64_t *)step->batch->columns[input]->values)[row];
}

static inline bool kit_boolean(const kit_step *step, uint32_t input, uint64_t row) {
    return ((const uint8_t *)step->batch->columns[input]->values)[row] != 0;
}

/* The texts of a cell of ASSAY_TYPE_LIST_STR, and their number, which is also 0 if the cell has no value. */
static inline uint64_t kit_list(const kit_step *step, uint32_t input, uint64_t row, const assay_str **texts) {
    const assay_column *column = step->batch->columns[input];
    *texts = NULL;
    if (!kit_has(step, input, row)) return 0;
    *texts = (const assay_str *)column->values + column->list_offsets[row];
    return (uint64_t)(column->list_offsets[row + 1] - column->list_offsets[row]);
}

/* ---------------------------------------------------------------- results */

static inline void kit_give(const kit_step *step, uint32_t output, uint64_t row, uint32_t type, const void *value) {
    assay_column column;
    memset(&column, 0, sizeof column);
    column.struct_size = sizeof column;
    column.type = type;
    column.values = value;
    step->host->emit(step->host, step->call, output, row, 1, &column);
}

static inline void kit_give_number(const kit_step *step, uint32_t output, uint64_t row, double number) {
    kit_give(step, output, row, ASSAY_TYPE_F64, &number);
}

static inline void kit_give_integer(const kit_step *step, uint32_t output, uint64_t row, int64_t integer) {
    kit_give(step, output, row, ASSAY_TYPE_I64, &integer);
}

static inline void kit_give_boolean(const kit_step *step, uint32_t output, uint64_t row, bool boolean) {
    const uint8_t byte = boolean;
    kit_give(step, output, row, ASSAY_TYPE_BOOL, &byte);
}

static inline void kit_give_text(const kit_step *step, uint32_t output, uint64_t row, assay_str text) {
    kit_give(step, output, row, ASSAY_TYPE_STR, &text);
}

static inline void kit_give_json(const kit_step *step, uint32_t output, uint64_t row, assay_str json) {
    kit_give(step, output, row, ASSAY_TYPE_JSON, &json);
}

/* Sets the statistics of a row: one number for each of the scorer's `statistics`. Hosts before version 1.3 have no corpus
 * scores; they do not get them. */
static inline void kit_give_statistics(const kit_step *step, uint64_t row, const double *values) {
    if (ASSAY_HAS(step->host, assay_host, emit_statistics))
        step->host->emit_statistics(step->host, step->call, row, 1, values);
}

/* Sets the value of an aggregation, in finalize: a JSON object, written like printf. Write numbers with %.17g, so that they
 * keep all their digits; they must be finite. */
static inline assay_status kit_give_aggregate(const assay_host *host, assay_finalization *finalization,
                                              uint32_t aggregation, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *json = length < 0 ? NULL : (char *)malloc((size_t)length + 1);
    if (json != NULL) vsnprintf(json, (size_t)length + 1, format, again);
    va_end(again);
    if (json == NULL) return ASSAY_E_RESOURCE;
    const assay_status status =
        host->emit_aggregate(host, finalization, aggregation, kit_bytes(json, (uint64_t)length));
    free(json);
    return status;
}

/* Marks a row (-1: every row that has no score yet) as having no score, with the reason. */
static inline void kit_fail(const kit_step *step, int64_t row, int32_t outcome, assay_str message) {
    /* A host of version 1.0 does not know the outcome ASSAY_ROW_NOT_ASKED. */
    if (outcome == ASSAY_ROW_NOT_ASKED && step->host->abi_minor < 1) outcome = ASSAY_ROW_MODEL_ERROR;
    step->host->fail(step->host, step->call, row, outcome, message);
}

/* Marks a row as ASSAY_ROW_UNPARSED because its text is not JSON, with the place of the fault. */
static inline void kit_fail_json(const kit_step *step, uint64_t row, const kit_json_fault *fault) {
    char message[160];
    snprintf(message, sizeof message, "the answer is not valid JSON: expected %s at byte %llu", fault->expected,
             (unsigned long long)fault->byte);
    kit_fail(step, (int64_t)row, ASSAY_ROW_UNPARSED, kit_str(message));
}

/* Writes a line to the host's log, which shows it with the plugin's id: from any function but the entry, on any thread. The
 * host's own log is the place for it; standard output belongs to the results. */
static inline void kit_log(const assay_host *host, int32_t severity, const char *format, ...) {
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    host->log(host, severity, kit_str(message));
}

static inline bool kit_is_cancelled(const kit_step *step) {
    return step->host->is_cancelled(step->host, step->call) != 0;
}

/* ---------------------------------------------------------------- models */

/* The host's model requests, for create of a scorer with roles; NULL if the host does not support them. */
static inline const assay_host_chat *kit_chat(const assay_host *host) {
    const assay_host_chat *chat = (const assay_host_chat *)host->get_extension(host, ASSAY_EXT_CHAT);
    return chat != NULL && ASSAY_HAS(chat, assay_host_chat, request) ? chat : NULL;
}

/* Queues a request for the model of a role: the body of an OpenAI-compatible chat completion request without "model". Its
 * reply has the same tag. `sample` distinguishes otherwise equal requests (repeated votes), from 0; hosts before version
 * 1.2 only support 0, and for others the result is ASSAY_E_UNSUPPORTED. */
static inline assay_status kit_ask(const kit_step *step, const assay_host_chat *chat, uint64_t tag, const char *role,
                                   assay_str json, uint32_t sample) {
    if (!ASSAY_HAS(chat, assay_host_chat, ask))
        return sample > 0 ? ASSAY_E_UNSUPPORTED : chat->request(step->host, step->call, tag, kit_str(role), json);
    assay_request request;
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.sample = sample;
    request.tag = tag;
    request.role = kit_str(role);
    request.json = json;
    return chat->ask(step->host, step->call, &request);
}

/* The host's embeddings, for create of a scorer that needs them; NULL if the host does not have them. Since 1.4. */
static inline const assay_host_embed *kit_embeddings(const assay_host *host) {
    return (const assay_host_embed *)host->get_extension(host, ASSAY_EXT_EMBED);
}

/* The host's moderation, likewise. Since 1.4. */
static inline const assay_host_moderate *kit_moderation(const assay_host *host) {
    return (const assay_host_moderate *)host->get_extension(host, ASSAY_EXT_MODERATE);
}

static inline assay_texts kit_texts_request(uint64_t tag, const char *role, const assay_str *texts, uint64_t n_texts) {
    assay_texts request;
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.tag = tag;
    request.role = kit_str(role);
    request.texts = texts;
    request.n_texts = n_texts;
    return request;
}

/* Queues texts to be embedded by the model of a role. The reply with the same tag has a vector for each of them. */
static inline assay_status kit_embed(const kit_step *step, const assay_host_embed *embeddings, uint64_t tag,
                                     const char *role, const assay_str *texts, uint64_t n_texts) {
    const assay_texts request = kit_texts_request(tag, role, texts, n_texts);
    return embeddings->embed(step->host, step->call, &request);
}

/* Queues texts to be checked by the moderation model of a role. The reply's response_json has the "results". */
static inline assay_status kit_moderate(const kit_step *step, const assay_host_moderate *moderation, uint64_t tag,
                                        const char *role, const assay_str *texts, uint64_t n_texts) {
    const assay_texts request = kit_texts_request(tag, role, texts, n_texts);
    return moderation->moderate(step->host, step->call, &request);
}

/* The vector of a text of an embedding request, by its number, with *n_dimensions numbers; NULL if there is none. */
static inline const double *kit_vector(const assay_reply *reply, uint64_t text, uint64_t *n_dimensions) {
    *n_dimensions = 0;
    if (!ASSAY_HAS(reply, assay_reply, n_dimensions) || reply->vectors == NULL || text >= reply->n_vectors) return NULL;
    *n_dimensions = reply->n_dimensions;
    return reply->vectors + text * reply->n_dimensions;
}

/* Why the model stopped: "stop", "length", "content_filter", "tool_calls"; empty if it is not known. */
static inline assay_str kit_finish_reason(const assay_reply *reply) {
    return ASSAY_HAS(reply, assay_reply, finish_reason) ? reply->finish_reason : kit_bytes("", 0);
}

/* Whether the message is cut off because it reached its maximum length. */
static inline bool kit_is_cut_off(const assay_reply *reply) {
    return kit_equal(kit_finish_reason(reply), kit_str("length"));
}

/* The model's reasoning before its message; empty if there is none. */
static inline assay_str kit_reasoning(const assay_reply *reply) {
    return ASSAY_HAS(reply, assay_reply, reasoning) ? reply->reasoning : kit_bytes("", 0);
}

/* The outcome of a row whose model request has failed. */
static inline int32_t kit_failure(const assay_reply *reply) {
    return reply->status == ASSAY_E_CANCELLED ? ASSAY_ROW_NOT_ASKED : ASSAY_ROW_MODEL_ERROR;
}

/* ---------------------------------------------------------------- parameters */

/* The parameters of an instance, read one by one by name; parameters that have not been read are rejected at the end. A
 * parameter that is null counts as missing. */
typedef struct kit_parameters {
    const assay_host *host;
    assay_creation *creation;
    assay_str params;
    const char *known[32]; /* those that were read; no scorer may read more than this */
    uint32_t n_known;
    bool is_rejected;
} kit_parameters;

static inline void kit_open_parameters(kit_parameters *parameters, const assay_host *host, assay_creation *creation,
                                       assay_str config_json) {
    memset(parameters, 0, sizeof *parameters);
    parameters->host = host;
    parameters->creation = creation;
    kit_json_items members = kit_json_open(config_json);
    assay_str key = {NULL, 0}, value = {NULL, 0};
    while (kit_json_next(&members, &key, &value))
        if (kit_equal(key, kit_str("\"params\""))) parameters->params = value;
}

/* Rejects the value at `place` within a parameter, such as "/0"; empty means the parameter itself. */
static inline void kit_reject(kit_parameters *parameters, assay_str name, const char *place, const char *format, ...) {
    kit_buffer pointer = kit_empty();
    kit_append(&pointer, kit_str("/params/"));
    for (uint64_t i = 0; i < name.len; i++)
        kit_append(&pointer, name.ptr[i] == '~'   ? kit_str("~0")
                             : name.ptr[i] == '/' ? kit_str("~1")
                                                  : kit_bytes(name.ptr + i, 1));
    kit_append(&pointer, kit_str(place));
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    parameters->host->reject(parameters->host, parameters->creation, kit_contents(&pointer), kit_str(message));
    parameters->is_rejected = true;
    kit_free(&pointer);
}

/* A parameter as written; false if it is missing. */
static inline bool kit_parameter(kit_parameters *parameters, const char *name, assay_str *value) {
    if (parameters->n_known < sizeof parameters->known / sizeof *parameters->known)
        parameters->known[parameters->n_known++] = name;
    bool is_given = false;
    kit_buffer text = kit_empty();
    kit_json_items members = kit_json_open(parameters->params);
    assay_str key, member;
    while (kit_json_next(&members, &key, &member)) {
        text.length = 0;
        kit_json_text(key, &text);
        if (!kit_equal(kit_contents(&text), kit_str(name))) continue;
        *value = member;
        is_given = kit_json_kind(member) != 'n';
    }
    kit_free(&text);
    return is_given;
}

/* A number from `least` to `most`; `fallback` if it is missing or rejected. */
static inline double kit_number_parameter(kit_parameters *parameters, const char *name, double fallback, double least,
                                          double most) {
    assay_str value;
    double number;
    if (!kit_parameter(parameters, name, &value)) return fallback;
    if (kit_json_number(value, &number) && number >= least && number <= most) return number;
    const assay_str found = kit_json_brief(value);
    kit_reject(parameters, kit_str(name), "", "found %.*s; expected a number from %g to %g", (int)found.len, found.ptr,
               least, most);
    return fallback;
}

/* A whole number from `least` to `most`; `fallback` if it is missing or rejected. The limits must be within 2^53. */
static inline int64_t kit_integer_parameter(kit_parameters *parameters, const char *name, int64_t fallback,
                                            int64_t least, int64_t most) {
    assay_str value;
    double number;
    if (!kit_parameter(parameters, name, &value)) return fallback;
    if (kit_json_number(value, &number) && number >= (double)least && number <= (double)most &&
        number == (double)(int64_t)number)
        return (int64_t)number;
    const assay_str found = kit_json_brief(value);
    kit_reject(parameters, kit_str(name), "", "found %.*s; expected a whole number from %lld to %lld", (int)found.len,
               found.ptr, (long long)least, (long long)most);
    return fallback;
}

/* A boolean; `fallback` if it is missing or rejected. */
static inline bool kit_boolean_parameter(kit_parameters *parameters, const char *name, bool fallback) {
    assay_str value;
    if (!kit_parameter(parameters, name, &value)) return fallback;
    const char kind = kit_json_kind(value);
    if (kind != 't' && kind != 'f') kit_reject(parameters, kit_str(name), "", "expected true or false");
    return kind == 't';
}

/* Appends a string; if it is missing or rejected, returns false and appends nothing. */
static inline bool kit_text_parameter(kit_parameters *parameters, const char *name, kit_buffer *text) {
    assay_str value;
    if (!kit_parameter(parameters, name, &value)) return false;
    if (kit_json_text(value, text)) return true;
    kit_reject(parameters, kit_str(name), "", "expected a string");
    return false;
}

/* Rejects parameters that have not been read. Returns the result for create: ASSAY_OK, or ASSAY_E_INVALID if anything was
 * rejected. */
static inline assay_status kit_close_parameters(kit_parameters *parameters) {
    kit_json_items members = kit_json_open(parameters->params);
    assay_str key = {NULL, 0}, value = {NULL, 0};
    while (kit_json_next(&members, &key, &value)) {
        kit_buffer name = kit_empty();
        kit_json_text(key, &name);
        bool is_known = false;
        for (uint32_t i = 0; i < parameters->n_known; i++)
            is_known = is_known || kit_equal(kit_contents(&name), kit_str(parameters->known[i]));
        if (!is_known) {
            kit_buffer list = kit_empty();
            for (uint32_t i = 0; i < parameters->n_known; i++) {
                kit_append(&list, kit_str(i == 0 ? "expected " : ", "));
                kit_append(&list, kit_str(parameters->known[i]));
            }
            if (parameters->n_known == 0) kit_append(&list, kit_str("this scorer has no parameters"));
            kit_reject(parameters, kit_contents(&name), "", "unknown parameter; %.*s", (int)list.length, list.bytes);
            kit_free(&list);
        }
        kit_free(&name);
    }
    return parameters->is_rejected ? ASSAY_E_INVALID : ASSAY_OK;
}

#endif
