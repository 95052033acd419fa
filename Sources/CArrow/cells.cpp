// Columns as cells for the engine: texts in place, and any column as JSON.
#include <cstring>

#include "batch.hpp"

using carrow::Column;
using carrow::Kind;

namespace {

// Of one call's JSON: a value of a dictionary may be that of every row.
constexpr size_t most_bytes = size_t{CA_MOST_TIMES} * CA_MOST_JSON;

inline csj_text checked(csj_text text) {
    return carrow::is_ascii(text.ptr, text.len) || csj_is_utf8(text) ? text : csj_text{nullptr, 0};
}

template <typename Offset> inline csj_text text_at(const Offset *offsets, const char *bytes, int64_t i) {
    const Offset start = offsets[i], end = offsets[i + 1];
    return csj_text{start == end ? "" : bytes + start, static_cast<uint64_t>(end - start)};
}

inline csj_text view_at(const Column &column, int64_t i) {
    const char *view = static_cast<const char *>(column.data) + 16 * i;
    int32_t parts[4];
    std::memcpy(parts, view, sizeof parts);
    if (parts[0] < 0) return csj_text{nullptr, 0};
    if (parts[0] <= 12) return checked(csj_text{view + 4, static_cast<uint64_t>(parts[0])});
    const int64_t place = parts[2], start = parts[3];
    if (place < 0 || place >= column.n_buffers || start < 0 || start + parts[0] > column.sizes[place]
        || !column.buffers[place])
        return csj_text{nullptr, 0};
    return checked(csj_text{static_cast<const char *>(column.buffers[place]) + start, static_cast<uint64_t>(parts[0])});
}

// Calls each(i, text) for the rows first + i of a column of texts that are not null: text.ptr is NULL for bytes that are not
// UTF-8. The kind of the column is looked at once, not for every row.
template <typename Each> void for_each_text(const Column &column, int64_t first, size_t count, Each each) {
    const auto visit = [&](auto text_of) {
        if (!column.validity) {
            for (size_t i = 0; i < count; i++) each(i, text_of(first + static_cast<int64_t>(i)));
        } else {
            for (size_t i = 0; i < count; i++)
                if (!column.is_null(first + static_cast<int64_t>(i))) each(i, text_of(first + static_cast<int64_t>(i)));
        }
    };
    const char *bytes = static_cast<const char *>(column.more);
    if (column.type->kind == Kind::text && column.is_valid_text && column.type->width == 4) {
        const int32_t *offsets = static_cast<const int32_t *>(column.data) + column.offset;
        visit([=](int64_t row) { return text_at(offsets, bytes, row); });
    } else if (column.type->kind == Kind::text && column.is_valid_text) {
        const int64_t *offsets = static_cast<const int64_t *>(column.data) + column.offset;
        visit([=](int64_t row) { return text_at(offsets, bytes, row); });
    } else if (column.type->kind == Kind::view) {
        visit([&](int64_t row) { return view_at(column, row + column.offset); });
    } else {
        visit([&](int64_t row) { return column.text(row); });
    }
}

// The states of rows, by whether they are null.
void set_states(const Column &column, int64_t first, size_t count, uint8_t *states) {
    if (count > 0) std::memset(states, column.type->kind == Kind::null ? CSJ_NULL : CSJ_VALUE, count);
    if (!column.validity) return;
    for (size_t i = 0; i < count; i++)
        if (column.is_null(first + static_cast<int64_t>(i))) states[i] = CSJ_NULL;
}

// Copies `size` bytes. Of short texts, 32 are copied where that many may be read; there must be room for them.
inline void copy(char *to, const char *from, size_t size, const char *end) {
    if (size == 0) return;
    if (size <= 32 && end - from >= 32) std::memcpy(to, from, 32);
    else std::memcpy(to, from, size);
}

// Whether the texts are bytes of one buffer, between `start` and `end`, none of which must be escaped in JSON.
bool are_plain(const Column &column, int64_t first, size_t count, int64_t &start, int64_t &end) {
    if (column.type->kind != Kind::text || !column.is_valid_text || count == 0) return false;
    int64_t other;
    column.range(first, start, other);
    column.range(first + static_cast<int64_t>(count) - 1, other, end);
    if (end - start > CA_MOST_JSON) return false;
    const char *bytes = static_cast<const char *>(column.more);
    return start == end || csj_is_plain(csj_text{bytes + start, static_cast<uint64_t>(end - start)});
}

// Texts as JSON strings, one after the other; false when out of memory.
bool quote(const Column &column, int64_t first, size_t count, uint8_t *states, csj_text *cells, ca_bytes &arena) {
    bool ok = true;
    for (size_t i = 0; i < count; i++) cells[i].len = 0;
    int64_t start, end;
    if (are_plain(column, first, count, start, end)) {
        if (!carrow::reserve(arena, static_cast<size_t>(end - start) + 2 * count + 32)) return false;
        char *to = arena.bytes;
        const char *const last = static_cast<const char *>(column.more) + end;
        for_each_text(column, first, count, [&](size_t i, csj_text text) {
            *to = '"';
            copy(to + 1, text.ptr, text.len, last);
            to[text.len + 1] = '"';
            cells[i].len = text.len + 2;
            to += text.len + 2;
        });
        arena.count = static_cast<size_t>(to - arena.bytes);
        return true;
    }
    for_each_text(column, first, count, [&](size_t i, csj_text text) {
        if (!text.ptr) {
            // Bytes that are not UTF-8 are not JSON either.
            states[i] = CSJ_NULL;
            return;
        }
        ok = ok && text.len <= CA_MOST_JSON && arena.count + text.len <= most_bytes
            && carrow::reserve(arena, 6 * text.len + 2);
        if (!ok) return;
        char *const start = arena.bytes + arena.count;
        *start = '"';
        const size_t length = csj_escape(start + 1, text) + 2;
        start[length - 1] = '"';
        arena.count += length;
        cells[i].len = length;
    });
    return ok;
}

// Values as JSON, one after the other, and how many numbers were not finite; false when out of memory.
bool write(
    const Column &column, int64_t first, size_t count, uint8_t *states, csj_text *cells, ca_bytes &arena, uint64_t &non_finite
) {
    for (size_t i = 0; i < count; i++) {
        cells[i].len = 0;
        if (states[i] == CSJ_NULL) continue;
        const size_t start = arena.count;
        if (arena.count > most_bytes || !carrow::write_value(column, first + static_cast<int64_t>(i), arena)) return false;
        cells[i].len = arena.count - start;
        const char *const json = arena.bytes + start;
        // "NaN", "Infinity" or "-Infinity"; "null" for the null value of a dictionary.
        if (*json == 'N' || *json == 'I' || (*json == '-' && json[1] == 'I')) {
            states[i] = CSJ_NULL;
            non_finite++;
        } else if (*json == 'n') {
            states[i] = CSJ_NULL;
        }
    }
    return true;
}

} // namespace

csj_text Column::text(int64_t row) const {
    if (type->kind == Kind::dictionary) {
        const int64_t place = index(row);
        return values->is_null(place) ? csj_text{nullptr, 1} : values->text(place);
    }
    if (type->kind == Kind::view) return view_at(*this, row + offset);
    const char *bytes = static_cast<const char *>(more);
    const csj_text found = type->width == 4 ? text_at(static_cast<const int32_t *>(data), bytes, row + offset)
                                            : text_at(static_cast<const int64_t *>(data), bytes, row + offset);
    return is_valid_text ? found : checked(found);
}

extern "C" uint64_t ca_batch_read(
    const ca_batch *batch, size_t column, uint32_t type, size_t first, size_t count, uint8_t *states, void *values
) {
    const Column &from = batch->root.children[column];
    const int64_t start = static_cast<int64_t>(first);
    set_states(from, start, count, states);
    if (from.type->kind == Kind::null) return 0;
    if (type == CSJ_TEXT) {
        csj_text *const texts = static_cast<csj_text *>(values);
        for_each_text(from, start, count, [=](size_t i, csj_text text) {
            if (!text.ptr) states[i] = text.len == 1 ? CSJ_NULL : CSJ_MISTYPED;
            texts[i] = text;
        });
        return 0;
    }
    uint64_t non_finite = 0;
    for (size_t i = 0; i < count; i++) {
        if (states[i] == CSJ_NULL) continue;
        const int64_t row = start + static_cast<int64_t>(i);
        switch (type) {
        case CSJ_F64: {
            const double number = from.number(row);
            if (!(number - number == 0)) {
                states[i] = CSJ_NULL;
                non_finite++;
            }
            static_cast<double *>(values)[i] = number;
            break;
        }
        case CSJ_I64: static_cast<int64_t *>(values)[i] = from.integer(row); break;
        case CSJ_BOOL: static_cast<uint8_t *>(values)[i] = static_cast<uint8_t>(from.integer(row)); break;
        default: states[i] = CSJ_MISTYPED;
        }
    }
    return non_finite;
}

extern "C" uint64_t ca_batch_read_json(
    const ca_batch *batch, size_t column, size_t first, size_t count, uint8_t *states, csj_text *cells, ca_bytes *arena
) {
    try {
        const Column &from = batch->root.children[column];
        const int64_t start = static_cast<int64_t>(first);
        arena->count = 0;
        set_states(from, start, count, states);
        uint64_t non_finite = 0;
        const bool is_text = from.type->is_text() || (from.type->values && from.type->values->is_text());
        const bool ok = is_text ? quote(from, start, count, states, cells, *arena)
                                : write(from, start, count, states, cells, *arena, non_finite);
        if (!ok || !carrow::reserve(*arena, CSJ_PADDING)) return UINT64_MAX;
        std::memset(arena->bytes + arena->count, 0, CSJ_PADDING);
        const char *place = arena->bytes;
        for (size_t i = 0; i < count; i++) {
            cells[i].ptr = place;
            place += cells[i].len;
        }
        return non_finite;
    } catch (...) {
        return UINT64_MAX;
    }
}
