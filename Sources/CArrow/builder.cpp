#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "batch.hpp"

namespace {

// Sets bits start..<end.
void set_bits(char *bits, size_t start, size_t end, bool value) {
    if (start >= end) return;
    for (; start < end && start % 8; start++)
        bits[start / 8] = static_cast<char>((bits[start / 8] & ~(1 << start % 8)) | value << start % 8);
    std::memset(bits + start / 8, value ? 0xFF : 0, (end - start) / 8);
    for (start += (end - start) / 8 * 8; start < end; start++)
        bits[start / 8] = static_cast<char>((bits[start / 8] & ~(1 << start % 8)) | value << start % 8);
}

// A column in the making.
struct Cells {
    char format;
    size_t count = 0, nulls = 0;
    // The validity is empty before the first null.
    ca_bytes validity{}, data{}, text{};

    void clear() {
        for (ca_bytes *bytes : {&validity, &data, &text}) {
            std::free(bytes->bytes);
            *bytes = ca_bytes{};
        }
        count = nulls = 0;
    }

    // Makes room for bits of `more` cells, all zero.
    bool grow(ca_bytes &bits, size_t more) {
        const size_t needed = (count + more + 7) / 8;
        if (needed <= bits.count) return true;
        if (!carrow::reserve(bits, needed - bits.count)) return false;
        std::memset(bits.bytes + bits.count, 0, needed - bits.count);
        bits.count = needed;
        return true;
    }

    // Appends to the validity, before the cells are counted.
    bool mark(bool is_valid, size_t more) {
        if (is_valid && nulls == 0) return true;
        if (!grow(validity, more)) return false;
        if (nulls == 0) set_bits(validity.bytes, 0, count, true);
        set_bits(validity.bytes, count, count + more, is_valid);
        if (!is_valid) nulls += more;
        return true;
    }

    bool mark(const uint8_t *present, size_t more) {
        size_t missing = 0;
        for (size_t i = 0; i < more; i++) missing += !present[i];
        if (missing == 0 || missing == more) return mark(missing == 0, more);
        if (!grow(validity, more)) return false;
        if (nulls == 0) set_bits(validity.bytes, 0, count, true);
        for (size_t i = 0; i < more; i++)
            if (present[i]) validity.bytes[(count + i) / 8] |= static_cast<char>(1 << (count + i) % 8);
        nulls += missing;
        return true;
    }

    // Appends room for `more` values of a size.
    template <typename Value> Value *values(size_t more) {
        if (!carrow::reserve(data, more * sizeof(Value))) return nullptr;
        Value *place = reinterpret_cast<Value *>(data.bytes + data.count);
        data.count += more * sizeof(Value);
        return place;
    }

    // Appends room for the ends of `more` texts, behind the start of the first.
    int32_t *ends(size_t more) {
        if (count == 0) {
            int32_t *start = values<int32_t>(1);
            if (!start) return nullptr;
            *start = 0;
        }
        return values<int32_t>(more);
    }

    // Makes room for the bytes of texts, which may have 2 GiB.
    bool has_room(size_t size) { return size <= INT32_MAX - text.count && carrow::reserve(text, size); }

    bool add_nulls(size_t more) {
        if (!mark(false, more)) return false;
        if (format == 'u') {
            int32_t *to = ends(more);
            if (!to) return false;
            const int32_t end = static_cast<int32_t>(text.count);
            for (size_t i = 0; i < more; i++) to[i] = end;
        } else if (format == 'b') {
            if (!grow(data, more)) return false;
        } else {
            int64_t *to = values<int64_t>(more);
            if (!to) return false;
            std::memset(to, 0, more * sizeof *to);
        }
        count += more;
        return true;
    }

    // Values of 8 bytes; of "b", 0 or not.
    bool add_values(const int64_t *from, const uint8_t *present, size_t more) {
        if (!(present ? mark(present, more) : mark(true, more))) return false;
        if (format == 'b') {
            if (!grow(data, more)) return false;
            for (size_t i = 0; i < more; i++)
                if ((!present || present[i]) && from[i])
                    data.bytes[(count + i) / 8] |= static_cast<char>(1 << (count + i) % 8);
        } else {
            int64_t *to = values<int64_t>(more);
            if (!to) return false;
            for (size_t i = 0; i < more; i++) to[i] = !present || present[i] ? from[i] : 0;
        }
        count += more;
        return true;
    }

    bool add_text(const char *from, size_t size, size_t more) {
        if (size > INT32_MAX || !has_room(size * more) || !mark(true, more)) return false;
        int32_t *to = ends(more);
        if (!to) return false;
        for (size_t i = 0; i < more; i++) to[i] = static_cast<int32_t>(text.count + (i + 1) * size);
        // Once, and then twice as many each time.
        char *const start = text.bytes + text.count;
        const size_t whole = size * more;
        if (whole > 0) std::memcpy(start, from, size);
        for (size_t done = size; done < whole; done *= 2) std::memcpy(start + done, start, std::min(done, whole - done));
        text.count += whole;
        count += more;
        return true;
    }

    bool add_texts(const char *from, const ca_range *ranges, const uint8_t *present, size_t more) {
        size_t size = 0;
        for (size_t i = 0; i < more; i++) size += present[i] ? static_cast<size_t>(ranges[i].length) : 0;
        if (!has_room(size) || !mark(present, more)) return false;
        int32_t *to = ends(more);
        if (!to) return false;
        for (size_t i = 0; i < more; i++) {
            if (present[i] && ranges[i].length > 0) {
                const size_t length = static_cast<size_t>(ranges[i].length);
                std::memcpy(text.bytes + text.count, from + ranges[i].start, length);
                text.count += length;
            }
            to[i] = static_cast<int32_t>(text.count);
        }
        count += more;
        return true;
    }
};

// What an array owns.
struct Owned {
    std::vector<const void *> buffers;
    std::vector<ArrowArray *> children;

    ~Owned() {
        for (const void *bytes : buffers) std::free(const_cast<void *>(bytes));
        for (ArrowArray *child : children) {
            if (child->release) child->release(child);
            delete child;
        }
    }
};

void release_array(ArrowArray *array) {
    delete static_cast<Owned *>(array->private_data);
    array->release = nullptr;
}

void set(ArrowArray &array, Owned *owned, size_t length, size_t nulls) {
    array = ArrowArray{};
    array.length = static_cast<int64_t>(length);
    array.null_count = static_cast<int64_t>(nulls);
    array.n_buffers = static_cast<int64_t>(owned->buffers.size());
    array.buffers = owned->buffers.data();
    array.n_children = static_cast<int64_t>(owned->children.size());
    array.children = owned->children.empty() ? nullptr : owned->children.data();
    array.private_data = owned;
    array.release = release_array;
}

struct OwnedSchema {
    std::string format, name;
    std::vector<ArrowSchema *> children;

    ~OwnedSchema() {
        for (ArrowSchema *child : children) {
            if (child->release) child->release(child);
            delete child;
        }
    }
};

void release_schema(ArrowSchema *schema) {
    delete static_cast<OwnedSchema *>(schema->private_data);
    schema->release = nullptr;
}

void set(ArrowSchema &schema, OwnedSchema *owned) {
    schema = ArrowSchema{};
    schema.format = owned->format.c_str();
    schema.name = owned->name.c_str();
    schema.flags = ARROW_FLAG_NULLABLE;
    schema.n_children = static_cast<int64_t>(owned->children.size());
    schema.children = owned->children.empty() ? nullptr : owned->children.data();
    schema.private_data = owned;
    schema.release = release_schema;
}

// Memory for a buffer that may be empty, but must not be NULL.
void *taken(ca_bytes &bytes) {
    void *memory = bytes.bytes ? bytes.bytes : std::calloc(1, 8);
    bytes = ca_bytes{};
    return memory;
}

} // namespace

struct ca_builder {
    std::vector<Cells> columns;

    ~ca_builder() {
        for (Cells &cells : columns) cells.clear();
    }
};

extern "C" ca_builder *ca_builder_new(const char *formats) {
    try {
        auto *builder = new ca_builder();
        for (const char *f = formats; *f; f++) builder->columns.push_back(Cells{*f});
        return builder;
    } catch (...) {
        return nullptr;
    }
}

extern "C" void ca_builder_free(ca_builder *builder) { delete builder; }

extern "C" bool ca_builder_nulls(ca_builder *builder, size_t column, size_t count) {
    return builder->columns[column].add_nulls(count);
}

extern "C" bool ca_builder_number(ca_builder *builder, size_t column, double value) {
    int64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return builder->columns[column].add_values(&bits, nullptr, 1);
}

extern "C" bool ca_builder_integer(ca_builder *builder, size_t column, int64_t value) {
    return builder->columns[column].add_values(&value, nullptr, 1);
}

extern "C" bool ca_builder_text(ca_builder *builder, size_t column, const char *text, size_t length, size_t count) {
    return builder->columns[column].add_text(text, length, count);
}

extern "C" bool ca_builder_sequence(ca_builder *builder, size_t column, int64_t first, size_t count) {
    Cells &cells = builder->columns[column];
    int64_t *to = cells.mark(true, count) ? cells.values<int64_t>(count) : nullptr;
    if (!to) return false;
    for (size_t i = 0; i < count; i++) to[i] = first + static_cast<int64_t>(i);
    cells.count += count;
    return true;
}

extern "C" bool ca_builder_values(
    ca_builder *builder, size_t column, const void *values, const uint8_t *present, size_t count
) {
    return builder->columns[column].add_values(static_cast<const int64_t *>(values), present, count);
}

extern "C" bool ca_builder_texts(
    ca_builder *builder, size_t column, const char *bytes, const ca_range *ranges, const uint8_t *present, size_t count
) {
    return builder->columns[column].add_texts(bytes, ranges, present, count);
}

extern "C" bool ca_builder_finish(ca_builder *builder, size_t rows, ArrowArray *out) {
    try {
        auto whole = std::make_unique<Owned>();
        whole->buffers.push_back(nullptr);
        for (Cells &cells : builder->columns) {
            auto owned = std::make_unique<Owned>();
            owned->buffers = {cells.nulls > 0 ? taken(cells.validity) : nullptr, taken(cells.data)};
            if (cells.format == 'u') owned->buffers.push_back(taken(cells.text));
            auto child = std::make_unique<ArrowArray>();
            set(*child, owned.release(), cells.count, cells.nulls);
            whole->children.push_back(child.release());
            cells.clear();
        }
        set(*out, whole.release(), rows, 0);
        return true;
    } catch (...) {
        return false;
    }
}

extern "C" bool ca_builder_schema(const ca_builder *builder, const char *const *names, ArrowSchema *out) {
    try {
        auto whole = std::make_unique<OwnedSchema>();
        whole->format = "+s";
        for (size_t i = 0; i < builder->columns.size(); i++) {
            auto owned = std::make_unique<OwnedSchema>();
            owned->format = std::string(1, builder->columns[i].format);
            owned->name = names[i];
            auto child = std::make_unique<ArrowSchema>();
            set(*child, owned.release());
            whole->children.push_back(child.release());
        }
        set(*out, whole.release());
        return true;
    } catch (...) {
        return false;
    }
}
