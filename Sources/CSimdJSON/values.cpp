#include <cstring>

#include "text.hpp"

using namespace simdjson;

namespace {

const int max_depth = 1000;

struct Walker {
    csj_parser *self;
    const char *start, *end;
    bool unpaired;

    error_code scalar(std::string_view token);
    error_code string(std::string_view inside);
    csj_node &push(uint32_t kind, const char *at) {
        self->nodes.push_back({kind, 0, {nullptr, 0}, uint64_t(at - start)});
        return self->nodes.back();
    }
    error_code value(ondemand::value, int depth);
};

error_code Walker::string(std::string_view inside) {
    csj_node &node = push(CSJ_NODE_STRING, inside.data() - 1);
    if (!memchr(inside.data(), '\\', inside.size())) {
        node.text = csj::slice(inside);
        return SUCCESS;
    }
    /* Room for all strings of the input is reserved, so pointers into `strings` stay. */
    const size_t at = self->strings.size();
    self->strings.resize(at + inside.size());
    char *to = self->strings.data() + at;
    char *end = csj::unescape(inside, to, csj::Surrogates::kept, unpaired);
    if (!end) return STRING_ERROR;
    self->strings.resize(size_t(end - self->strings.data()));
    node.text = {to, uint64_t(end - to)};
    return SUCCESS;
}

error_code Walker::scalar(std::string_view token) {
    /* Behind the last token of a broken document there is none that could end it. */
    if (token.empty() || token.size() > size_t(end - token.data())) return TAPE_ERROR;
    token = csj::trimmed(token);
    if (token[0] == '"') {
        if (token.size() < 2 || token.back() != '"') return STRING_ERROR;
        return string(token.substr(1, token.size() - 2));
    }
    if (token == "null") {
        push(CSJ_NODE_NULL, token.data());
    } else if (token == "true") {
        push(CSJ_NODE_TRUE, token.data());
    } else if (token == "false") {
        push(CSJ_NODE_FALSE, token.data());
    } else if (csj::is_number(token)) {
        push(CSJ_NODE_NUMBER, token.data()).text = csj::slice(token);
    } else {
        return TAPE_ERROR;
    }
    return SUCCESS;
}

error_code Walker::value(ondemand::value value, int depth) {
    if (depth > max_depth) return DEPTH_ERROR;
    error_code error;
    const std::string_view token = value.raw_json_token();
    if (token.empty()) return TAPE_ERROR;
    uint32_t count = 0;
    const size_t here = self->nodes.size();
    if (token[0] == '[') {
        push(CSJ_NODE_ARRAY, token.data());
        ondemand::array array;
        if ((error = value.get_array().get(array))) return error;
        for (auto element : array) {
            ondemand::value item;
            if ((error = element.get(item)) || (error = this->value(item, depth + 1))) return error;
            count++;
        }
    } else if (token[0] == '{') {
        push(CSJ_NODE_OBJECT, token.data());
        ondemand::object object;
        if ((error = value.get_object().get(object))) return error;
        for (auto member : object) {
            ondemand::field field;
            if ((error = std::move(member).get(field))) return error;
            const char *key = reinterpret_cast<const char *>(field.key().raw());
            const char *close = key;
            while (*close != '"') close += *close == '\\' ? 2 : 1; /* stage 1 has found its end */
            if ((error = string(std::string_view(key, size_t(close - key))))) return error;
            if ((error = this->value(field.value(), depth + 1))) return error;
            count++;
        }
    } else {
        if ((error = scalar(token))) return error;
        /* A string that is left for simdjson to step over would pass for a key where a colon stands behind it. */
        return token[0] == '"' ? value.get_raw_json_string().error() : SUCCESS;
    }
    self->nodes[here].count = count;
    return SUCCESS;
}

}  // namespace

extern "C" int32_t csj_parse(csj_parser *self, csj_text input, const csj_node **nodes, size_t *n_nodes,
                             int64_t *error_offset, bool *unpaired) {
    *error_offset = -1;
    *nodes = nullptr;
    *n_nodes = 0;
    self->nodes.clear();
    self->strings.clear();
    self->strings.reserve(input.len);
    ondemand::document document;
    error_code error = self->parser.iterate(input.ptr, input.len, input.len + CSJ_PADDING).get(document);
    if (error == UTF8_ERROR) *error_offset = int64_t(csj_valid_utf8_prefix(input));
    if (error) return error;
    Walker walker{self, input.ptr, input.ptr + input.len, false};
    bool is_scalar = false;
    if (!(error = document.is_scalar().get(is_scalar))) {
        if (is_scalar) {
            std::string_view token;
            if (!(error = document.raw_json_token().get(token))) error = walker.scalar(token);
            if (!error && token.data() + token.size() != walker.end) error = TRAILING_CONTENT;
        } else {
            ondemand::value root;
            if (!(error = document.get_value().get(root))) error = walker.value(root, 1);
            if (!error && !csj::at_end(document)) error = TRAILING_CONTENT;
        }
    }
    if (error) {
        *error_offset = csj::location(document, std::string_view(input.ptr, input.len));
        return error;
    }
    *nodes = self->nodes.data();
    *n_nodes = self->nodes.size();
    *unpaired = walker.unpaired;
    return 0;
}
