#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "batch.hpp"

namespace {

// A column in the making.
struct Cells {
    char format;
    size_t count = 0, nulls = 0;
    ca_bytes validity{}, data{}, text{};

    void clear() {
        for (ca_bytes *bytes : {&validity, &data, &text}) {
            std::free(bytes->bytes);
            *bytes = ca_bytes{};
        }
        count = nulls = 0;
    }

    bool put(ca_bytes &bytes, const void *value, size_t size) {
        if (!carrow::reserve(bytes, size)) return false;
        std::memcpy(bytes.bytes + bytes.count, value, size);
        bytes.count += size;
        return true;
    }

    bool bit(ca_bytes &bytes, bool value) {
        if (count % 8 == 0) {
            const char zero = 0;
            if (!put(bytes, &zero, 1)) return false;
        }
        if (value) bytes.bytes[count / 8] = static_cast<char>(bytes.bytes[count / 8] | 1 << count % 8);
        return true;
    }

    bool add(bool is_valid, const void *value, size_t size) {
        if (!bit(validity, is_valid)) return false;
        const int64_t zero = 0;
        switch (format) {
        case 'u': {
            if (count == 0 && !put(data, &zero, 4)) return false;
            if (text.count + size > INT32_MAX || (size > 0 && !put(text, value, size))) return false;
            const int32_t end = static_cast<int32_t>(text.count);
            if (!put(data, &end, 4)) return false;
            break;
        }
        case 'b':
            if (!bit(data, is_valid && *static_cast<const int64_t *>(value))) return false;
            break;
        default:
            if (!put(data, is_valid ? value : &zero, 8)) return false;
        }
        count++;
        nulls += !is_valid;
        return true;
    }
};

// What an array owns.
struct Owned {
    std::vector<void *> memory;
    std::vector<const void *> buffers;
    std::vector<ArrowArray *> children;

    ~Owned() {
        for (void *bytes : memory) std::free(bytes);
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

extern "C" bool ca_builder_null(ca_builder *builder, size_t column) { return builder->columns[column].add(false, "", 0); }

extern "C" bool ca_builder_number(ca_builder *builder, size_t column, double value) {
    return builder->columns[column].add(true, &value, 8);
}

extern "C" bool ca_builder_integer(ca_builder *builder, size_t column, int64_t value) {
    return builder->columns[column].add(true, &value, 8);
}

extern "C" bool ca_builder_text(ca_builder *builder, size_t column, const char *text, size_t length) {
    return builder->columns[column].add(true, text, length);
}

extern "C" bool ca_builder_finish(ca_builder *builder, size_t rows, ArrowArray *out) {
    try {
        auto whole = std::make_unique<Owned>();
        whole->buffers.push_back(nullptr);
        for (Cells &cells : builder->columns) {
            auto owned = std::make_unique<Owned>();
            owned->memory = {taken(cells.validity), taken(cells.data)};
            owned->buffers = {cells.nulls > 0 ? owned->memory[0] : nullptr, owned->memory[1]};
            if (cells.format == 'u') {
                owned->memory.push_back(taken(cells.text));
                owned->buffers.push_back(owned->memory[2]);
            }
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
