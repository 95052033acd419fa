#pragma once

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "carrow.h"

namespace carrow {

enum class Kind {
    null, boolean, integer, floating, decimal, text, view, list, list_view, fixed_list, structure, map, date, time,
    timestamp, duration, dictionary, unknown
};

// A type, with those within it.
struct Type {
    Kind kind = Kind::unknown;
    // Bytes of a number or an offset.
    int width = 0;
    bool is_signed = true;
    // Of decimals.
    int scale = 0;
    // Of fixed lists.
    int64_t size = 0;
    // Units of a second, for times; days are 0.
    int64_t per_second = 0;
    std::string zone, name, format;
    std::vector<Type> children;
    std::unique_ptr<Type> values; // of dictionaries

    bool is_text() const { return kind == Kind::text || kind == Kind::view; }
};

// Writes what is wrong with a column, and is false.
struct Fault {
    char *error;
    bool operator()(const Type &type, const char *what) const {
        std::snprintf(error, CA_ERROR_SIZE, "the column \"%.100s\" %s (Arrow format \"%.60s\")", type.name.c_str(), what,
                      type.format.c_str());
        return false;
    }
};

// The buffers of an array, whose lengths are checked. Row i of the array is element i + offset of its buffers.
struct Column {
    const Type *type = nullptr;
    int64_t length = 0, offset = 0;
    const uint8_t *validity = nullptr;
    const void *data = nullptr;    // numbers, offsets or views
    const void *more = nullptr;    // bytes of texts, or sizes of list views
    const void *const *buffers = nullptr; // of views
    const int64_t *sizes = nullptr;
    int64_t n_buffers = 0;
    // Whether every text is UTF-8.
    bool is_valid_text = false;
    std::vector<Column> children;
    std::unique_ptr<Column> values;

    bool is_null(int64_t row) const {
        if (type->kind == Kind::null) return true;
        const int64_t i = row + offset;
        return validity && !(validity[i >> 3] >> (i & 7) & 1);
    }
    // The text of a row that is not null; ptr is NULL where it is not UTF-8.
    csj_text text(int64_t row) const;
    int64_t integer(int64_t row) const;
    double number(int64_t row) const;
    // The place of a dictionary's value.
    int64_t index(int64_t row) const { return integer(row); }
    // The elements of a list.
    void range(int64_t row, int64_t &start, int64_t &end) const;
};

// Appends a value as JSON; false when out of memory.
bool write_value(const Column &, int64_t row, ca_bytes &);

// Enlarges memory that has too little room; false when out of memory.
bool grow(ca_bytes &, size_t more);

// How deep columns may be nested, and how many a table may have, with those within others.
constexpr int most_levels = 64;
constexpr int64_t most_columns = 100000;

// Whether there is no byte above 127. Most texts are decided here, not in simdjson, which takes longer to start with.
inline bool is_ascii(const char *bytes, size_t count) {
    uint64_t all = 0, word;
    if (count >= 8) {
        for (size_t i = 0; i + 8 <= count; i += 8) {
            std::memcpy(&word, bytes + i, 8);
            all |= word;
        }
        std::memcpy(&word, bytes + count - 8, 8);
        all |= word;
    } else {
        for (size_t i = 0; i < count; i++) all |= static_cast<unsigned char>(bytes[i]);
    }
    return !(all & 0x8080808080808080u);
}

inline bool reserve(ca_bytes &out, size_t more) { return out.capacity - out.count >= more || grow(out, more); }

} // namespace carrow

struct ca_schema {
    carrow::Type root;
};

struct ca_batch {
    const ca_schema *schema;
    struct ArrowArray array;
    carrow::Column root;
};
