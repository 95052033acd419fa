/* Keyword coverage: which of the keywords that an answer should mention it does mention, by weight.
 *
 *     score = (weight of the keywords found - weight of the forbidden ones found) / weight of all keywords, at least 0
 *
 * A keyword is one or several phrases ("car", "automobile"), any of which will do. How phrases are found:
 *   - The letters A to Z are the letters a to z; all other characters count as they are.
 *   - White space is any run of blanks, tabs and line breaks, in the phrase and in the answer.
 *   - Words are whole, unless `whole_words` is false: where a phrase begins or ends with a letter or digit, the answer
 *     does not go on with one. Characters beyond ASCII are letters, but for the punctuation of three Unicode blocks
 *     (Latin-1, General Punctuation, CJK Symbols). For languages that do not separate words, turn it off.
 *
 * With the parameter `field`, the answer is a JSON object, and the keywords are looked for in that member of it. An answer
 * that is not JSON, one that was cut off, say, or has no such member is `unparsed`.
 */
#define _GNU_SOURCE /* memmem */
#include "assay_scorer_kit.h"

/* ---------------------------------------------------------------- the scorer's table */

enum { IN_ANSWER, IN_KEYWORDS };
static const assay_column_spec *const inputs[] = {
    [IN_ANSWER] = KIT_REQUIRED("generated_answer", ASSAY_TYPE_STR, "the answer"),
    [IN_KEYWORDS] = KIT_OPTIONAL("keywords", ASSAY_TYPE_LIST_STR, "more keywords, of this row, with weight 1"),
    NULL};

enum { OUT_SCORE, OUT_MISSING, OUT_FORBIDDEN };
static const assay_column_spec *const outputs[] = {
    [OUT_SCORE] = KIT_OUTPUT("score", ASSAY_TYPE_F64, "the share of the keywords that is there, by weight", 0, 1),
    [OUT_MISSING] = KIT_OUTPUT("missing", ASSAY_TYPE_JSON, "the keywords that are not there", 0, 0),
    [OUT_FORBIDDEN] = KIT_OUTPUT("forbidden", ASSAY_TYPE_JSON, "the forbidden keywords that are there", 0, 0),
    NULL};

static const assay_scorer scorer = {
    .struct_size = sizeof scorer,
    .concurrency = ASSAY_CONCURRENCY_PARALLEL,
    .id = "keyword-coverage",
    .description = "the share of some keywords that generated_answer mentions, by weight",
    .inputs = inputs,
    .outputs = outputs,
    .parameters_schema =
        "{\"type\": \"object\", \"additionalProperties\": false, \"$defs\": {\"keywords\": {\"type\": \"array\", "
        "\"items\": {\"anyOf\": [{\"type\": \"string\", \"minLength\": 1}, {\"type\": \"object\", "
        "\"additionalProperties\": false, \"required\": [\"any_of\"], \"properties\": {\"any_of\": {\"type\": "
        "\"array\", \"minItems\": 1, \"items\": {\"type\": \"string\", \"minLength\": 1}}, \"weight\": {\"type\": "
        "\"number\", \"minimum\": 0.001, \"maximum\": 1000}}}]}}}, \"properties\": {\"keywords\": {\"$ref\": "
        "\"#/$defs/keywords\"}, \"forbidden\": {\"$ref\": \"#/$defs/keywords\"}, \"whole_words\": {\"type\": "
        "\"boolean\"}, \"field\": {\"type\": \"string\"}}}"};

/* ---------------------------------------------------------------- phrases */

/* Appends a text as it is searched for: in lower case, each run of white space as one blank. */
static void append_folded(kit_buffer *buffer, assay_str text) {
    char *to = kit_reserve(buffer, text.len);
    if (to == NULL) return;
    char *const start = to;
    for (uint64_t i = 0; i < text.len; i++) {
        const char byte = text.ptr[i];
        if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
            if (to == start || to[-1] != ' ') *to++ = ' ';
        } else {
            *to++ = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
        }
    }
    buffer->length += (size_t)(to - start);
}

/* Without the blanks around it. */
static assay_str trimmed(assay_str text) {
    if (text.len > 0 && text.ptr[0] == ' ') text = kit_bytes(text.ptr + 1, text.len - 1);
    if (text.len > 0 && text.ptr[text.len - 1] == ' ') text.len--;
    return text;
}

/* Whether the character at `at`, of `length` bytes at most, is a letter or digit. */
static bool is_word(const char *at, size_t length) {
    const unsigned char *byte = (const unsigned char *)at;
    if (byte[0] < 0x80)
        return (byte[0] >= '0' && byte[0] <= '9') || (byte[0] >= 'a' && byte[0] <= 'z') ||
               (byte[0] >= 'A' && byte[0] <= 'Z') || byte[0] == '_';
    const bool is_latin_mark = byte[0] == 0xC2; /* U+0080 to U+00BF */
    const bool is_general = length > 1 && byte[0] == 0xE2 && (byte[1] == 0x80 || byte[1] == 0x81); /* U+2000 to U+207F */
    const bool is_cjk_mark = length > 1 && byte[0] == 0xE3 && byte[1] == 0x80;                     /* U+3000 to U+303F */
    return !is_latin_mark && !is_general && !is_cjk_mark;
}

static bool is_word_before(const char *start, const char *at) {
    if (at == start) return false;
    const char *character = at - 1;
    while (character > start && ((unsigned char)*character & 0xC0) == 0x80) character--;
    return is_word(character, (size_t)(at - character));
}

/* Whether a folded answer holds a folded phrase. */
static bool holds(assay_str answer, assay_str phrase, bool whole_words) {
    if (phrase.len == 0 || phrase.len > answer.len) return false;
    const char *const end = answer.ptr + answer.len, *const phrase_end = phrase.ptr + phrase.len;
    const bool begins_word = whole_words && is_word(phrase.ptr, phrase.len);
    const bool ends_word = whole_words && is_word_before(phrase.ptr, phrase_end);
    const char *at = answer.ptr;
    while ((at = memmem(at, (size_t)(end - at), phrase.ptr, phrase.len)) != NULL) {
        const char *past = at + phrase.len;
        const bool goes_back = begins_word && is_word_before(answer.ptr, at);
        const bool goes_on = ends_word && past < end && is_word(past, (size_t)(end - past));
        if (!goes_back && !goes_on) return true;
        at++;
    }
    return false;
}

/* ---------------------------------------------------------------- parameters */

typedef struct keyword {
    double weight;
    size_t first, count; /* its phrases in `phrases`, of which any will do */
    size_t name, name_length; /* the first of them as it was written, in `bytes` */
} keyword;

typedef struct phrase {
    size_t start, length; /* in `bytes` */
} phrase;

/* A list of keywords. Everything lies in three buffers, and is found by its offset there. */
typedef struct keyword_list {
    kit_buffer keywords, phrases, bytes;
} keyword_list;

typedef struct coverage {
    const assay_host *host;
    keyword_list wanted, forbidden;
    double wanted_weight;
    bool whole_words;
    bool has_field;
    kit_buffer field;
} coverage;

static size_t count_of(const keyword_list *list) { return list->keywords.length / sizeof(keyword); }

static void free_list(keyword_list *list) {
    kit_free(&list->keywords);
    kit_free(&list->phrases);
    kit_free(&list->bytes);
}

static void destroy(void *self) {
    coverage *instance = self;
    if (instance == NULL) return;
    free_list(&instance->wanted);
    free_list(&instance->forbidden);
    kit_free(&instance->field);
    free(instance);
}

/* Appends a phrase to the list; false where `value` is no text, or an empty one. */
static bool read_phrase(keyword_list *list, assay_str value) {
    kit_buffer text = {0};
    phrase added = {.start = list->bytes.length};
    if (kit_json_text(value, &text)) append_folded(&list->bytes, kit_contents(&text));
    list->bytes.failed |= text.failed;
    kit_free(&text);
    if (list->bytes.failed || list->bytes.length == added.start) return list->bytes.failed;
    const char *bytes = list->bytes.bytes + added.start;
    const assay_str folded = trimmed(kit_bytes(bytes, list->bytes.length - added.start));
    added.start += (size_t)(folded.ptr - bytes);
    added.length = folded.len;
    kit_append(&list->phrases, kit_bytes((const char *)&added, sizeof added));
    return added.length > 0;
}

/* Reads `"phrase"` or `{"any_of": ["phrase", …], "weight": number}`. Returns what is wrong, or NULL. */
static const char *read_keyword(keyword_list *list, assay_str value) {
    keyword added = {.weight = 1, .first = list->phrases.length / sizeof(phrase)};
    assay_str first = value;
    if (kit_json_kind(value) == '"') {
        if (!read_phrase(list, value)) return "expected a string that is not empty";
    } else if (kit_json_kind(value) == '{') {
        kit_json_items members = kit_json_open(value);
        assay_str key, member;
        first = kit_bytes("", 0);
        while (kit_json_next(&members, &key, &member)) {
            if (kit_equal(key, kit_str("\"any_of\""))) {
                kit_json_items phrases = kit_json_open(member);
                if (phrases.have_keys) return "expected a list of strings in any_of";
                assay_str text;
                while (kit_json_next(&phrases, NULL, &text)) {
                    if (!read_phrase(list, text)) return "expected texts that are not empty in any_of";
                    if (first.len == 0) first = text;
                }
            } else if (kit_equal(key, kit_str("\"weight\""))) {
                if (!kit_json_number(member, &added.weight) || added.weight < 0.001 || added.weight > 1000)
                    return "expected a weight from 0.001 to 1000";
            } else {
                return "expected no other members than any_of and weight";
            }
        }
        if (first.len == 0) return "expected a list of at least one text in any_of";
    } else {
        return "expected a text, or an object with any_of and weight";
    }
    added.count = list->phrases.length / sizeof(phrase) - added.first;
    added.name = list->bytes.length;
    kit_json_text(first, &list->bytes);
    added.name_length = list->bytes.length - added.name;
    kit_append(&list->keywords, kit_bytes((const char *)&added, sizeof added));
    return NULL;
}

static void read_list(kit_parameters *parameters, const char *name, keyword_list *list) {
    assay_str value, element;
    if (!kit_parameter(parameters, name, &value)) return;
    if (kit_json_kind(value) != '[') {
        kit_reject(parameters, kit_str(name), "", "expected a list of keywords");
        return;
    }
    kit_json_items elements = kit_json_open(value);
    for (int index = 0; kit_json_next(&elements, NULL, &element); index++) {
        const char *fault = read_keyword(list, element);
        if (fault == NULL) continue;
        char place[16];
        snprintf(place, sizeof place, "/%d", index);
        kit_reject(parameters, kit_str(name), place, "%s", fault);
    }
}

static assay_status create(const assay_scorer *its_scorer, const assay_host *host, assay_creation *creation,
                           assay_str config_json, void **self) {
    (void)its_scorer;
    coverage *instance = calloc(1, sizeof *instance);
    if (instance == NULL) return ASSAY_E_RESOURCE;
    instance->host = host;
    kit_parameters parameters;
    kit_open_parameters(&parameters, host, creation, config_json);
    read_list(&parameters, "keywords", &instance->wanted);
    read_list(&parameters, "forbidden", &instance->forbidden);
    instance->whole_words = kit_boolean_parameter(&parameters, "whole_words", true);
    instance->has_field = kit_text_parameter(&parameters, "field", &instance->field);
    const keyword *keywords = (const keyword *)instance->wanted.keywords.bytes;
    for (size_t i = 0; i < count_of(&instance->wanted); i++) instance->wanted_weight += keywords[i].weight;
    assay_status status = kit_close_parameters(&parameters);
    const keyword_list *wanted = &instance->wanted, *forbidden = &instance->forbidden;
    if (wanted->keywords.failed || wanted->phrases.failed || wanted->bytes.failed || forbidden->keywords.failed ||
        forbidden->phrases.failed || forbidden->bytes.failed || instance->field.failed)
        status = ASSAY_E_RESOURCE;
    if (status == ASSAY_OK)
        *self = instance;
    else
        destroy(instance);
    return status;
}

/* ---------------------------------------------------------------- scoring */

/* Memory that all rows of a step use, one after the other. */
typedef struct scratch {
    kit_buffer text, answer, phrase, missing, found;
} scratch;

/* The text in which keywords are looked for; false where the answer has none, and the row has failed. */
static bool read_answer(const coverage *instance, const kit_step *step, uint64_t row, kit_buffer *text,
                        assay_str *answer) {
    *answer = kit_text(step, IN_ANSWER, row);
    if (!instance->has_field) return true;
    assay_str object, member;
    kit_json_fault fault;
    if (!kit_json_read(*answer, &object, &fault)) {
        kit_fail_json(step, row, &fault);
        return false;
    }
    if (!kit_json_member(object, kit_contents(&instance->field), &member)) {
        kit_fail(step, (int64_t)row, ASSAY_ROW_UNPARSED, kit_str("the answer is JSON without the member that field names"));
        return false;
    }
    /* Any other value is searched as it is written. */
    text->length = 0;
    if (!kit_json_text(member, text)) kit_append(text, member);
    *answer = kit_contents(text);
    return true;
}

static void append_name(kit_buffer *names, assay_str name) {
    kit_append(names, kit_str(names->length == 1 ? "" : ", "));
    kit_append_quoted(names, name);
}

/* The weight of the keywords of a list that the answer holds. Appends the names of those that it holds, or of those that
 * it does not. */
static double search(const coverage *instance, const keyword_list *list, assay_str answer, bool names_found,
                     kit_buffer *names) {
    const keyword *keywords = (const keyword *)list->keywords.bytes;
    const phrase *phrases = (const phrase *)list->phrases.bytes;
    double weight = 0;
    for (size_t i = 0; i < count_of(list); i++) {
        bool is_found = false;
        for (size_t k = 0; k < keywords[i].count && !is_found; k++) {
            const phrase *next = &phrases[keywords[i].first + k];
            is_found = holds(answer, kit_bytes(list->bytes.bytes + next->start, next->length), instance->whole_words);
        }
        if (is_found) weight += keywords[i].weight;
        if (is_found == names_found)
            append_name(names, kit_bytes(list->bytes.bytes + keywords[i].name, keywords[i].name_length));
    }
    return weight;
}

static void score_row(const coverage *instance, const kit_step *step, uint64_t row, scratch *memory) {
    memory->answer.length = memory->missing.length = memory->found.length = 0;
    assay_str given;
    if (!read_answer(instance, step, row, &memory->text, &given)) return;
    append_folded(&memory->answer, given);
    const assay_str answer = kit_contents(&memory->answer);
    kit_append(&memory->missing, kit_str("["));
    kit_append(&memory->found, kit_str("["));

    double total = instance->wanted_weight;
    double covered = search(instance, &instance->wanted, answer, false, &memory->missing);
    const assay_str *own;
    const uint64_t n_own = kit_list(step, IN_KEYWORDS, row, &own);
    for (uint64_t i = 0; i < n_own; i++) {
        memory->phrase.length = 0;
        append_folded(&memory->phrase, own[i]);
        total += 1;
        if (holds(answer, trimmed(kit_contents(&memory->phrase)), instance->whole_words))
            covered += 1;
        else
            append_name(&memory->missing, own[i]);
    }
    if (total == 0) {
        kit_fail(step, (int64_t)row, ASSAY_ROW_INPUT_ERROR,
                 kit_str("there are no keywords: give some as the parameter keywords, or in the row's column keywords"));
        return;
    }
    const double penalty = search(instance, &instance->forbidden, answer, true, &memory->found);
    kit_append(&memory->missing, kit_str("]"));
    kit_append(&memory->found, kit_str("]"));
    if (memory->text.failed || memory->answer.failed || memory->phrase.failed || memory->missing.failed || memory->found.failed) {
        kit_fail(step, (int64_t)row, ASSAY_ROW_SCORER_ERROR, kit_str("out of memory"));
        return;
    }
    kit_give_number(step, OUT_SCORE, row, covered > penalty ? (covered - penalty) / total : 0);
    kit_give_json(step, OUT_MISSING, row, kit_contents(&memory->missing));
    kit_give_json(step, OUT_FORBIDDEN, row, kit_contents(&memory->found));
}

static assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) {
    (void)state, (void)reason, (void)replies, (void)n_replies;
    const coverage *instance = self;
    const kit_step current = {instance->host, call, batch};
    scratch memory = {0};
    bool is_cancelled = false;
    for (uint64_t row = 0; row < batch->n_rows && !is_cancelled; row++) {
        score_row(instance, &current, row, &memory);
        is_cancelled = kit_is_cancelled(&current);
    }
    kit_free(&memory.text);
    kit_free(&memory.answer);
    kit_free(&memory.phrase);
    kit_free(&memory.missing);
    kit_free(&memory.found);
    return is_cancelled ? ASSAY_E_CANCELLED : ASSAY_OK;
}

/* ---------------------------------------------------------------- the plugin's table */

static const assay_scorer *const scorers[] = {&scorer, NULL};
static const assay_plugin plugin = {.struct_size = sizeof plugin,
                                    .abi_major = ASSAY_ABI_MAJOR,
                                    .abi_minor = ASSAY_ABI_MINOR,
                                    .id = "org.example.keyword-coverage",
                                    .version = "1.0.0",
                                    .description = "Which keywords an answer mentions",
                                    .scorers = scorers,
                                    .create = create,
                                    .destroy = destroy,
                                    .step = step};

const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t host_abi_minor) {
    (void)host_abi_minor;
    return host_abi_major == ASSAY_ABI_MAJOR ? &plugin : NULL;
}
