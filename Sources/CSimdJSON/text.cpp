#include "text.hpp"

#include <cstring>

namespace csj {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex4(const char *p, const char *end) {
    if (end - p < 4) return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        const char c = p[i];
        int digit = is_digit(c) ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

char *encode(char *to, uint32_t scalar) {
    if (scalar < 0x80) {
        *to++ = char(scalar);
    } else if (scalar < 0x800) {
        *to++ = char(0xC0 | scalar >> 6);
        *to++ = char(0x80 | (scalar & 0x3F));
    } else if (scalar < 0x10000) {
        *to++ = char(0xE0 | scalar >> 12);
        *to++ = char(0x80 | (scalar >> 6 & 0x3F));
        *to++ = char(0x80 | (scalar & 0x3F));
    } else {
        *to++ = char(0xF0 | scalar >> 18);
        *to++ = char(0x80 | (scalar >> 12 & 0x3F));
        *to++ = char(0x80 | (scalar >> 6 & 0x3F));
        *to++ = char(0x80 | (scalar & 0x3F));
    }
    return to;
}

}  // namespace

bool is_number(std::string_view text) {
    const char *p = text.data(), *end = p + text.size();
    if (p < end && *p == '-') p++;
    if (p == end || !is_digit(*p)) return false;
    if (*p == '0') {
        p++;
    } else {
        while (p < end && is_digit(*p)) p++;
    }
    if (p < end && *p == '.') {
        if (++p == end || !is_digit(*p)) return false;
        while (p < end && is_digit(*p)) p++;
    }
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        if (p == end || !is_digit(*p)) return false;
        while (p < end && is_digit(*p)) p++;
    }
    return p == end;
}

char *unescape(std::string_view from, char *to, Surrogates surrogates, bool &unpaired) {
    const char *p = from.data(), *end = p + from.size();
    while (p < end) {
        if (*p != '\\') {
            const void *next = memchr(p, '\\', size_t(end - p));
            const size_t length = size_t((next ? static_cast<const char *>(next) : end) - p);
            memmove(to, p, length);
            to += length;
            p += length;
            continue;
        }
        if (++p == end) return nullptr;
        switch (*p++) {
            case '"': *to++ = '"'; break;
            case '\\': *to++ = '\\'; break;
            case '/': *to++ = '/'; break;
            case 'b': *to++ = '\b'; break;
            case 'f': *to++ = '\f'; break;
            case 'n': *to++ = '\n'; break;
            case 'r': *to++ = '\r'; break;
            case 't': *to++ = '\t'; break;
            case 'u': {
                const int unit = hex4(p, end);
                if (unit < 0) return nullptr;
                p += 4;
                uint32_t scalar = uint32_t(unit);
                if (scalar >= 0xD800 && scalar < 0xE000) {
                    int low = -1;
                    if (scalar < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') low = hex4(p + 2, end);
                    if (low >= 0xDC00 && low < 0xE000) {
                        p += 6;
                        scalar = 0x10000 + ((scalar - 0xD800) << 10) + (uint32_t(low) - 0xDC00);
                    } else {
                        unpaired = true;
                        if (surrogates == Surrogates::replaced) scalar = 0xFFFD;
                    }
                }
                to = encode(to, scalar);
                break;
            }
            default: return nullptr;
        }
    }
    return to;
}

/* Whether a JSON string must escape the byte. */
inline bool is_special(unsigned char c) { return bool(int(c < 0x20) | int(c == '"') | int(c == '\\')); }

/* Whether none of the bytes of a word is special. */
template <typename Word> inline bool is_plain(const char *p) {
    Word word;
    memcpy(&word, p, sizeof word);
    const Word ones = Word(~Word(0)) / 255, tops = ones * 0x80;
    const Word quotes = word ^ (ones * '"'), slashes = word ^ (ones * '\\');
    const Word special = ((word - ones * 0x20) & ~word) | ((quotes - ones) & ~quotes) | ((slashes - ones) & ~slashes);
    return !(special & tops);
}

/* Copies a word if none of its bytes is special. */
template <typename Word> inline bool copy_plain(char *to, const char *from) {
    if (!is_plain<Word>(from)) return false;
    memcpy(to, from, sizeof(Word));
    return true;
}

}  // namespace csj

extern "C" {

const char *csj_error_message(int32_t error) { return simdjson::error_message(simdjson::error_code(error)); }

bool csj_is_utf8(csj_text text) { return simdjson::validate_utf8(text.ptr ? text.ptr : "", text.len); }

size_t csj_valid_utf8_prefix(csj_text text) {
    size_t good = 0, bad = text.len;
    if (csj_is_utf8(text)) return text.len;
    /* The shortest prefix that is invalid even with a cut character at its end allowed for. */
    while (good < bad) {
        const size_t middle = good + (bad - good + 1) / 2;
        size_t whole = middle;
        while (whole > 0 && middle - whole < 4 && (text.ptr[whole - 1] & 0xC0) == 0x80) whole--;
        if (whole > 0 && (text.ptr[whole - 1] & 0xC0) == 0xC0) whole--;
        if (simdjson::validate_utf8(text.ptr, whole)) {
            good = middle;
        } else {
            bad = middle - 1;
        }
    }
    /* What the last prefix allowed for may have been the fault itself, or a whole character: go back to a sound end. */
    size_t start = good;
    while (start > 0 && !simdjson::validate_utf8(text.ptr, start)) start--;
    return start;
}

bool csj_is_number(csj_text text) { return csj::is_number(std::string_view(text.ptr ? text.ptr : "", text.len)); }

bool csj_is_plain(csj_text text) {
    /* In blocks, so that the compiler can take many bytes at once. */
    size_t i = 0;
    while (i < text.len) {
        const size_t end = text.len - i < 4096 ? text.len : i + 4096;
        unsigned char special = 0;
        for (; i < end; i++) special |= csj::is_special((unsigned char)text.ptr[i]);
        if (special) return false;
    }
    return true;
}

size_t csj_escape(char *to, csj_text text) {
    static const char hex[] = "0123456789abcdef";
    const char *p = text.ptr, *const end = p + text.len;
    char *const start = to;
    while (p < end) {
        /* Many bytes at a time while none is special. The last ones are taken together with some before them, which are
         * written once more as they are. */
        if (end - p >= 8) {
            if (csj::copy_plain<uint64_t>(to, p)) {
                p += 8;
                to += 8;
                continue;
            }
        } else if (text.len >= 8 && csj::is_plain<uint64_t>(end - 8)) {
            const size_t left = size_t(end - p);
            memcpy(to + left - 8, end - 8, 8);
            return size_t(to + left - start);
        } else if (end - p >= 4 && csj::copy_plain<uint32_t>(to, p)) {
            p += 4;
            to += 4;
            continue;
        }
        const unsigned char c = (unsigned char)*p++;
        if (!csj::is_special(c)) {
            *to++ = char(c);
        } else if (c == '"' || c == '\\') {
            *to++ = '\\';
            *to++ = char(c);
        } else {
            *to++ = '\\';
            switch (c) {
                case '\b': *to++ = 'b'; break;
                case '\f': *to++ = 'f'; break;
                case '\n': *to++ = 'n'; break;
                case '\r': *to++ = 'r'; break;
                case '\t': *to++ = 't'; break;
                default:
                    memcpy(to, "u00", 3);
                    to[3] = hex[c >> 4];
                    to[4] = hex[c & 15];
                    to += 5;
            }
        }
    }
    return size_t(to - start);
}

}  // extern "C"
