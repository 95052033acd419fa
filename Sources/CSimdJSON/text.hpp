#pragma once

#include <simdjson.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "CSimdJSON.h"

namespace csj {

bool is_number(std::string_view text);

/* What Python writes for numbers that JSON does not have. */
inline bool is_non_finite(std::string_view token) {
    return token == "NaN" || token == "Infinity" || token == "-Infinity";
}

/* A token without the white space behind it. */
inline std::string_view trimmed(std::string_view token) {
    size_t length = token.size();
    while (length > 0 && (token[length - 1] == ' ' || token[length - 1] == '\t' || token[length - 1] == '\r' ||
                          token[length - 1] == '\n'))
        length--;
    return token.substr(0, length);
}

/* The name of a field as it is written, without its quotes. Stage 1 has found the end of it. */
inline std::string_view raw_key(simdjson::ondemand::field &field) {
    const char *key = reinterpret_cast<const char *>(field.key().raw());
    const char *close = key;
    while (*close != '"') close += *close == '\\' ? 2 : 1;
    return std::string_view(key, size_t(close - key));
}

/* What becomes of a \uD800 that is half of nothing. */
enum class Surrogates { replaced, kept };

/* Unescapes the inside of a JSON string; returns the end of what was written (never longer than `from`), or nullptr for an
 * escape that JSON does not have. Slow; for strings that simdjson refuses. */
char *unescape(std::string_view from, char *to, Surrogates surrogates, bool &unpaired);

/* Whether nothing but white space is left. */
inline bool at_end(simdjson::ondemand::document &document) {
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

/* The byte of `input` that the document is at, or -1. */
inline int64_t location(simdjson::ondemand::document &document, std::string_view input) {
    const char *at;
    if (document.current_location().get(at) != simdjson::SUCCESS) return -1;
    return at >= input.data() && at <= input.data() + input.size() ? at - input.data() : -1;
}

/* A key as it is written, closing quote and all, and the first column of its name, or -1. */
struct Key {
    static const size_t longest = 64; /* longer ones are looked up each time */
    char spelling[longest] = {};
    size_t length = 0;
    int32_t column = -1;

    /* Whether `at`, behind which CSJ_PADDING bytes are readable, starts with this key. */
    bool matches(const char *at) const {
        size_t i = 0;
        uint64_t here, there, difference = length == 0;
        for (; i + 8 <= length; i += 8) {
            memcpy(&here, at + i, 8);
            memcpy(&there, spelling + i, 8);
            difference |= here ^ there;
        }
        if (i < length) {
            memcpy(&here, at + i, 8);
            memcpy(&there, spelling + i, 8);
            difference |= (here ^ there) << (8 * (8 - (length - i))); /* the low bytes come first */
        }
        return difference == 0;
    }
};

inline csj_text slice(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace csj

struct csj_parser {
    simdjson::ondemand::parser parser;
    simdjson::ondemand::parser lists; /* for arrays inside a line that `parser` is at */
    /* The members of the row before, in order: rows of one file mostly have the same. */
    std::vector<csj::Key> members;
    std::vector<int32_t> same_name; /* the next column of the same name, or -1 */
    std::vector<size_t> paths;      /* the columns that have steps */
    std::string name;               /* a key without its escapes */
    csj_rewrite rewrite = nullptr;
    void *rewrite_context = nullptr;
    std::vector<csj_node> nodes;
    std::vector<uint32_t> objects; /* where those in the arrays of an outline start */
    std::string strings;
};
