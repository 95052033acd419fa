#include <cstring>

#include "text.hpp"

using namespace simdjson;

namespace {

const int max_depth = 1000;

struct Walker {
    csj_parser *self;
    const char *start, *end;
    /* Whether arrays are counted only, and objects below so many others checked only. */
    bool outlines;
    /* Where what can be repaired is counted. */
    uint64_t *repairs = nullptr;
    bool unpaired = false;
    /* What is checked only has no nodes. */
    bool silent = false;
    csj_node unseen = {};

    error_code scalar(std::string_view token);
    /* Takes a value for null. */
    error_code replace(const char *at) {
        ++*repairs;
        push(CSJ_NODE_NULL, at);
        return SUCCESS;
    }
    error_code string(std::string_view inside);
    csj_node &push(uint32_t kind, const char *at) {
        if (silent) return unseen;
        self->nodes.push_back({kind, 0, {nullptr, 0}, uint64_t(at - start)});
        return self->nodes.back();
    }
    error_code value(ondemand::value, int depth, int levels);
    error_code elements(ondemand::array, int depth, int levels, bool lists, csj_node &);
    error_code members(ondemand::object, int depth, int levels, csj_node &);
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
    if (!end && repairs) {
        ++*repairs;
        memcpy(to, inside.data(), inside.size());
        end = to + inside.size();
    }
    if (!end) return STRING_ERROR;
    self->strings.resize(silent ? at : size_t(end - self->strings.data()));
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
    } else if (outlines && silent && csj::is_non_finite(token)) {
        push(CSJ_NODE_NULL, token.data());
    } else if (repairs && !strchr(",:]}", token[0])) {
        return replace(token.data());
    } else {
        return TAPE_ERROR;
    }
    return SUCCESS;
}

error_code Walker::elements(ondemand::array array, int depth, int levels, bool lists, csj_node &node) {
    error_code error;
    uint32_t count = 0, objects = 0;
    for (auto element : array) {
        ondemand::value item;
        if ((error = element.get(item))) return error;
        if (lists && objects == count) {
            const std::string_view token = item.raw_json_token();
            if (token.substr(0, 1) == "{") {
                objects++;
                self->objects.push_back(uint32_t(token.data() - start));
            }
        }
        if ((error = value(item, depth + 1, levels))) return error;
        count++;
    }
    node.count = count;
    if (outlines) node.text.len = objects;
    return SUCCESS;
}

error_code Walker::members(ondemand::object object, int depth, int levels, csj_node &node) {
    error_code error;
    uint32_t count = 0;
    for (auto member : object) {
        ondemand::field field;
        if ((error = std::move(member).get(field))) return error;
        if ((error = string(csj::raw_key(field)))) return error;
        if ((error = value(field.value(), depth + 1, levels))) return error;
        count++;
    }
    node.count = count;
    return SUCCESS;
}

error_code Walker::value(ondemand::value value, int depth, int levels) {
    error_code error;
    if (depth > max_depth) {
        if (!repairs) return DEPTH_ERROR;
        const std::string_view token = value.raw_json_token();
        if (token.empty()) return TAPE_ERROR;
        if (token[0] == '"' && (error = value.get_raw_json_string().error())) return error;
        return replace(token.data()); /* what is in it is stepped over */
    }
    const std::string_view token = value.raw_json_token();
    if (token.empty()) return TAPE_ERROR;
    if (token[0] != '[' && token[0] != '{') {
        if ((error = scalar(token))) return error;
        /* A string that is left for simdjson to step over would pass for a key where a colon stands behind it. */
        return token[0] == '"' ? value.get_raw_json_string().error() : SUCCESS;
    }
    const bool was_silent = silent;
    const size_t here = self->nodes.size();
    csj_node node = {};
    if (token[0] == '[') {
        push(CSJ_NODE_ARRAY, token.data());
        silent = silent || outlines;
        ondemand::array array;
        if ((error = value.get_array().get(array))) return error;
        if ((error = elements(array, depth, levels, outlines && !was_silent, node))) return error;
    } else {
        push(CSJ_NODE_OBJECT, token.data());
        silent = silent || levels == 0;
        ondemand::object object;
        if ((error = value.get_object().get(object)) || (error = members(object, depth, levels - 1, node))) return error;
        if (silent) node.count = 0;
    }
    silent = was_silent;
    if (silent) return SUCCESS;
    self->nodes[here].count = node.count;
    self->nodes[here].text = node.text;
    return SUCCESS;
}

/* Parses with all nodes, or where `outlines`, with those of `levels` objects. */
int32_t parse(csj_parser *self, csj_text input, bool outlines, int levels, const csj_node **nodes, size_t *n_nodes,
              int64_t *error_offset, bool *unpaired, uint64_t *repairs) {
    *error_offset = -1;
    *nodes = nullptr;
    *n_nodes = 0;
    self->nodes.clear();
    self->strings.clear();
    self->objects.clear();
    self->strings.reserve(input.len);
    ondemand::document document;
    error_code error = self->parser.iterate(input.ptr, input.len, input.len + CSJ_PADDING).get(document);
    if (error == UTF8_ERROR) *error_offset = int64_t(csj_valid_utf8_prefix(input));
    if (error) return error;
    Walker walker{self, input.ptr, input.ptr + input.len, outlines, repairs};
    bool is_scalar = false;
    if (!(error = document.is_scalar().get(is_scalar))) {
        if (is_scalar) {
            std::string_view token;
            if (!(error = document.raw_json_token().get(token))) error = walker.scalar(token);
            if (!error && token.data() + token.size() != walker.end) error = TRAILING_CONTENT;
        } else {
            ondemand::value root;
            if (!(error = document.get_value().get(root))) error = walker.value(root, 1, levels);
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

}  // namespace

extern "C" {

int32_t csj_parse(csj_parser *self, csj_text input, const csj_node **nodes, size_t *n_nodes, int64_t *error_offset,
                  bool *unpaired, uint64_t *repairs) {
    return parse(self, input, false, -1, nodes, n_nodes, error_offset, unpaired, repairs);
}

int32_t csj_outline(csj_parser *self, csj_text input, uint32_t levels, const csj_node **nodes, size_t *n_nodes,
                    const uint32_t **objects, int64_t *error_offset) {
    bool unpaired = false;
    const int32_t error = parse(self, input, true, int(levels), nodes, n_nodes, error_offset, &unpaired, nullptr);
    *objects = self->objects.data();
    return error;
}

}
