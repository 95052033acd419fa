/* assay_json.h: JSON for scorers in C and C++. Values are read in place, texts are written to a buffer that grows.
 *
 * A value is an assay_str with the value's own text, as config_json and cells of ASSAY_TYPE_JSON are. What the host
 * gives is valid JSON, and that is what these functions are for: of any other bytes they read none beyond the end, but
 * what they say of them means nothing. No function recurses, so depth costs no stack.
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

/* Starts as kit_empty(), all zeroes. What is appended after memory has run out is dropped, and `failed` says so. */
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

/* Makes room for `count` more bytes, and returns where they go; NULL where there is no memory. */
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

/* Appends a JSON string: quotes, and escapes for what needs them. */
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

/* ---------------------------------------------------------------- reading */

static inline const char *kit_json_past_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

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

/* What a value is: '{', '[', '"', 't' or 'f' for booleans, 'n' for null, '0' for numbers; 0 where there is none. */
static inline char kit_json_kind(assay_str value) {
    if (value.len == 0) return 0;
    const char first = value.ptr[0];
    return first == '-' || (first >= '0' && first <= '9') ? '0' : first;
}

/* A value for a message: as it is written where that is short, else what it is. */
static inline assay_str kit_json_brief(assay_str value) {
    if (value.len <= 60) return value;
    const char kind = kit_json_kind(value);
    return kit_str(kind == '{' ? "an object" : kind == '[' ? "an array" : kind == '"' ? "a long text" : "a number");
}

/* The elements of an array or the members of an object, one after the other. */
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

/* Takes the next item: false where there is none left. `key` is a JSON string, quotes and all; it may be NULL. */
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

/* Appends what a JSON string says. False, having appended nothing, where the value is no string. A surrogate without its
 * other half becomes U+FFFD. */
static inline bool kit_json_text(assay_str value, kit_buffer *buffer) {
    if (value.len < 2 || value.ptr[0] != '"' || value.ptr[value.len - 1] != '"') return false;
    /* No escape is shorter than what it stands for. */
    char *const start = kit_reserve(buffer, value.len);
    if (start == NULL) return true;
    char *to = start;
    const char *at = value.ptr + 1, *const end = value.ptr + value.len - 1;
    while (at < end) {
        if (*at != '\\' || end - at < 2) {
            *to++ = *at++;
            continue;
        }
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
    }
    buffer->length += (size_t)(to - start);
    return true;
}

/* Reads a number, to the nearest double, in the "C" locale that hosts keep. False where the value is none, or too large. */
static inline bool kit_json_number(assay_str value, double *number) {
    char digits[512];
    if (kit_json_kind(value) != '0' || value.len >= sizeof digits) return false;
    memcpy(digits, value.ptr, value.len);
    digits[value.len] = 0;
    *number = strtod(digits, NULL);
    return *number - *number == 0;
}

#endif
