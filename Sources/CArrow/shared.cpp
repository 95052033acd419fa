// Batches that are kept and lent as often as wanted.
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "batch.hpp"

namespace {

// An array that is released when nobody has it any more.
struct Kept {
    ArrowArray array{};
    ~Kept() {
        if (array.release) array.release(&array);
    }
};

// What a lent copy owns: its part of the kept array, and the copies of its children.
struct Lent {
    std::shared_ptr<Kept> kept;
    std::vector<ArrowArray *> children;
    ArrowArray *dictionary = nullptr;

    ~Lent() {
        for (ArrowArray *child : children) {
            if (child->release) child->release(child);
            delete child;
        }
        if (dictionary) {
            if (dictionary->release) dictionary->release(dictionary);
            delete dictionary;
        }
    }
};

void release_lent(ArrowArray *array) {
    delete static_cast<Lent *>(array->private_data);
    array->release = nullptr;
}

// Whether a schema can be followed to its end, also where its types are not known.
bool is_complete(const ArrowSchema *schema, int depth, int64_t &left) {
    if (!schema || !schema->release || !schema->format || depth > carrow::most_levels) return false;
    if (schema->n_children < 0 || (schema->n_children > 0 && !schema->children)) return false;
    if ((left -= schema->n_children) < 0) return false;
    for (int64_t i = 0; i < schema->n_children; i++)
        if (!is_complete(schema->children[i], depth + 1, left)) return false;
    return !schema->dictionary || is_complete(schema->dictionary, depth + 1, left);
}

// Whether an array has the parts that its schema names, each with a length: what is copied without being read further.
bool has_shape(const ArrowSchema &schema, const ArrowArray *array) {
    if (!array || array->length < 0 || array->n_children != schema.n_children || !array->dictionary != !schema.dictionary
        || (array->n_children > 0 && !array->children))
        return false;
    for (int64_t i = 0; i < schema.n_children; i++)
        if (!has_shape(*schema.children[i], array->children[i])) return false;
    return !schema.dictionary || has_shape(*schema.dictionary, array->dictionary);
}

void lend(const ArrowArray &from, const std::shared_ptr<Kept> &kept, ArrowArray &to) {
    auto lent = std::make_unique<Lent>();
    lent->kept = kept;
    for (int64_t i = 0; i < from.n_children; i++) {
        lent->children.push_back(new ArrowArray{});
        lend(*from.children[i], kept, *lent->children.back());
    }
    if (from.dictionary) {
        lent->dictionary = new ArrowArray{};
        lend(*from.dictionary, kept, *lent->dictionary);
    }
    to = from;
    to.children = lent->children.data();
    to.dictionary = lent->dictionary;
    to.release = release_lent;
    to.private_data = lent.release();
}

} // namespace

struct ca_rows {
    ArrowArrayStream source{};
    ArrowSchema schema{};
    std::vector<std::shared_ptr<Kept>> batches;
    int64_t count = 0;
    std::string error;

    ~ca_rows() {
        if (source.release) source.release(&source);
        if (schema.release) schema.release(&schema);
    }
};

namespace {

// Why a stream failed.
std::string reason_of(ArrowArrayStream &source, int failure) {
    const char *reason = source.get_last_error ? source.get_last_error(&source) : nullptr;
    return reason && *reason ? reason : std::strerror(failure);
}

struct Reader {
    // The rows may be freed before the stream.
    std::vector<std::shared_ptr<Kept>> batches;
    std::shared_ptr<ArrowSchema> schema;
    size_t next = 0;
};

struct SchemaCopy {
    std::string format, name;
    std::vector<ArrowSchema *> children;
    ArrowSchema *dictionary = nullptr;
    ~SchemaCopy() {
        if (dictionary) children.push_back(dictionary);
        for (ArrowSchema *child : children) {
            if (child->release) child->release(child);
            delete child;
        }
    }
};

void copy_schema(const ArrowSchema &from, ArrowSchema &to) {
    auto copy = std::make_unique<SchemaCopy>();
    copy->format = from.format;
    copy->name = from.name ? from.name : "";
    for (int64_t i = 0; i < from.n_children; i++) {
        copy->children.push_back(new ArrowSchema{});
        copy_schema(*from.children[i], *copy->children.back());
    }
    if (from.dictionary) {
        copy->dictionary = new ArrowSchema{};
        copy_schema(*from.dictionary, *copy->dictionary);
    }
    to = ArrowSchema{};
    to.dictionary = copy->dictionary;
    to.format = copy->format.c_str();
    to.name = copy->name.c_str();
    to.flags = from.flags;
    to.n_children = from.n_children;
    to.children = copy->children.data();
    to.release = [](ArrowSchema *schema) {
        delete static_cast<SchemaCopy *>(schema->private_data);
        schema->release = nullptr;
    };
    to.private_data = copy.release();
}

} // namespace

extern "C" ca_rows *ca_rows_new(ArrowArrayStream *source, const char **error) {
    try {
        auto rows = std::make_unique<ca_rows>();
        rows->source = *source;
        source->release = nullptr;
        static thread_local std::string text;
        if (!rows->source.get_schema || !rows->source.get_next) {
            text = "the stream lacks get_schema or get_next";
        } else if (const int failure = rows->source.get_schema(&rows->source, &rows->schema)) {
            text = reason_of(rows->source, failure);
        } else {
            // Whatever is copied below is checked here.
            char found[CA_ERROR_SIZE];
            int64_t left = carrow::most_columns;
            if (ca_schema *schema = ca_schema_new(&rows->schema, found)) {
                ca_schema_free(schema);
                if (is_complete(&rows->schema, 0, left)) return rows.release();
                text = "the schema has a column whose parts are not valid";
            } else {
                text = found;
            }
        }
        *error = text.c_str();
    } catch (...) {
        *error = "out of memory";
    }
    return nullptr;
}

extern "C" int64_t ca_rows_read(ca_rows *rows, bool keeps) {
    try {
        // A stream that has failed stays failed: what follows would hide that rows are missing.
        if (!rows->error.empty()) return -1;
        while (rows->source.release) {
            auto kept = std::make_shared<Kept>();
            const int failure = rows->source.get_next(&rows->source, &kept->array);
            if (failure) {
                rows->error = reason_of(rows->source, failure);
                return -1;
            }
            if (!kept->array.release) {
                rows->source.release(&rows->source);
                return 0;
            }
            if (!has_shape(rows->schema, &kept->array)) {
                rows->error = "a batch does not have the columns of its schema";
                return -1;
            }
            const int64_t length = kept->array.length;
            // 0 would be the end.
            if (length == 0) continue;
            rows->count += length;
            if (keeps) rows->batches.push_back(std::move(kept));
            return length;
        }
        return 0;
    } catch (...) {
        rows->error = "out of memory";
        return -1;
    }
}

extern "C" int64_t ca_rows_count(const ca_rows *rows) { return rows->count; }

extern "C" const char *ca_rows_error(const ca_rows *rows) { return rows->error.c_str(); }

extern "C" bool ca_rows_stream(const ca_rows *rows, ArrowArrayStream *out) {
    try {
        auto reader = std::make_unique<Reader>();
        reader->batches = rows->batches;
        reader->schema = std::shared_ptr<ArrowSchema>(new ArrowSchema{}, [](ArrowSchema *schema) {
            if (schema->release) schema->release(schema);
            delete schema;
        });
        copy_schema(rows->schema, *reader->schema);
        *out = ArrowArrayStream{};
        out->get_schema = [](ArrowArrayStream *stream, ArrowSchema *to) -> int {
            try {
                copy_schema(*static_cast<Reader *>(stream->private_data)->schema, *to);
                return 0;
            } catch (...) {
                return ENOMEM;
            }
        };
        out->get_next = [](ArrowArrayStream *stream, ArrowArray *to) -> int {
            auto *reader = static_cast<Reader *>(stream->private_data);
            *to = ArrowArray{};
            if (reader->next == reader->batches.size()) return 0;
            try {
                const auto &kept = reader->batches[reader->next];
                lend(kept->array, kept, *to);
                reader->next++;
                return 0;
            } catch (...) {
                return ENOMEM;
            }
        };
        out->get_last_error = [](ArrowArrayStream *) -> const char * { return "out of memory"; };
        out->release = [](ArrowArrayStream *stream) {
            delete static_cast<Reader *>(stream->private_data);
            stream->private_data = nullptr;
            stream->release = nullptr;
        };
        out->private_data = reader.release();
        return true;
    } catch (...) {
        return false;
    }
}

extern "C" void ca_rows_free(ca_rows *rows) { delete rows; }

extern "C" bool ca_schema_copy(const ArrowSchema *schema, ArrowSchema *out) {
    try {
        copy_schema(*schema, *out);
        return true;
    } catch (...) {
        return false;
    }
}
