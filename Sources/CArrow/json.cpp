// Rows as lines of JSON, for columns that are nested or that paths lead into.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "batch.hpp"

using carrow::Column;
using carrow::Kind;
using carrow::Type;

namespace carrow {

bool grow(ca_bytes &out, size_t more) {
    size_t capacity = out.capacity * 2 > out.count + more ? out.capacity * 2 : out.count + more;
    char *larger = static_cast<char *>(std::realloc(out.bytes, capacity));
    if (!larger) return false;
    out.bytes = larger;
    out.capacity = capacity;
    return true;
}

} // namespace carrow

namespace {

struct Writer {
    ca_bytes &out;
    // A fixed-size list needs no bytes for its elements: without a limit, a few numbers would be gigabytes of JSON.
    size_t end = out.count + CA_MOST_JSON;
    bool ok = true;

    void put(const char *bytes, size_t count) {
        if (!ok || !(ok = out.count + count <= end && carrow::reserve(out, count))) return;
        std::memcpy(out.bytes + out.count, bytes, count);
        out.count += count;
    }
    void put(const char *text) { put(text, std::strlen(text)); }
    void put(char c) { put(&c, 1); }
    void quoted(csj_text text) {
        if (!ok || !(ok = out.count + text.len <= end && carrow::reserve(out, 6 * text.len + 2))) return;
        out.bytes[out.count++] = '"';
        out.count += csj_escape(out.bytes + out.count, text);
        out.bytes[out.count++] = '"';
    }

    void number(const Column &column, int64_t row) {
        char text[64];
        std::to_chars_result end{text, std::errc()};
        if (column.type->kind == Kind::floating) {
            const double value = column.number(row);
            if (!(value - value == 0)) return put(value != value ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
            end = column.type->width == 4 ? std::to_chars(text, text + sizeof text, static_cast<float>(value))
                                          : std::to_chars(text, text + sizeof text, value);
            // As Python writes it, so that a whole number is still a fraction.
            put(text, static_cast<size_t>(end.ptr - text));
            if (!std::memchr(text, '.', static_cast<size_t>(end.ptr - text))
                && !std::memchr(text, 'e', static_cast<size_t>(end.ptr - text)))
                put(".0");
            return;
        }
        if (column.type->width == 8 && !column.type->is_signed)
            end = std::to_chars(text, text + sizeof text, static_cast<uint64_t>(column.integer(row)));
        else
            end = std::to_chars(text, text + sizeof text, column.integer(row));
        put(text, static_cast<size_t>(end.ptr - text));
    }

    void decimal(const Column &column, int64_t row) {
        const int64_t i = row + column.offset;
        __int128 value;
        if (column.type->width == 16) std::memcpy(&value, static_cast<const char *>(column.data) + 16 * i, 16);
        else if (column.type->width == 8) value = static_cast<const int64_t *>(column.data)[i];
        else value = static_cast<const int32_t *>(column.data)[i];
        const bool is_negative = value < 0;
        unsigned __int128 rest = is_negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
        char digits[256];
        int count = 0;
        for (int i = column.type->scale; i < 0 && rest; i++) digits[count++] = '0';
        do {
            digits[count++] = static_cast<char>('0' + static_cast<int>(rest % 10));
            rest /= 10;
        } while (rest || count <= column.type->scale);
        if (is_negative) put('-');
        while (count > 0) {
            if (count == column.type->scale) put('.');
            put(digits[--count]);
        }
    }

    // The proleptic Gregorian date of a day since 1970 (H. Hinnant, "chrono-compatible low-level date algorithms").
    void date(int64_t day, char *text, size_t size) {
        day += 719468;
        const int64_t era = (day >= 0 ? day : day - 146096) / 146097;
        const int64_t of_era = day - era * 146097;
        const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
        const int64_t month = (5 * of_year + 2) / 153;
        const int64_t m = month < 10 ? month + 3 : month - 9;
        std::snprintf(text, size, "%04lld-%02lld-%02lld", static_cast<long long>(year + era * 400 + (m <= 2)),
                      static_cast<long long>(m), static_cast<long long>(of_year - (153 * month + 2) / 5 + 1));
    }

    void time(int64_t units, int64_t per_second, char *text, size_t size) {
        const int64_t second = units / per_second, fraction = units % per_second;
        int n = std::snprintf(text, size, "%02lld:%02lld:%02lld", static_cast<long long>(second / 3600),
                              static_cast<long long>(second / 60 % 60), static_cast<long long>(second % 60));
        if (!fraction) return;
        int places = 0;
        for (int64_t unit = per_second; unit > 1; unit /= 10) places++;
        std::snprintf(text + n, size - static_cast<size_t>(n), ".%0*lld", places, static_cast<long long>(fraction));
    }

    void temporal(const Column &column, int64_t row) {
        const int64_t value = column.integer(row), per_second = column.type->per_second;
        char text[96] = "", clock[48] = "";
        if (column.type->kind == Kind::date) {
            const int64_t milliseconds = 86400000;
            int64_t day = value;
            if (per_second) day = value / milliseconds - (value % milliseconds < 0);
            date(day, text, sizeof text);
        } else if (column.type->kind == Kind::time) {
            if (value < 0) return put("null");
            time(value, per_second, text, sizeof text);
        } else {
            const int64_t units = 86400 * per_second;
            int64_t day = value / units, rest = value % units;
            if (rest < 0) {
                rest += units;
                day--;
            }
            date(day, text, sizeof text);
            time(rest, per_second, clock, sizeof clock);
            std::strcat(text, "T");
            std::strcat(text, clock);
            // Timestamps with a zone count from an instant, which is written in UTC.
            if (!column.type->zone.empty()) std::strcat(text, "Z");
        }
        quoted(csj_text{text, std::strlen(text)});
    }

    void list(const Column &column, int64_t row) {
        int64_t start, end;
        column.range(row, start, end);
        put('[');
        for (int64_t i = start; ok && i < end; i++) {
            if (i > start) put(", ");
            value(column.children[0], i);
        }
        put(']');
    }

    void structure(const Column &column, int64_t row) {
        put('{');
        for (size_t i = 0; ok && i < column.children.size(); i++) {
            if (i > 0) put(", ");
            const std::string &name = column.children[i].type->name;
            quoted(csj_text{name.data(), name.size()});
            put(": ");
            value(column.children[i], row);
        }
        put('}');
    }

    void map(const Column &column, int64_t row) {
        int64_t start, end;
        column.range(row, start, end);
        const Column &entries = column.children[0];
        put('{');
        for (int64_t i = start; ok && i < end; i++) {
            if (i > start) put(", ");
            const Column &key = entries.children[0];
            const bool is_text = key.type->is_text() || (key.type->values && key.type->values->is_text());
            if (is_text && !key.is_null(i)) {
                value(key, i);
            } else {
                // Keys of JSON are strings.
                ca_bytes bytes{};
                Writer inner{bytes};
                inner.value(key, i);
                const bool is_quoted = bytes.count > 0 && bytes.bytes[0] == '"';
                if (is_quoted) put(bytes.bytes, bytes.count);
                else quoted(csj_text{bytes.bytes ? bytes.bytes : "", bytes.count});
                ok = ok && inner.ok;
                std::free(bytes.bytes);
            }
            put(": ");
            value(entries.children[1], i);
        }
        put('}');
    }

    void value(const Column &column, int64_t row) {
        if (column.is_null(row)) return put("null");
        switch (column.type->kind) {
        case Kind::boolean: return put(column.integer(row) ? "true" : "false");
        case Kind::integer: case Kind::floating: return number(column, row);
        case Kind::duration: return number(column, row);
        case Kind::decimal: return decimal(column, row);
        case Kind::date: case Kind::time: case Kind::timestamp: return temporal(column, row);
        case Kind::list: case Kind::list_view: case Kind::fixed_list: return list(column, row);
        case Kind::structure: return structure(column, row);
        case Kind::map: return map(column, row);
        case Kind::dictionary: return value(*column.values, column.index(row));
        case Kind::text: case Kind::view: {
            const csj_text text = column.text(row);
            // Bytes that are no text are not JSON either.
            return text.ptr ? quoted(text) : put("null");
        }
        default: return put("null");
        }
    }
};

} // namespace

bool carrow::write_value(const Column &column, int64_t row, ca_bytes &out) {
    Writer writer{out};
    writer.value(column, row);
    return writer.ok;
}

extern "C" bool ca_batch_write_rows(
    const ca_batch *batch, size_t first, size_t count, const bool *wanted, ca_bytes *out
) {
    try {
        Writer writer{*out};
        const size_t most = out->count + size_t{CA_MOST_TIMES} * CA_MOST_JSON;
        for (size_t row = first; row < first + count && writer.ok; row++) {
            bool is_first = true;
            writer.end = std::min(most, out->count + CA_MOST_JSON);
            writer.put('{');
            for (size_t i = 0; i < batch->root.children.size(); i++) {
                if ((wanted && !wanted[i]) || batch->root.children[i].type->kind == carrow::Kind::unknown) continue;
                if (!is_first) writer.put(", ");
                is_first = false;
                const std::string &name = batch->root.children[i].type->name;
                writer.quoted(csj_text{name.data(), name.size()});
                writer.put(": ");
                writer.value(batch->root.children[i], static_cast<int64_t>(row));
            }
            writer.put("}\n");
        }
        if (!writer.ok || !carrow::reserve(*out, CSJ_PADDING)) return false;
        std::memset(out->bytes + out->count, 0, CSJ_PADDING);
        return true;
    } catch (...) {
        return false;
    }
}
