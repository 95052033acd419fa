#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "batch.hpp"

using carrow::Fault;
using carrow::Kind;
using carrow::Type;

namespace {

bool number(Type &type, Kind kind, int width, bool is_signed = true) {
    type.kind = kind;
    type.width = width;
    type.is_signed = is_signed;
    return true;
}

// s, m, u or n.
int64_t units(char c) {
    switch (c) {
    case 's': return 1;
    case 'm': return 1000;
    case 'u': return 1000000;
    case 'n': return 1000000000;
    default: return 0;
    }
}

bool read_temporal(Type &type, const char *f) {
    switch (f[1]) {
    case 'd':
        type.per_second = f[2] == 'm' ? 1000 : 0;
        return (f[2] == 'D' || f[2] == 'm') && number(type, Kind::date, f[2] == 'D' ? 4 : 8);
    case 't':
        type.per_second = units(f[2]);
        return type.per_second && number(type, Kind::time, type.per_second <= 1000 ? 4 : 8);
    case 's':
        type.per_second = units(f[2]);
        if (!type.per_second || f[3] != ':') return false;
        type.zone = f + 4;
        return number(type, Kind::timestamp, 8);
    case 'D':
        type.per_second = units(f[2]);
        return type.per_second && number(type, Kind::duration, 8);
    default: return false;
    }
}

bool read_simple(Type &type, const char *f) {
    switch (f[0]) {
    case 'n': type.kind = Kind::null; return true;
    case 'b': return number(type, Kind::boolean, 0);
    case 'c': return number(type, Kind::integer, 1);
    case 'C': return number(type, Kind::integer, 1, false);
    case 's': return number(type, Kind::integer, 2);
    case 'S': return number(type, Kind::integer, 2, false);
    case 'i': return number(type, Kind::integer, 4);
    case 'I': return number(type, Kind::integer, 4, false);
    case 'l': return number(type, Kind::integer, 8);
    case 'L': return number(type, Kind::integer, 8, false);
    case 'e': return number(type, Kind::floating, 2);
    case 'f': return number(type, Kind::floating, 4);
    case 'g': return number(type, Kind::floating, 8);
    case 'u': case 'z': return number(type, Kind::text, 4);
    case 'U': case 'Z': return number(type, Kind::text, 8);
    default: return false;
    }
}

// Where a column is in its table.
struct Place {
    int depth;
    // How many more columns the table may have.
    int64_t &left;
    Place below() const { return Place{depth + 1, left}; }
};

bool read(const ArrowSchema *schema, Type &type, Place place, const Fault &fault);

bool read_children(const ArrowSchema *schema, Type &type, int64_t expected, Place place, const Fault &fault) {
    if (schema->n_children < 0 || (schema->n_children > 0 && !schema->children))
        return fault(type, "has children that are not valid");
    if ((place.left -= schema->n_children) < 0) return fault(type, "is beyond the 100,000 columns that a table may have");
    if (expected >= 0 && schema->n_children != expected) return fault(type, "has the wrong number of children");
    type.children.resize(static_cast<size_t>(schema->n_children));
    for (int64_t i = 0; i < schema->n_children; i++)
        if (!schema->children[i] || !read(schema->children[i], type.children[static_cast<size_t>(i)], place, fault))
            return schema->children[i] ? false : fault(type, "lacks a child");
    return true;
}

bool read_nested(const ArrowSchema *schema, Type &type, const char *f, Place place, const Fault &fault) {
    if (f[1] == 's' && !f[2]) {
        type.kind = Kind::structure;
        return read_children(schema, type, -1, place, fault);
    }
    if (f[1] == 'm' && !f[2]) {
        number(type, Kind::map, 4);
        if (!read_children(schema, type, 1, place, fault)) return false;
        const Type &entries = type.children[0];
        return entries.kind == Kind::unknown || (entries.kind == Kind::structure && entries.children.size() == 2)
            || fault(type, "is a map whose entries are not pairs");
    }
    if (f[1] == 'w' && f[2] == ':') {
        char *end = nullptr;
        type.size = std::strtoll(f + 3, &end, 10);
        if (end == f + 3 || *end || type.size < 0 || type.size > 1 << 30) return fault(type, "has a type that is not valid");
        type.kind = Kind::fixed_list;
        return read_children(schema, type, 1, place, fault);
    }
    const bool is_view = f[1] == 'v';
    const char c = is_view ? f[2] : f[1];
    if ((c != 'l' && c != 'L') || f[is_view ? 3 : 2]) return true;
    number(type, is_view ? Kind::list_view : Kind::list, c == 'l' ? 4 : 8);
    return read_children(schema, type, 1, place, fault);
}

bool read(const ArrowSchema *schema, Type &type, Place place, const Fault &fault) {
    type.name = schema->name ? schema->name : "";
    type.format = schema->format ? schema->format : "";
    if (!schema->release || !schema->format) return fault(type, "has been released");
    if (!csj_is_utf8(csj_text{type.name.data(), type.name.size()})) {
        type.name = "?";
        return fault(type, "has a name that is not UTF-8");
    }
    if (place.depth > carrow::most_levels) return fault(type, "is nested too deeply");
    const char *f = schema->format;
    bool known = false;
    if (f[0] == '+') {
        if (!read_nested(schema, type, f, place.below(), fault)) return false;
        known = type.kind != Kind::unknown;
        // The table itself may have columns that nobody reads.
        for (const Type &child : type.children) known = known && (place.depth == 0 || child.kind != Kind::unknown);
    } else if (f[0] == 't') {
        known = read_temporal(type, f);
    } else if (f[0] == 'v' && (f[1] == 'u' || f[1] == 'z') && !f[2]) {
        known = number(type, Kind::view, 16);
    } else if (f[0] == 'd' && f[1] == ':') {
        int precision = 0, bits = 128;
        const int parts = std::sscanf(f + 2, "%d,%d,%d", &precision, &type.scale, &bits);
        known = parts >= 2 && (bits == 32 || bits == 64 || bits == 128) && type.scale >= -100 && type.scale <= 100
            && number(type, Kind::decimal, bits / 8);
    } else if (f[0] && !f[1]) {
        known = read_simple(type, f);
    }
    if (!known) {
        type.kind = Kind::unknown;
        type.children.clear();
        return true;
    }
    if (!schema->dictionary) return true;
    if (type.kind != Kind::integer) return fault(type, "has a dictionary whose indices are not integers");
    type.values = std::make_unique<Type>();
    if (!read(schema->dictionary, *type.values, place.below(), fault)) return false;
    type.kind = type.values->kind == Kind::unknown ? Kind::unknown : Kind::dictionary;
    return true;
}

} // namespace

extern "C" ca_schema *ca_schema_new(const ArrowSchema *schema, char *error) {
    try {
        auto made = std::make_unique<ca_schema>();
        int64_t left = carrow::most_columns;
        if (!read(schema, made->root, Place{0, left}, Fault{error})) return nullptr;
        if (made->root.kind != Kind::structure) {
            std::snprintf(error, CA_ERROR_SIZE, "expected a table: an Arrow struct whose fields are the columns, not \"%.60s\"",
                          made->root.format.c_str());
            return nullptr;
        }
        return made.release();
    } catch (...) {
        std::snprintf(error, CA_ERROR_SIZE, "out of memory");
        return nullptr;
    }
}

extern "C" void ca_schema_free(ca_schema *schema) { delete schema; }

extern "C" size_t ca_schema_count(const ca_schema *schema) { return schema->root.children.size(); }

extern "C" const char *ca_schema_unsupported(const ca_schema *schema, size_t column) {
    const Type &type = schema->root.children[column];
    return type.kind == Kind::unknown ? type.format.c_str() : nullptr;
}

extern "C" csj_text ca_schema_name(const ca_schema *schema, size_t column) {
    const std::string &name = schema->root.children[column].name;
    return csj_text{name.data(), name.size()};
}
