#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include "text.hpp"

using namespace simdjson;

namespace {

/* Where the cells of one row go. */
struct Reader {
    csj_parser *self;
    csj_column *columns;
    size_t n_columns;
    bool untyped;
    char *arena;

    bool read_clean_chunk(csj_chunk &, csj_row *rows, size_t max_rows, size_t &n_rows);
    error_code read_line(std::string_view line, size_t allocated, size_t row, int64_t &offset);
    template <typename Document>
    error_code read_object(Document &&, const char *end, size_t row);
    void begin_row(size_t row);
    simdjson_inline error_code token_of(ondemand::value &, const char *end, int32_t first_column, std::string_view &token);
    error_code read_cell(csj_column &, size_t row, std::string_view token);
    error_code read_text(std::string_view token, csj_text &);
    error_code read_path(csj_column &, size_t row);
    error_code follow(const csj_step &, std::string_view &token);
    error_code whole_of(ondemand::value &, std::string_view &token);
    bool look_inside(std::string_view &token);
    error_code read_list(csj_column &, size_t row, std::string_view raw);
    simdjson_inline int32_t column_of(size_t position, const char *key, const char *end, error_code &);
    int32_t look_up(size_t position, const char *key, const char *end, error_code &);
    int32_t column_named(std::string_view name) const;
};

bool read_number(std::string_view token, double &value) {
    if (!csj::is_number(token)) return false;
    if (std::from_chars(token.data(), token.data() + token.size(), value).ec == std::errc()) return true;
    /* Too large, or so small that it is zero. */
    value = strtod(std::string(token).c_str(), nullptr);
    return std::isfinite(value);
}

bool read_integer(std::string_view token, int64_t &value) {
    if (!csj::is_number(token)) return false;
    if (token.find_first_of(".eE") == token.npos) /* exact beyond 2^53 */
        return std::from_chars(token.data(), token.data() + token.size(), value).ec == std::errc();
    double number;
    if (!read_number(token, number) || number != std::floor(number)) return false;
    if (number < -0x1p63 || number >= 0x1p63) return false;
    value = int64_t(number);
    return true;
}

bool read_boolean(std::string_view token, uint8_t &value) {
    value = token == "true";
    return value || token == "false";
}

int32_t Reader::column_named(std::string_view name) const {
    for (size_t i = 0; i < n_columns; i++)
        if (columns[i].name.len == name.size() && memcmp(columns[i].name.ptr, name.data(), name.size()) == 0)
            return int32_t(i);
    return -1;
}

/* The first column of the key at `key` (behind its opening quote), which is member number `position` of its row. */
simdjson_inline int32_t Reader::column_of(size_t position, const char *key, const char *end, error_code &error) {
    const auto &members = self->members;
    if (position < members.size() && members[position].matches(key)) return members[position].column;
    return look_up(position, key, end, error);
}

int32_t Reader::look_up(size_t position, const char *key, const char *end, error_code &error) {
    auto &members = self->members;
    const char *close = key;
    bool escaped = false;
    while (close < end && *close != '"') {
        if (*close == '\\') {
            escaped = true;
            close++;
        }
        close++;
    }
    if (close >= end) {
        error = STRING_ERROR;
        return -1;
    }
    std::string_view name(key, size_t(close - key));
    std::string unescaped;
    if (escaped) {
        unescaped.resize(name.size());
        bool unpaired = false;
        char *tail = csj::unescape(name, unescaped.data(), csj::Surrogates::replaced, unpaired);
        if (!tail) {
            error = STRING_ERROR;
            return -1;
        }
        name = std::string_view(unescaped.data(), size_t(tail - unescaped.data()));
    }
    const int32_t column = column_named(name);
    const size_t length = size_t(close + 1 - key);
    const size_t remembered = 64; /* keys a row */
    if (position < remembered && length <= csj::Key::longest) {
        if (members.size() <= position) members.resize(position + 1);
        csj::Key known;
        memcpy(known.spelling, key, length);
        known.length = length;
        known.column = column;
        members[position] = known;
    }
    return column;
}

error_code Reader::read_text(std::string_view token, csj_text &text) {
    if (token.size() < 2 || token.back() != '"') return STRING_ERROR;
    const std::string_view inside = token.substr(1, token.size() - 2);
    /* Looking for a backslash costs as much as unescaping, so only short texts are looked at. */
    if (inside.size() <= 32 && inside.find('\\') == inside.npos) {
        text = csj::slice(inside);
        return SUCCESS;
    }
    auto *end = reinterpret_cast<uint8_t *>(arena);
    std::string_view unescaped;
    const ondemand::raw_json_string raw(reinterpret_cast<const uint8_t *>(inside.data()));
    if (self->parser.unescape(raw, end).get(unescaped)) {
        /* An unpaired surrogate, or an escape that JSON does not have. */
        bool unpaired = false;
        char *stop = csj::unescape(inside, arena, csj::Surrogates::replaced, unpaired);
        if (!stop) return STRING_ERROR;
        end = reinterpret_cast<uint8_t *>(stop);
    }
    text = {arena, uint64_t(reinterpret_cast<char *>(end) - arena)};
    arena = reinterpret_cast<char *>(end);
    return SUCCESS;
}

/* `raw` is a whole array. */
error_code Reader::read_list(csj_column &column, size_t row, std::string_view raw) {
    ondemand::document document;
    error_code error = self->lists.iterate(raw.data(), raw.size(), raw.size() + CSJ_PADDING).get(document);
    if (error) return error;
    ondemand::array array;
    if ((error = document.get_array().get(array))) return error;
    column.states[row] = CSJ_VALUE;
    for (auto element : array) {
        std::string_view token;
        if ((error = element.raw_json_token().get(token))) return error;
        if (token.empty() || token[0] != '"') {
            column.states[row] = CSJ_MISTYPED;
            continue;
        }
        if (column.list_count == column.list_capacity) {
            const uint64_t capacity = column.list_capacity ? column.list_capacity * 2 : 1024;
            auto *grown = static_cast<csj_text *>(realloc(column.list_texts, capacity * sizeof(csj_text)));
            if (!grown) return MEMALLOC;
            column.list_texts = grown;
            column.list_capacity = capacity;
        }
        if ((error = read_text(csj::trimmed(token), column.list_texts[column.list_count]))) return error;
        column.list_count++;
    }
    return SUCCESS;
}

/* The token of a scalar; all of an array or object where a column wants that, else its first byte. */
simdjson_inline error_code Reader::token_of(ondemand::value &value, const char *end, int32_t first_column,
                                             std::string_view &token) {
    token = value.raw_json_token();
    /* Behind the last token of a broken document there is none that could end it. */
    if (token.empty() || token.size() > size_t(end - token.data())) return TAPE_ERROR;
    if (token[0] != '{' && token[0] != '[') {
        token = csj::trimmed(token);
        return SUCCESS;
    }
    error_code error;
    bool wanted = false;
    for (int32_t at = first_column; at >= 0; at = self->same_name[size_t(at)])
        wanted |= columns[at].type == CSJ_JSON || columns[at].type == CSJ_LIST;
    if (!wanted) return SUCCESS;
    if (token[0] == '{') {
        ondemand::object object;
        if ((error = value.get_object().get(object)) || (error = object.raw_json().get(token))) return error;
    } else {
        ondemand::array array;
        if ((error = value.get_array().get(array)) || (error = array.raw_json().get(token))) return error;
    }
    if (token.size() > size_t(end - token.data())) return TAPE_ERROR;
    token = csj::trimmed(token);
    return SUCCESS;
}

/* All of a value, which may lie in a document of `lists`. */
error_code Reader::whole_of(ondemand::value &value, std::string_view &token) {
    token = value.raw_json_token();
    if (token.empty()) return TAPE_ERROR;
    error_code error = SUCCESS;
    if (token[0] == '{') {
        ondemand::object object;
        if (!(error = value.get_object().get(object))) error = object.raw_json().get(token);
    } else if (token[0] == '[') {
        ondemand::array array;
        if (!(error = value.get_array().get(array))) error = array.raw_json().get(token);
    } else if (token[0] == '"') {
        error = value.get_raw_json_string().error();
    }
    token = csj::trimmed(token);
    return error;
}

/* Puts the array or object that a string holds in its place; false where it holds none. */
bool Reader::look_inside(std::string_view &token) {
    if (!self->rewrite || token.size() < 4) return false;
    const std::string_view inside = token.substr(1, token.size() - 2);
    const size_t first = inside.find_first_not_of(" \t");
    /* Other strings are not worth the copy; white space that is written as an escape may come first. */
    if (first == inside.npos || !strchr("[({\\", inside[first])) return false;
    std::string text(inside.size(), 0);
    bool unpaired = false;
    char *end = csj::unescape(inside, text.data(), csj::Surrogates::replaced, unpaired);
    if (!end) return false;
    const csj_text json =
        self->rewrite(self->rewrite_context, {text.data(), uint64_t(end - text.data())}, CSJ_INSIDE);
    if (!json.ptr) return false;
    token = std::string_view(json.ptr, json.len);
    return true;
}

/* Goes from a value, all of which `token` is, to one within it. Where there is none, `token` is empty then. */
error_code Reader::follow(const csj_step &step, std::string_view &token) {
    const std::string_view from = token;
    token = {};
    ondemand::document document;
    error_code error = self->lists.iterate(from.data(), from.size(), from.size() + CSJ_PADDING).get(document);
    if (error) return error;
    if (from[0] == '{') {
        ondemand::object object;
        if (step.is_index) return SUCCESS;
        if ((error = document.get_object().get(object))) return error;
        const std::string_view wanted(step.name.ptr, step.name.len);
        for (auto member : object) {
            ondemand::field field;
            if ((error = std::move(member).get(field))) return error;
            std::string_view name = csj::raw_key(field);
            if (name.find('\\') != name.npos) {
                bool unpaired = false;
                self->name.resize(name.size());
                char *end = csj::unescape(name, self->name.data(), csj::Surrogates::replaced, unpaired);
                if (end) name = std::string_view(self->name.data(), size_t(end - self->name.data()));
            }
            std::string_view whole;
            const bool is_wanted = name == wanted;
            if ((error = whole_of(field.value(), whole))) return error;
            if (is_wanted) token = whole; /* the last of several counts */
        }
    } else if (from[0] == '[') {
        ondemand::array array;
        if ((error = document.get_array().get(array))) return error;
        int64_t index = step.index;
        if (index < 0) {
            size_t count = 0;
            if ((error = array.count_elements().get(count))) return error;
            index += int64_t(count);
        }
        if (index < 0) return SUCCESS;
        int64_t place = 0;
        for (auto element : array) {
            ondemand::value value;
            if ((error = element.get(value))) return error;
            std::string_view whole;
            if ((error = whole_of(value, whole))) return error;
            if (place++ < index) continue;
            token = whole;
            break;
        }
    }
    return SUCCESS;
}

/* The cell of a column with steps, in a row that has no member of its whole name. */
error_code Reader::read_path(csj_column &column, size_t row) {
    const csj_column &root = columns[column.root];
    if (root.states[row] != CSJ_VALUE) return SUCCESS;
    const csj_text &start = static_cast<const csj_text *>(root.values)[row];
    std::string_view token(start.ptr, start.len);
    for (size_t i = 0; i < column.n_steps; i++) {
        if (token[0] == '"' && !look_inside(token)) return SUCCESS;
        if (token[0] != '{' && token[0] != '[') return SUCCESS;
        if (error_code error = follow(column.steps[i], token)) return error;
        if (token.empty()) return SUCCESS;
    }
    column.seen = 1;
    return read_cell(column, row, token);
}

error_code Reader::read_cell(csj_column &column, size_t row, std::string_view token) {
    uint8_t &state = column.states[row];
    state = CSJ_MISTYPED;
    if (column.type == CSJ_LIST && token[0] == '"') look_inside(token);
    switch (token[0]) {
        case '[':
            if (column.type == CSJ_LIST) return read_list(column, row, token);
            [[fallthrough]];
        case '{':
            if (column.type != CSJ_JSON) return SUCCESS;
            if (!column.is_root && (token.find("NaN") != token.npos || token.find("Infinity") != token.npos) &&
                self->rewrite) {
                const csj_text json = self->rewrite(self->rewrite_context, csj::slice(token), CSJ_REPAIR);
                if (json.ptr) token = std::string_view(json.ptr, json.len);
            }
            break;
        case '"':
            if (column.type == CSJ_TEXT) {
                state = CSJ_VALUE;
                return read_text(token, static_cast<csj_text *>(column.values)[row]);
            }
            if (token.size() < 2 || token.back() != '"') return STRING_ERROR;
            break;
        default:
            if (token == "null") {
                state = CSJ_NULL;
                return SUCCESS;
            }
            if (csj::is_non_finite(token)) {
                state = CSJ_NULL;
                column.non_finite++;
                return SUCCESS;
            }
            if (token != "true" && token != "false" && !csj::is_number(token)) return TAPE_ERROR;
    }
    if (column.type == CSJ_JSON || column.type == CSJ_TEXT) {
        static_cast<csj_text *>(column.values)[row] = csj::slice(token);
        state = CSJ_VALUE;
        return SUCCESS;
    }
    if (token[0] == '"') {
        if (!untyped) return SUCCESS;
        token = token.substr(1, token.size() - 2);
        if (csj::is_non_finite(token)) {
            state = CSJ_NULL;
            column.non_finite++;
            return SUCCESS;
        }
    }
    bool fits = false;
    switch (column.type) {
        case CSJ_F64: fits = read_number(token, static_cast<double *>(column.values)[row]); break;
        case CSJ_I64: fits = read_integer(token, static_cast<int64_t *>(column.values)[row]); break;
        case CSJ_BOOL: fits = read_boolean(token, static_cast<uint8_t *>(column.values)[row]); break;
        default: break;
    }
    if (fits) state = CSJ_VALUE;
    return SUCCESS;
}

/* Reads one object of a line that ends at `end`. */
template <typename Document>
error_code Reader::read_object(Document &&document, const char *end, size_t row) {
    ondemand::object object;
    error_code error = document.get_object().get(object);
    if (error) return error;
    size_t position = 0;
    for (auto member : object) {
        ondemand::field field;
        if ((error = std::move(member).get(field))) return error;
        const char *key = reinterpret_cast<const char *>(field.key().raw());
        int32_t at = column_of(position++, key, end, error);
        if (error) return error;
        ondemand::value &value = field.value();
        if (at >= 0) {
            std::string_view token;
            if ((error = token_of(value, end, at, token))) return error;
            for (; at >= 0; at = self->same_name[size_t(at)]) {
                columns[at].seen = 1;
                if ((error = read_cell(columns[at], row, token))) return error;
            }
        }
        /* A string that is left for simdjson to step over would pass for a key where a colon stands behind it. */
        if (*value.raw_json_token().data() == '"' && (error = value.get_raw_json_string().error())) return error;
    }
    for (const size_t at : self->paths)
        if (columns[at].states[row] == CSJ_MISSING && (error = read_path(columns[at], row))) return error;
    return SUCCESS;
}

error_code Reader::read_line(std::string_view line, size_t allocated, size_t row, int64_t &offset) {
    ondemand::document document;
    error_code error = self->parser.iterate(line.data(), line.size(), allocated).get(document);
    if (error) return error;
    error = read_object(document, line.data() + line.size(), row);
    if (!error && !csj::at_end(document)) error = TRAILING_CONTENT;
    if (error) offset = csj::location(document, line);
    return error;
}

void Reader::begin_row(size_t row) {
    for (size_t i = 0; i < n_columns; i++) {
        columns[i].states[row] = CSJ_MISSING;
        if (columns[i].type == CSJ_LIST) columns[i].list_offsets[row] = int64_t(columns[i].list_count);
    }
}

#if defined(__x86_64__)
__attribute__((target_clones("avx512bw", "avx2", "default")))
#endif
size_t count_newlines(const char *text, size_t length) {
    const size_t block = 192; /* what a byte can count, in whole vectors */
    size_t count = 0, i = 0;
    for (; length - i >= block; i += block) {
        uint8_t sum = 0;
        for (size_t k = 0; k < block; k++) sum += text[i + k] == '\n';
        count += sum;
    }
    for (; i < length; i++) count += text[i] == '\n';
    return count;
}

/* Reads a whole chunk in one go of simdjson's stage 1, which is faster by a tenth than one for each line, but leaves it
 * open where lines end and what a broken one takes with it. So it counts for something only if each line is exactly one
 * good document; else it returns false, and the chunk is to be read line by line. */
bool Reader::read_clean_chunk(csj_chunk &chunk, csj_row *rows, size_t max_rows, size_t &n_rows) {
    const char *const start = chunk.rest.ptr;
    const size_t length = chunk.rest.len;
    const size_t lines = count_newlines(start, length) + (start[length - 1] != '\n');
    if (lines > max_rows) return false;
    ondemand::document_stream documents;
    /* Chunks differ in length: room for most saves making it again and again. */
    if (self->parser.iterate_many(start, length, std::max(length, size_t(1) << 20)).get(documents)) return false;
    size_t row = 0;
    for (auto document = documents.begin(); document != documents.end(); ++document, row++) {
        const size_t at = document.current_index();
        if (row == lines || (at > 0 && start[at - 1] != '\n')) return false;
        begin_row(row);
        ondemand::document_reference reference;
        if ((*document).get(reference) || read_object(reference, start + length, row)) return false;
        rows[row] = {{start + at, 0}, row, row, CSJ_ROW_OK, -1};
        if (row > 0) rows[row - 1].line.len = uint64_t(start + at - 1 - rows[row - 1].line.ptr);
    }
    if (row != lines || documents.truncated_bytes() > 0) return false;
    rows[row - 1].line.len = uint64_t(start + length - (start[length - 1] == '\n') - rows[row - 1].line.ptr);
    n_rows = row;
    chunk.rest = {start + length, 0};
    chunk.line_index = lines;
    return true;
}

bool is_blank(std::string_view line) {
    for (char c : line)
        if (c != ' ' && c != '\t' && c != '\r') return false;
    return true;
}

/* The columns may be others than those of the last chunk. */
void begin_chunk(csj_parser *self, csj_column *columns, size_t n_columns) {
    self->members.clear();
    self->same_name.assign(n_columns, -1);
    self->paths.clear();
    for (size_t i = 0; i < n_columns; i++) {
        columns[i].list_count = 0;
        columns[i].non_finite = 0;
        if (columns[i].n_steps > 0) self->paths.push_back(i);
        for (size_t j = i + 1; j < n_columns; j++)
            if (columns[i].name.len == columns[j].name.len &&
                memcmp(columns[i].name.ptr, columns[j].name.ptr, columns[i].name.len) == 0) {
                self->same_name[i] = int32_t(j);
                break;
            }
    }
}

void end_lists(csj_column *columns, size_t n_columns, size_t rows) {
    for (size_t i = 0; i < n_columns; i++)
        if (columns[i].type == CSJ_LIST) columns[i].list_offsets[rows] = int64_t(columns[i].list_count);
}

}  // namespace

extern "C" {

csj_parser *csj_parser_new(void) { return new (std::nothrow) csj_parser; }
void csj_parser_free(csj_parser *self) { delete self; }
void csj_parser_set_rewrite(csj_parser *self, csj_rewrite rewrite, void *context) {
    self->rewrite = rewrite;
    self->rewrite_context = context;
}

size_t csj_read_rows(csj_parser *self, csj_chunk *chunk, csj_column *columns, size_t n_columns, bool untyped,
                     csj_row *rows, size_t first_row, size_t max_rows, char *arena) {
    Reader reader{self, columns, n_columns, untyped, arena};
    size_t row = first_row;
    if (first_row == 0 && chunk->rest.len > 0) {
        begin_chunk(self, columns, n_columns);
        if (reader.read_clean_chunk(*chunk, rows, max_rows, row)) {
            end_lists(columns, n_columns, row);
            return row;
        }
        begin_chunk(self, columns, n_columns);
        reader.arena = arena;
    }
    const char *next = chunk->rest.ptr, *const end = next + chunk->rest.len;
    while (row < max_rows && next < end) {
        const char *start = next;
        const void *newline = memchr(start, '\n', size_t(end - start));
        const char *stop = newline ? static_cast<const char *>(newline) : end;
        next = newline ? stop + 1 : end;
        const uint64_t index = chunk->line_index++;
        std::string_view line(start, size_t(stop - start));
        if (line.empty() || (static_cast<unsigned char>(line[0]) <= ' ' && is_blank(line))) continue;
        csj_row &out = rows[row];
        out = {csj::slice(line), index, row, CSJ_ROW_OK, -1};
        reader.begin_row(row);
        if (line[0] == 0) {
            out.error = CSJ_ROW_REJECTED;
        } else {
            out.error = reader.read_line(line, size_t(end - start) + CSJ_PADDING, row, out.error_offset);
        }
        if (out.error != CSJ_ROW_OK) {
            chunk->faults++;
            for (size_t i = 0; i < n_columns; i++) columns[i].states[row] = CSJ_MISSING;
        }
        row++;
    }
    end_lists(columns, n_columns, row);
    chunk->rest = {next, uint64_t(end - next)};
    return row;
}

}  // extern "C"
