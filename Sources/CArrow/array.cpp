#include <cmath>
#include <cstdio>
#include <cstring>

#include "batch.hpp"

using carrow::Column;
using carrow::Fault;
using carrow::Kind;
using carrow::Type;

namespace {

constexpr int64_t most_rows = int64_t{1} << 40;

template <typename Offset>
bool are_ascending(const void *data, int64_t offset, int64_t length, int64_t &first, int64_t &last) {
    const Offset *offsets = static_cast<const Offset *>(data) + offset;
    Offset before = offsets[0];
    if (before < 0) return false;
    bool ascending = true;
    for (int64_t i = 1; i <= length; i++) {
        ascending &= offsets[i] >= before;
        before = offsets[i];
    }
    first = offsets[0];
    last = before;
    return ascending;
}

bool offsets_are_valid(const Column &column, int64_t &first, int64_t &last) {
    return column.type->width == 4 ? are_ascending<int32_t>(column.data, column.offset, column.length, first, last)
                                   : are_ascending<int64_t>(column.data, column.offset, column.length, first, last);
}

// Whether all texts are UTF-8: their bytes as a whole, and none starts within a character.
bool texts_are_valid(const Column &column, int64_t first, int64_t last) {
    const char *bytes = static_cast<const char *>(column.more);
    if (first == last || carrow::is_ascii(bytes + first, static_cast<size_t>(last - first))) return true;
    if (!csj_is_utf8(csj_text{bytes + first, static_cast<uint64_t>(last - first)})) return false;
    for (int64_t i = 0; i < column.length; i++) {
        int64_t start, end;
        column.range(i, start, end);
        if (start < end && (bytes[start] & 0xC0) == 0x80) return false;
    }
    return true;
}

bool read(const Type &type, const ArrowArray *array, Column &column, int64_t rows, int64_t skipped, const Fault &fault);

bool read_children(
    const Type &type, const ArrowArray *array, Column &column, int64_t rows, int64_t skipped, const Fault &fault
) {
    column.children.resize(type.children.size());
    for (size_t i = 0; i < type.children.size(); i++)
        if (!read(type.children[i], array->children[i], column.children[i], rows, skipped, fault)) return false;
    return true;
}

bool read_views(const Type &type, const ArrowArray *array, Column &column, const Fault &fault) {
    // The last buffer has the sizes of those between the views and itself.
    column.buffers = array->buffers + 2;
    column.n_buffers = array->n_buffers - 3;
    column.sizes = static_cast<const int64_t *>(array->buffers[array->n_buffers - 1]);
    if (column.n_buffers > 0 && !column.sizes) return fault(type, "lacks the sizes of its buffers");
    return true;
}

bool read_dictionary(const Type &type, const ArrowArray *array, Column &column, const Fault &fault) {
    if (!array->dictionary) return fault(type, "lacks its dictionary");
    column.values = std::make_unique<Column>();
    if (!read(*type.values, array->dictionary, *column.values, array->dictionary->length, 0, fault)) return false;
    for (int64_t i = 0; i < column.length; i++) {
        if (column.is_null(i)) continue;
        const int64_t index = column.index(i);
        if (index < 0 || index >= column.values->length) return fault(type, "has an index beyond its dictionary");
    }
    return true;
}

bool read_lists(const Type &type, const ArrowArray *array, Column &column, const Fault &fault) {
    int64_t first = 0, last = 0;
    if (type.kind == Kind::fixed_list) {
        if (column.offset + column.length > most_rows / (type.size + 1)) return fault(type, "has too many elements");
        last = (column.offset + column.length) * type.size;
    } else if (type.kind == Kind::list_view) {
        column.more = array->buffers[2];
        if (column.length > 0 && !column.more) return fault(type, "lacks its sizes");
        for (int64_t i = 0; i < column.length; i++) {
            if (column.is_null(i)) continue;
            int64_t start, end;
            column.range(i, start, end);
            if (start < 0 || end < start) return fault(type, "has a list that is not valid");
            if (end > last) last = end;
        }
    } else if (column.length > 0 && !offsets_are_valid(column, first, last)) {
        return fault(type, "has offsets that do not ascend");
    }
    return read_children(type, array, column, last, 0, fault);
}

int64_t buffers_of(Kind kind) {
    switch (kind) {
    case Kind::null: return 0;
    case Kind::structure: case Kind::fixed_list: return 1;
    case Kind::text: case Kind::list_view: return 3;
    default: return 2;
    }
}

// Reads an array that has `rows` rows after the `skipped` that its parent leaves out.
bool read(const Type &type, const ArrowArray *array, Column &column, int64_t rows, int64_t skipped, const Fault &fault) {
    if (!array) return fault(type, "lacks its array");
    if (type.kind == Kind::unknown) {
        column.type = &type;
        return true;
    }
    if (array->length < 0 || array->offset < 0 || array->length > most_rows || array->offset > most_rows || skipped > most_rows)
        return fault(type, "has a length that is not valid");
    if (rows + skipped > array->length) return fault(type, "has fewer rows than the table");
    if (array->n_children != static_cast<int64_t>(type.children.size()) || (array->n_children > 0 && !array->children))
        return fault(type, "has the wrong number of children");
    column.type = &type;
    column.length = rows;
    column.offset = array->offset + skipped;
    const int64_t expected = buffers_of(type.kind);
    if (type.kind != Kind::view && array->n_buffers != expected
        && !(type.kind == Kind::null && array->n_buffers == 1))
        return fault(type, "has the wrong number of buffers");
    if (type.kind == Kind::view && array->n_buffers < 3) return fault(type, "has too few buffers");
    if (expected > 0 && !array->buffers) return fault(type, "lacks its buffers");
    if (expected > 0 && array->null_count != 0) column.validity = static_cast<const uint8_t *>(array->buffers[0]);
    if (expected > 1 || type.kind == Kind::view) column.data = array->buffers[1];
    if (expected > 1 && rows > 0 && !column.data) return fault(type, "lacks its data");
    switch (type.kind) {
    case Kind::view:
        return read_views(type, array, column, fault);
    case Kind::text: {
        column.more = array->buffers[2];
        if (rows == 0) return true;
        int64_t first = 0, last = 0;
        if (!offsets_are_valid(column, first, last)) return fault(type, "has offsets that do not ascend");
        if (!column.more && first != last) return fault(type, "lacks its bytes");
        column.is_valid_text = texts_are_valid(column, first, last);
        return true;
    }
    case Kind::dictionary:
        return read_dictionary(type, array, column, fault);
    case Kind::structure:
        return read_children(type, array, column, rows, column.offset, fault);
    case Kind::list: case Kind::list_view: case Kind::fixed_list: case Kind::map:
        return read_lists(type, array, column, fault);
    default: return true;
    }
}

} // namespace

void Column::range(int64_t row, int64_t &start, int64_t &end) const {
    const int64_t i = row + offset;
    if (type->kind == Kind::fixed_list) {
        start = i * type->size;
        end = start + type->size;
    } else if (type->kind == Kind::list_view) {
        if (type->width == 4) {
            start = static_cast<const int32_t *>(data)[i];
            end = start + static_cast<const int32_t *>(more)[i];
        } else {
            start = static_cast<const int64_t *>(data)[i];
            const int64_t size = static_cast<const int64_t *>(more)[i];
            end = size < 0 || start > most_rows || size > most_rows ? -1 : start + size;
        }
    } else if (type->width == 4) {
        start = static_cast<const int32_t *>(data)[i];
        end = static_cast<const int32_t *>(data)[i + 1];
    } else {
        start = static_cast<const int64_t *>(data)[i];
        end = static_cast<const int64_t *>(data)[i + 1];
    }
}

int64_t Column::integer(int64_t row) const {
    const int64_t i = row + offset;
    switch (type->width) {
    case 0: return static_cast<const uint8_t *>(data)[i >> 3] >> (i & 7) & 1;
    case 1: return type->is_signed ? static_cast<const int8_t *>(data)[i] : static_cast<const uint8_t *>(data)[i];
    case 2: return type->is_signed ? static_cast<const int16_t *>(data)[i] : static_cast<const uint16_t *>(data)[i];
    case 4:
        return type->is_signed ? static_cast<int64_t>(static_cast<const int32_t *>(data)[i])
                               : static_cast<int64_t>(static_cast<const uint32_t *>(data)[i]);
    default: return static_cast<const int64_t *>(data)[i];
    }
}

double Column::number(int64_t row) const {
    const int64_t i = row + offset;
    if (type->kind != Kind::floating)
        return type->width == 8 && !type->is_signed ? static_cast<double>(static_cast<const uint64_t *>(data)[i])
                                                    : static_cast<double>(integer(row));
    if (type->width == 8) return static_cast<const double *>(data)[i];
    if (type->width == 4) return static_cast<double>(static_cast<const float *>(data)[i]);
    // IEEE 754's binary16.
    const uint16_t half = static_cast<const uint16_t *>(data)[i];
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    double value;
    if (exponent == 31) value = fraction ? std::nan("") : HUGE_VAL;
    else if (exponent == 0) value = std::ldexp(fraction, -24);
    else value = std::ldexp(1024 + fraction, exponent - 25);
    return half & 0x8000 ? -value : value;
}

extern "C" ca_batch *ca_batch_new(const ca_schema *schema, ArrowArray *array, char *error) {
    ca_batch *batch = nullptr;
    try {
        batch = new ca_batch();
        batch->schema = schema;
        const bool is_released = !array->release;
        if (is_released) std::snprintf(error, CA_ERROR_SIZE, "the array has been released");
        batch->array = *array;
        array->release = nullptr;
        if (!is_released && read(schema->root, &batch->array, batch->root, batch->array.length, 0, Fault{error})) return batch;
    } catch (...) {
        std::snprintf(error, CA_ERROR_SIZE, "out of memory");
        if (!batch && array->release) array->release(array);
    }
    ca_batch_free(batch);
    return nullptr;
}

extern "C" void ca_batch_free(ca_batch *batch) {
    if (!batch) return;
    if (batch->array.release) batch->array.release(&batch->array);
    delete batch;
}

extern "C" size_t ca_batch_rows(const ca_batch *batch) { return static_cast<size_t>(batch->root.length); }

extern "C" bool ca_schema_can_read(const ca_schema *schema, size_t column, uint32_t type) {
    const Type &found = schema->root.children[column];
    const Type &value = found.kind == Kind::dictionary ? *found.values : found;
    switch (type) {
    case CSJ_TEXT: return value.is_text() || found.kind == Kind::null;
    case CSJ_F64: return found.kind == Kind::floating || found.kind == Kind::integer;
    case CSJ_I64: return found.kind == Kind::integer && (found.width < 8 || found.is_signed);
    case CSJ_BOOL: return found.kind == Kind::boolean;
    case CSJ_JSON: return found.kind != Kind::unknown;
    default: return false;
    }
}
