/* assay_json.h: JSON for scorers in C and C++. Values are read in place, texts are written to a buffer that grows.
 *
 * A value is an assay_str with the value's own text, like config_json and cells of ASSAY_TYPE_JSON, which are valid
 * JSON. A cell of ASSAY_TYPE_STR, such as a model's answer, is any text: kit_json_read converts it to a value, or
 * reports the byte at which it is not JSON. The other functions only work on values. On other bytes, they never read beyond
 * the end, but their results are meaningless: an object that was cut off looks like a smaller object.
 *
 *     assay_str value, city;
 *     kit_json_fault fault;
 *     if (!kit_json_read(kit_text(step, IN_ANSWER, row), &value, &fault)) return kit_fail_json(step, row, &fault);
 *     if (kit_json_member(value, kit_str("city"), &city) && kit_json_is(city, kit_str("Bern"))) …
 *
 * No function recurses, so depth costs no stack.
 */
#ifndef ASSAY_JSON_H
#define ASSAY_JSON_H

#include "assay_scorer_plugin.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- texts */

static inline assay_str kit_str(const char *text) {
    assay_str str;
    str.ptr = text;
    str.len = strlen(text);
    return str;
}

static inline assay_str kit_bytes(const char *bytes, size_t count) {
    assay_str str;
    str.ptr = bytes;
    str.len = count;
    return str;
}

static inline bool kit_equal(assay_str a, assay_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ---------------------------------------------------------------- a buffer that grows */

/* Starts as kit_empty(), all zeroes. When memory has run out, appended text is dropped, and `failed` is set. */
typedef struct kit_buffer {
    char *bytes;
    size_t length, capacity;
    bool failed;
} kit_buffer;

static inline kit_buffer kit_empty(void) {
    kit_buffer buffer;
    memset(&buffer, 0, sizeof buffer);
    return buffer;
}

static inline assay_str kit_contents(const kit_buffer *buffer) { return kit_bytes(buffer->bytes, buffer->length); }

static inline void kit_free(kit_buffer *buffer) {
    free(buffer->bytes);
    memset(buffer, 0, sizeof *buffer);
}

/* Makes room for `count` more bytes, and returns their address; NULL if there is no memory. */
static inline char *kit_reserve(kit_buffer *buffer, size_t count) {
    if (buffer->failed || count > (size_t)-1 / 2 - buffer->length) {
        buffer->failed = true;
        return NULL;
    }
    if (buffer->bytes == NULL || buffer->capacity - buffer->length < count) {
        size_t capacity = buffer->length + count;
        capacity += capacity / 2 + 64;
        char *bytes = (char *)realloc(buffer->bytes, capacity);
        if (bytes == NULL) {
            buffer->failed = true;
            return NULL;
        }
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    return buffer->bytes + buffer->length;
}

static inline void kit_append(kit_buffer *buffer, assay_str text) {
    char *to = kit_reserve(buffer, text.len);
    if (to == NULL || text.len == 0) return;
    memcpy(to, text.ptr, text.len);
    buffer->length += text.len;
}

/* Appends a JSON string, with quotes and the necessary escapes. */
static inline void kit_append_quoted(kit_buffer *buffer, assay_str text) {
    static const char hex[] = "0123456789abcdef";
    if (text.len > (size_t)-1 / 16) {
        buffer->failed = true;
        return;
    }
    char *const start = kit_reserve(buffer, 6 * text.len + 2);
    if (start == NULL) return;
    char *to = start;
    *to++ = '"';
    for (uint64_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.ptr[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            *to++ = (char)byte;
            continue;
        }
        const char *known = byte == 0 ? NULL : strchr("\"\"\\\\\bb\ff\nn\rr\tt", byte);
        *to++ = '\\';
        if (known != NULL) {
            *to++ = known[1];
        } else {
            memcpy(to, "u00", 3);
            to[3] = hex[byte >> 4];
            to[4] = hex[byte & 15];
            to += 5;
        }
    }
    *to++ = '"';
    buffer->length += (size_t)(to - start);
}

/* ---------------------------------------------------------------- any text as a value */

/* Where a text is not JSON. */
typedef struct kit_json_fault {
    uint64_t byte;        /* its offset in the text */
    const char *expected; /* what was expected there, in words */
} kit_json_fault;

/* The maximum nesting depth of arrays and objects. */
enum { KIT_JSON_DEPTH = 512 };

static inline const char *kit_json_past_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

/* Moves past the expected characters. If they are not there, `expected` says what was expected at `at`. */
typedef struct kit_json_reader {
    const char *at, *end;
    const char *expected;
} kit_json_reader;

static inline bool kit_json_expect(kit_json_reader *reader, const char *expected) {
    reader->expected = expected;
    return false;
}

static inline bool kit_json_take(kit_json_reader *reader, char byte) {
    if (reader->at == reader->end || *reader->at != byte) return false;
    reader->at++;
    return true;
}

static inline bool kit_json_take_digits(kit_json_reader *reader) {
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') reader->at++;
    return reader->at > start || kit_json_expect(reader, "a digit");
}

static inline bool kit_json_take_number(kit_json_reader *reader) {
    kit_json_take(reader, '-');
    if (!kit_json_take(reader, '0') && !kit_json_take_digits(reader)) return false;
    if (kit_json_take(reader, '.') && !kit_json_take_digits(reader)) return false;
    if (!kit_json_take(reader, 'e') && !kit_json_take(reader, 'E')) return true;
    if (!kit_json_take(reader, '+')) kit_json_take(reader, '-');
    return kit_json_take_digits(reader);
}

static inline bool kit_json_take_word(kit_json_reader *reader, const char *word) {
    const size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return kit_json_expect(reader, "a value");
    reader->at += length;
    return true;
}

static inline bool kit_json_take_string(kit_json_reader *reader) {
    if (!kit_json_take(reader, '"')) return kit_json_expect(reader, "a string");
    while (reader->at < reader->end && *reader->at != '"') {
        if ((unsigned char)*reader->at < 0x20)
            return kit_json_expect(reader, "an escape such as \\n instead of a control character");
        if (*reader->at++ != '\\') continue;
        if (kit_json_take(reader, 'u')) {
            for (int i = 0; i < 4; i++, reader->at++) {
                const char digit = reader->at < reader->end ? (char)(*reader->at | 0x20) : ' ';
                if (!(digit >= 'a' && digit <= 'f') && !(digit >= '0' && digit <= '9' && *reader->at == digit))
                    return kit_json_expect(reader, "four hexadecimal digits");
            }
        } else if (reader->at == reader->end || *reader->at == 0 || strchr("\"\\/bfnrt", *reader->at) == NULL) {
            return kit_json_expect(reader, "a valid JSON escape");
        } else {
            reader->at++;
        }
    }
    return kit_json_take(reader, '"') || kit_json_expect(reader, "the end of a string");
}

/* Takes a value, with the depth of what it holds in `is_object`, a bit for each array or object around. */
static inline bool kit_json_take_value(kit_json_reader *reader) {
    unsigned char is_object[KIT_JSON_DEPTH / 8];
    size_t depth = 0;
    memset(is_object, 0, sizeof is_object);
    for (;;) {
        /* A value begins here. */
        reader->at = kit_json_past_space(reader->at, reader->end);
        const char first = reader->at < reader->end ? *reader->at : 0;
        if (first == '{' || first == '[') {
            if (depth == KIT_JSON_DEPTH) return kit_json_expect(reader, "fewer nested arrays and objects");
            const unsigned char bit = (unsigned char)(1 << depth % 8);
            is_object[depth / 8] = (unsigned char)((is_object[depth / 8] & (bit - 1)) | (first == '{' ? bit : 0));
            depth++;
            reader->at = kit_json_past_space(reader->at + 1, reader->end);
            if (!kit_json_take(reader, first == '{' ? '}' : ']')) {
                if (first == '[') continue;
                goto key;
            }
            depth--;
        } else if (first == '"') {
            if (!kit_json_take_string(reader)) return false;
        } else if (first == '-' || (first >= '0' && first <= '9')) {
            if (!kit_json_take_number(reader)) return false;
        } else if (!kit_json_take_word(reader, first == 't' ? "true" : first == 'f' ? "false" : "null")) {
            return false;
        }
        /* A value has ended here: the next characters belong to its container. */
        for (;;) {
            if (depth == 0) return true;
            const bool in_object = (is_object[(depth - 1) / 8] >> (depth - 1) % 8 & 1) != 0;
            reader->at = kit_json_past_space(reader->at, reader->end);
            if (kit_json_take(reader, ',')) {
                if (in_object) goto key;
                break;
            }
            if (!kit_json_take(reader, in_object ? '}' : ']'))
                return kit_json_expect(reader, in_object ? "a comma or }" : "a comma or ]");
            depth--;
        }
        continue;
    key:
        reader->at = kit_json_past_space(reader->at, reader->end);
        if (!kit_json_take_string(reader)) {
            /* A broken string reports its own fault. */
            if (strcmp(reader->expected, "a string") == 0) reader->expected = "the name of a member";
            return false;
        }
        reader->at = kit_json_past_space(reader->at, reader->end);
        if (!kit_json_take(reader, ':')) return kit_json_expect(reader, "a colon");
    }
}

/* Converts any text to a value: true if it is one JSON value, with optional white space around it (RFC 8259). Otherwise
 * *value is empty, and *fault, unless it is NULL, says where and why. Non-ASCII bytes are not checked, because text from the
 * host is valid UTF-8. */
static inline bool kit_json_read(assay_str text, assay_str *value, kit_json_fault *fault) {
    const char *const end = text.len == 0 ? text.ptr : text.ptr + text.len;
    kit_json_reader reader;
    reader.at = kit_json_past_space(text.ptr, end);
    reader.end = end;
    reader.expected = NULL;
    const char *const start = reader.at;
    bool is_value = kit_json_take_value(&reader);
    const char *const past = reader.at;
    if (is_value) {
        reader.at = kit_json_past_space(past, end);
        if (reader.at != end) is_value = kit_json_expect(&reader, "the end of the text");
    }
    *value = is_value ? kit_bytes(start, (size_t)(past - start)) : kit_bytes("", 0);
    if (!is_value && fault != NULL) {
        fault->byte = text.len == 0 ? 0 : (uint64_t)(reader.at - text.ptr);
        fault->expected = reader.expected;
    }
    return is_value;
}

/* Whether any text is one JSON value. */
static inline bool kit_json_is_valid(assay_str text) {
    assay_str value;
    return kit_json_read(text, &value, NULL);
}

/* ---------------------------------------------------------------- reading */

/* Past the value that begins at `at`. */
static inline const char *kit_json_past_value(const char *at, const char *end) {
    size_t depth = 0;
    while (at < end) {
        const char byte = *at++;
        if (byte == '"') {
            while (at < end && *at != '"') at += *at == '\\' && end - at > 1 ? 2 : 1;
            if (at < end) at++;
        } else if (byte == '{' || byte == '[') {
            depth++;
        } else if (byte == '}' || byte == ']') {
            if (depth > 0) depth--;
        } else if (depth == 0) {
            while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != ' ' && *at != '\n' && *at != '\t' &&
                   *at != '\r')
                at++;
        }
        if (depth == 0) break;
    }
    return at;
}

/* The kind of a value: '{', '[', '"', 't' or 'f' for booleans, 'n' for null, '0' for numbers; 0 if there is none. */
static inline char kit_json_kind(assay_str value) {
    if (value.len == 0) return 0;
    const char first = value.ptr[0];
    return first == '-' || (first >= '0' && first <= '9') ? '0' : first;
}

/* A value for a message: unchanged if it is short, otherwise its kind. */
static inline assay_str kit_json_brief(assay_str value) {
    if (value.len <= 60) return value;
    const char kind = kit_json_kind(value);
    return kit_str(kind == '{' ? "an object" : kind == '[' ? "an array" : kind == '"' ? "a long string" : "a number");
}

/* Iterates over the elements of an array or the members of an object. */
typedef struct kit_json_items {
    const char *at, *end;
    bool have_keys;
} kit_json_items;

/* Starts at the first item. A value that has none is like an empty array. */
static inline kit_json_items kit_json_open(assay_str value) {
    kit_json_items items;
    const char kind = kit_json_kind(value);
    items.have_keys = kind == '{';
    items.end = value.len == 0 ? value.ptr : value.ptr + value.len;
    items.at = kind == '{' || kind == '[' ? value.ptr + 1 : items.end;
    return items;
}

/* Returns the next item; false if there are no more. `key` is a JSON string, including the quotes; it may be NULL. */
static inline bool kit_json_next(kit_json_items *items, assay_str *key, assay_str *value) {
    const char *at = kit_json_past_space(items->at, items->end);
    if (at < items->end && *at == ',') at = kit_json_past_space(at + 1, items->end);
    if (at >= items->end || *at == '}' || *at == ']') return false;
    if (items->have_keys) {
        const char *past = kit_json_past_value(at, items->end);
        if (key != NULL) *key = kit_bytes(at, (size_t)(past - at));
        at = kit_json_past_space(past, items->end);
        if (at < items->end && *at == ':') at = kit_json_past_space(at + 1, items->end);
    }
    items->at = kit_json_past_value(at, items->end);
    *value = kit_bytes(at, (size_t)(items->at - at));
    return true;
}

static inline unsigned kit_json_hex(const char *digits) {
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        const char digit = digits[i];
        value = value << 4 | (unsigned)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    return value & 0xFFFF;
}

static inline char *kit_json_utf8(char *to, unsigned code) {
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *to++ = (char)(0xE0 | code >> 12);
        } else {
            *to++ = (char)(0xF0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (code & 0x3F));
    return to;
}

/* Writes what an escape stands for, 1 to 4 bytes, to `to`, and moves *at past it. A surrogate without its other half is
 * U+FFFD. There are 2 bytes at least, the first a backslash. Returns the end of what was written. */
static inline char *kit_json_unescape(const char **from, const char *end, char *to) {
    const char *at = *from;
    const char letter = at[1];
    at += 2;
    if (letter == 'u' && end - at >= 4) {
        unsigned code = kit_json_hex(at);
        at += 4;
        if (code >= 0xD800 && code < 0xE000) {
            const bool is_high = code < 0xDC00;
            const bool has_more = end - at >= 6 && at[0] == '\\' && at[1] == 'u';
            const unsigned low = is_high && has_more ? kit_json_hex(at + 2) : 0;
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                at += 6;
            } else {
                code = 0xFFFD;
            }
        }
        to = kit_json_utf8(to, code);
    } else {
        const char *known = letter == 0 ? NULL : strchr("b\bf\fn\nr\rt\t", letter);
        *to++ = known != NULL ? known[1] : letter;
    }
    *from = at;
    return to;
}

static inline bool kit_json_is_string(assay_str value) {
    return value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';
}

/* Appends the decoded contents of a JSON string. If the value is not a string, returns false and appends nothing. */
static inline bool kit_json_text(assay_str value, kit_buffer *buffer) {
    if (!kit_json_is_string(value)) return false;
    /* No escape is shorter than what it stands for. */
    char *const start = kit_reserve(buffer, value.len);
    if (start == NULL) return true;
    char *to = start;
    const char *at = value.ptr + 1, *const end = value.ptr + value.len - 1;
    while (at < end) {
        if (*at == '\\' && end - at >= 2)
            to = kit_json_unescape(&at, end, to);
        else
            *to++ = *at++;
    }
    buffer->length += (size_t)(to - start);
    return true;
}

/* Whether a value is a JSON string whose decoded contents are `text`: "Z\u00fcrich" is Zürich. */
static inline bool kit_json_is(assay_str value, assay_str text) {
    if (!kit_json_is_string(value)) return false;
    const char *at = value.ptr + 1, *const end = value.ptr + value.len - 1;
    uint64_t place = 0;
    while (at < end) {
        char bytes[4];
        char *past = bytes;
        if (*at == '\\' && end - at >= 2)
            past = kit_json_unescape(&at, end, bytes);
        else
            *past++ = *at++;
        const uint64_t count = (uint64_t)(past - bytes);
        if (text.len - place < count || memcmp(text.ptr + place, bytes, count) != 0) return false;
        place += count;
    }
    return place == text.len;
}

/* The member of an object by its decoded name; if a name occurs several times, the last one. False if there is none, or the
 * value is not an object. */
static inline bool kit_json_member(assay_str object, assay_str name, assay_str *value) {
    kit_json_items members = kit_json_open(object);
    assay_str key, member;
    bool is_there = false;
    *value = kit_bytes("", 0);
    if (!members.have_keys) return false;
    while (kit_json_next(&members, &key, &member)) {
        if (!kit_json_is(key, name)) continue;
        *value = member;
        is_there = true;
    }
    return is_there;
}

/* Columns of CSV files are text, so an object or array is passed as a JSON string that contains it. Returns the contents of
 * such a string, in `buffer`, which is emptied first; returns any other value unchanged. */
static inline assay_str kit_json_unwrap(assay_str value, kit_buffer *buffer) {
    assay_str inner;
    buffer->length = 0;
    if (!kit_json_text(value, buffer) || !kit_json_read(kit_contents(buffer), &inner, NULL)) return value;
    return kit_json_kind(inner) == '{' || kit_json_kind(inner) == '[' ? inner : value;
}

/* Reads a number, to the nearest double, in the "C" locale, which hosts keep. False if the value is not a number, or too large. */
static inline bool kit_json_number(assay_str value, double *number) {
    char digits[512];
    if (kit_json_kind(value) != '0' || value.len >= sizeof digits) return false;
    memcpy(digits, value.ptr, value.len);
    digits[value.len] = 0;
    *number = strtod(digits, NULL);
    return *number - *number == 0;
}

#endif
