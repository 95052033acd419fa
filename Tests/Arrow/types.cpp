// Reads an array of each type with offsets, nulls, views, dictionaries and parents that leave rows out, and compares with JSON
// written by hand; then builds columns in pieces and reads them back.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "carrow.h"

namespace {

int failures = 0;

void expect(const std::string &where, const std::string &found, const std::string &expected) {
    if (found == expected) return;
    failures++;
    std::printf("%s\n    found    %s\n    expected %s\n", where.c_str(), found.c_str(), expected.c_str());
}

// Memory that lives as long as the program.
const void *keep(const void *bytes, size_t count) {
    static std::deque<std::vector<char>> memory;
    memory.emplace_back(static_cast<const char *>(bytes), static_cast<const char *>(bytes) + count);
    return memory.back().data();
}

template <typename Value> const void *of(std::vector<Value> values) {
    return keep(values.data(), values.size() * sizeof(Value));
}

const void *bytes(const std::string &text) { return keep(text.data(), text.size()); }

// Bits from the first on: "101".
const void *bits(const std::string &text) {
    std::vector<uint8_t> packed(text.size() / 8 + 1);
    for (size_t i = 0; i < text.size(); i++) packed[i / 8] |= static_cast<uint8_t>((text[i] == '1') << i % 8);
    return of(packed);
}

// A view of at most 12 bytes, or one into a buffer.
std::string view(const std::string &text, int32_t buffer = -1, int32_t start = 0) {
    int32_t parts[4] = {static_cast<int32_t>(text.size()), 0, buffer, start};
    if (buffer < 0) {
        parts[2] = parts[3] = 0;
        std::memcpy(parts + 1, text.data(), text.size());
    } else {
        std::memcpy(parts + 1, text.data(), 4);
    }
    return std::string(reinterpret_cast<char *>(parts), 16);
}

// A column: what the specification says of its buffers, and children.
struct Node {
    std::string format;
    int64_t length, offset, nulls;
    std::vector<const void *> buffers;
    std::vector<Node> children = {};
    std::vector<Node> dictionary = {};
    std::string name = "x";
};

struct Made {
    ArrowSchema schema{};
    ArrowArray array{};
    std::vector<Made> children, dictionary;
    std::vector<ArrowSchema *> schemas;
    std::vector<ArrowArray *> arrays;
    std::vector<const void *> buffers;

    explicit Made(const Node &node) : buffers(node.buffers) {
        for (const Node &child : node.children) children.emplace_back(child);
        for (const Node &values : node.dictionary) dictionary.emplace_back(values);
        schema.format = node.format.c_str();
        schema.name = node.name.c_str();
        schema.flags = ARROW_FLAG_NULLABLE;
        array.length = node.length;
        array.offset = node.offset;
        array.null_count = node.nulls;
    }

    // Sets the pointers, once nothing moves any more.
    void link() {
        for (Made &child : children) {
            child.link();
            schemas.push_back(&child.schema);
            arrays.push_back(&child.array);
        }
        for (Made &values : dictionary) {
            values.link();
            schema.dictionary = &values.schema;
            array.dictionary = &values.array;
        }
        schema.n_children = array.n_children = static_cast<int64_t>(children.size());
        schema.children = schemas.data();
        array.children = arrays.data();
        array.n_buffers = static_cast<int64_t>(buffers.size());
        array.buffers = buffers.data();
        schema.release = [](ArrowSchema *schema) { schema->release = nullptr; };
        array.release = [](ArrowArray *array) { array->release = nullptr; };
    }
};

// Opens a table, and runs a function with it.
void with_table(const Node &table, const std::string &where, const std::function<void(const ca_schema *, const ca_batch *)> &body) {
    Made made(table);
    made.link();
    char error[CA_ERROR_SIZE] = "";
    ca_schema *schema = ca_schema_new(&made.schema, error);
    ca_batch *batch = schema ? ca_batch_new(schema, &made.array, error) : nullptr;
    if (batch) body(schema, batch);
    else expect(where, error, "");
    ca_batch_free(batch);
    ca_schema_free(schema);
}

Node table(const Node &column, int64_t length, int64_t offset) { return Node{"+s", length, offset, 0, {nullptr}, {column}}; }

std::string joined(const std::vector<std::string> &values, size_t first) {
    std::string text;
    for (size_t i = first; i < values.size(); i++) text += (i > first ? ", " : "") + values[i];
    return text;
}

std::string lines(const Node &given, const std::string &where) {
    std::string found;
    with_table(given, where, [&](const ca_schema *, const ca_batch *batch) {
        ca_bytes out{};
        ca_batch_write_rows(batch, 0, ca_batch_rows(batch), nullptr, &out);
        found = std::string(out.bytes, out.count);
        std::free(out.bytes);
    });
    return found;
}

// The cells first… as JSON.
std::string cells(const Node &given, size_t first, const std::string &where) {
    std::string found;
    with_table(given, where, [&](const ca_schema *, const ca_batch *batch) {
        const size_t count = ca_batch_rows(batch) - first;
        std::vector<uint8_t> states(count);
        std::vector<csj_text> texts(count);
        ca_bytes arena{};
        ca_batch_read_json(batch, 0, first, count, states.data(), texts.data(), &arena);
        for (size_t i = 0; i < count; i++)
            found += (i ? ", " : "") + (states[i] == CSJ_VALUE ? std::string(texts[i].ptr, texts[i].len) : "null");
        std::free(arena.bytes);
    });
    return found;
}

// Reads a column by itself, below parents with offsets, in a list, and in part; `values` are its rows as JSON.
void check(const std::string &name, const Node &column, const std::vector<std::string> &values, bool fails = false) {
    const int64_t n = static_cast<int64_t>(values.size());
    const auto rows = [&](size_t first, const std::string &before, const std::string &after) {
        std::string text;
        for (size_t i = first; i < values.size(); i++) text += "{\"x\": " + before + values[i] + after + "}\n";
        return text;
    };
    expect(name, lines(table(column, n, 0), name), rows(0, "", ""));
    expect(name + ", table with an offset", lines(table(column, n - 1, 1), name), rows(1, "", ""));
    expect(name + ", nested", lines(table(table(column, n, 0), n - 1, 1), name), rows(1, "{\"x\": ", "}"));
    expect(name + ", nested with an offset", lines(table(table(column, n - 1, 1), n - 1, 0), name), rows(1, "{\"x\": ", "}"));
    const Node list{"+l", 1, 1, 0, {nullptr, of<int32_t>({0, 1, static_cast<int32_t>(n)})}, {column}};
    expect(name + ", in a list", lines(table(list, 1, 0), name), "{\"x\": [" + joined(values, 1) + "]}\n");
    if (fails) return;
    expect(name + ", cells", cells(table(column, n, 0), 0, name), joined(values, 0));
    expect(name + ", later cells", cells(table(column, n - 1, 1), 1, name), joined(values, 2));
}

template <typename Value> void check_numbers(const std::string &format, bool is_signed) {
    const void *data = of<Value>({Value(9), Value(1), Value(is_signed ? -2 : 2), Value(3), Value(4)});
    check(format, Node{format, 4, 1, 1, {bits("11101"), data}}, {"1", is_signed ? "-2" : "2", "null", "4"});
    check(format + " without nulls", Node{format, 4, 1, 0, {nullptr, data}}, {"1", is_signed ? "-2" : "2", "3", "4"});
}

void check_numbers() {
    check_numbers<int8_t>("c", true);
    check_numbers<uint8_t>("C", false);
    check_numbers<int16_t>("s", true);
    check_numbers<uint16_t>("S", false);
    check_numbers<int32_t>("i", true);
    check_numbers<uint32_t>("I", false);
    check_numbers<int64_t>("l", true);
    check_numbers<uint64_t>("L", false);
    check("large L", Node{"L", 3, 0, 0, {nullptr, of<uint64_t>({UINT64_MAX, 0, 1})}}, {"18446744073709551615", "0", "1"});
    check("smallest l", Node{"l", 3, 0, 0, {nullptr, of<int64_t>({INT64_MIN, INT64_MAX, -1})}},
          {"-9223372036854775808", "9223372036854775807", "-1"});
    check("b", Node{"b", 4, 2, -1, {bits("111011"), bits("001011")}}, {"true", "null", "true", "true"});
    check("n", Node{"n", 3, 0, 3, {}}, {"null", "null", "null"});
    check("e", Node{"e", 4, 1, 1, {bits("11101"), of<uint16_t>({0, 0x3C00, 0xC200, 0, 0x0001})}},
          {"1.0", "-3.0", "null", "5.960464477539063e-08"});
    check("f", Node{"f", 4, 1, 1, {bits("11101"), of<float>({0, 0.1f, -2, 0, 1e10f})}}, {"0.1", "-2.0", "null", "1e+10"});
    check("g", Node{"g", 4, 1, 1, {bits("11101"), of<double>({0, 0.1, -2, 0, 1e300})}}, {"0.1", "-2.0", "null", "1e+300"});
    const double nan = std::strtod("nan", nullptr), infinity = std::strtod("inf", nullptr);
    const Node odd{"g", 4, 0, 0, {nullptr, of<double>({nan, infinity, -infinity, 1})}};
    check("not finite", odd, {"NaN", "Infinity", "-Infinity", "1.0"}, true);
    expect("not finite, cells", cells(table(odd, 4, 0), 0, "g"), "null, null, null, 1.0");
    const Node coded{"c", 3, 0, 0, {nullptr, of<int8_t>({0, 3, 0})}, {}, {odd}};
    expect("not finite in a dictionary", cells(table(coded, 3, 0), 0, "c"), "null, 1.0, null");
    check("d:38,1", Node{"d:38,1", 3, 1, 0, {nullptr, of<int64_t>({0, 0, 15, 0, -1, -1, 5, 0})}}, {"1.5", "-0.1", "0.5"});
    check("d:9,-2,64", Node{"d:9,-2,64", 3, 0, 0, {nullptr, of<int64_t>({3, 0, -7})}}, {"300", "0", "-700"});
    check("d:3,2,32", Node{"d:3,2,32", 3, 0, 1, {bits("101"), of<int32_t>({314, 0, -5})}}, {"3.14", "null", "-0.05"});
}

void check_texts() {
    const std::string all = "skipÄnna\"\\\nb";
    const std::vector<std::string> expected = {"\"\xC3\x84nna\"", "\"\"", "null", "\"\\\"\\\\\\nb\""};
    for (const char *format : {"u", "z"})
        check(format, Node{format, 4, 1, 1, {bits("11101"), of<int32_t>({0, 4, 9, 9, 9, 13}), bytes(all)}}, expected);
    for (const char *format : {"U", "Z"})
        check(format, Node{format, 4, 1, 1, {bits("11101"), of<int64_t>({0, 4, 9, 9, 9, 13}), bytes(all)}}, expected);
    const std::string far = "....a text that is longer than a view", more = "\xC3\x84 text of another buffer";
    const void *views = bytes(view("skip") + view("twelve bytes") + view(far.substr(4), 0, 4) + view("") + view("?")
                              + view(more, 1) + view("\xC3\x84"));
    const std::vector<const void *> buffers = {bits("1111011"), views, bytes(far), bytes(more),
                                               of<int64_t>({static_cast<int64_t>(far.size()), static_cast<int64_t>(more.size())})};
    const std::vector<std::string> seen = {
        "\"twelve bytes\"", "\"a text that is longer than a view\"", "\"\"", "null", "\"\xC3\x84 text of another buffer\"",
        "\"\xC3\x84\""};
    for (const char *format : {"vu", "vz"}) check(format, Node{format, 6, 1, 1, buffers}, seen);
    const void *beyond = bytes(view(far.substr(4), 0, 5) + view(more, 2) + view("a") + view("\xC3"));
    check("views that are not valid", Node{"vu", 4, 0, 0, {nullptr, beyond, buffers[2], buffers[3], buffers[4]}},
          {"null", "null", "\"a\"", "null"});
    check("bytes that are not UTF-8", Node{"z", 3, 0, 0, {nullptr, of<int32_t>({0, 1, 2, 3}), bytes("\xC3\x84" "a")}},
          {"null", "null", "\"a\""});
    const Node words{"u", 3, 1, 1, {bits("1101"), of<int32_t>({0, 4, 5, 5, 6}), bytes("skipab")}};
    const std::vector<std::string> chosen = {"\"a\"", "null", "null", "\"b\""};
    check("dictionary by c", Node{"c", 4, 1, 1, {bits("11011"), of<int8_t>({9, 0, 1, 1, 2})}, {}, {words}}, chosen);
    check("dictionary by I", Node{"I", 4, 1, 1, {bits("11011"), of<uint32_t>({9, 0, 1, 1, 2})}, {}, {words}}, chosen);
    check("dictionary by l", Node{"l", 4, 1, 1, {bits("11011"), of<int64_t>({9, 0, 1, 1, 2})}, {}, {words}}, chosen);
    const Node viewed{"vu", 6, 1, 1, buffers};
    check("dictionary of views", Node{"I", 3, 0, 0, {nullptr, of<uint32_t>({0, 4, 3})}, {}, {viewed}},
          {"\"twelve bytes\"", "\"\xC3\x84 text of another buffer\"", "null"});
}

void check_nested() {
    const Node texts{"u", 5, 0, 0, {nullptr, of<int32_t>({0, 1, 2, 3, 4, 5}), bytes("abcde")}, {}, {}, "item"};
    const std::vector<std::string> lists = {"[\"b\", \"c\"]", "null", "[]", "[\"d\", \"e\"]"};
    check("+l", Node{"+l", 4, 1, 1, {bits("11011"), of<int32_t>({0, 1, 3, 3, 3, 5})}, {texts}}, lists);
    check("+L", Node{"+L", 4, 1, 1, {bits("11011"), of<int64_t>({0, 1, 3, 3, 3, 5})}, {texts}}, lists);
    check("+vl", Node{"+vl", 4, 1, 1, {bits("11011"), of<int32_t>({0, 1, 9, 2, 3}), of<int32_t>({0, 2, 9, 0, 2})}, {texts}},
          lists);
    check("+vL", Node{"+vL", 4, 1, 1, {bits("11011"), of<int64_t>({0, 1, 9, 2, 3}), of<int64_t>({0, 2, 9, 0, 2})}, {texts}},
          lists);
    const Node numbers{"i", 8, 1, 0, {nullptr, of<int32_t>({9, 0, 1, 2, 3, 4, 5, 6, 7})}};
    check("+w:2", Node{"+w:2", 3, 1, 1, {bits("1101")}, {numbers}}, {"[2, 3]", "null", "[6, 7]"});
    Node one{"i", 4, 0, 1, {bits("1011"), of<int32_t>({1, 2, 3, 4})}, {}, {}, "a"};
    Node other{"u", 4, 0, 0, {nullptr, of<int32_t>({0, 1, 2, 3, 4}), bytes("wxyz")}, {}, {}, "b \"c\""};
    check("+s", Node{"+s", 3, 1, 1, {bits("1110")}, {one, other}},
          {"{\"a\": null, \"b \\\"c\\\"\": \"x\"}", "{\"a\": 3, \"b \\\"c\\\"\": \"y\"}", "null"});
    Node keys{"u", 4, 0, 0, {nullptr, of<int32_t>({0, 1, 2, 3, 4}), bytes("klmn")}};
    Node entries{"+s", 4, 0, 0, {nullptr}, {keys, one}};
    check("+m", Node{"+m", 3, 1, 1, {bits("1101"), of<int32_t>({0, 1, 3, 3, 4})}, {entries}},
          {"{\"l\": null, \"m\": 3}", "null", "{\"n\": 4}"});
    Node numbered{"+s", 4, 0, 0, {nullptr}, {Node{"i", 4, 0, 0, {nullptr, of<int32_t>({1, 2, 3, 4})}}, other}};
    check("+m by numbers", Node{"+m", 3, 0, 0, {nullptr, of<int32_t>({0, 1, 1, 2})}, {numbered}},
          {"{\"1\": \"w\"}", "{}", "{\"2\": \"x\"}"});
}

void check_times() {
    check("tdD", Node{"tdD", 4, 1, 1, {bits("11101"), of<int32_t>({0, 0, -1, 0, 11016})}},
          {"\"1970-01-01\"", "\"1969-12-31\"", "null", "\"2000-02-29\""});
    check("tdm", Node{"tdm", 3, 0, 0, {nullptr, of<int64_t>({86400000, -1, 951782400000})}},
          {"\"1970-01-02\"", "\"1969-12-31\"", "\"2000-02-29\""});
    check("tts", Node{"tts", 3, 0, 0, {nullptr, of<int32_t>({0, 3661, 86399})}}, {"\"00:00:00\"", "\"01:01:01\"", "\"23:59:59\""});
    check("ttm", Node{"ttm", 3, 0, 0, {nullptr, of<int32_t>({1, 0, 1500})}}, {"\"00:00:00.001\"", "\"00:00:00\"", "\"00:00:01.500\""});
    check("ttu", Node{"ttu", 2, 0, 0, {nullptr, of<int64_t>({1, 0})}}, {"\"00:00:00.000001\"", "\"00:00:00\""});
    check("ttn", Node{"ttn", 2, 0, 0, {nullptr, of<int64_t>({1, 0})}}, {"\"00:00:00.000000001\"", "\"00:00:00\""});
    check("tss:", Node{"tss:", 2, 0, 0, {nullptr, of<int64_t>({0, -1})}}, {"\"1970-01-01T00:00:00\"", "\"1969-12-31T23:59:59\""});
    check("tsm:UTC", Node{"tsm:UTC", 2, 0, 0, {nullptr, of<int64_t>({1, -1})}},
          {"\"1970-01-01T00:00:00.001Z\"", "\"1969-12-31T23:59:59.999Z\""});
    check("tsu:", Node{"tsu:", 2, 0, 0, {nullptr, of<int64_t>({0, 1000001})}},
          {"\"1970-01-01T00:00:00\"", "\"1970-01-01T00:00:01.000001\""});
    check("tsn:Europe/Berlin", Node{"tsn:Europe/Berlin", 2, 0, 0, {nullptr, of<int64_t>({0, 1})}},
          {"\"1970-01-01T00:00:00Z\"", "\"1970-01-01T00:00:00.000000001Z\""});
    check("tDm", Node{"tDm", 3, 0, 1, {bits("101"), of<int64_t>({5, 0, -5})}}, {"5", "null", "-5"});
}

// Types that are not valid, with the end of the message.
void check_refusals() {
    for (const char *format : {"+w:", "+w:-1"}) {
        const Node given = table(Node{format, 0, 0, 0, {nullptr, nullptr}}, 0, 0);
        Made made(given);
        made.link();
        char error[CA_ERROR_SIZE] = "";
        ca_schema *schema = ca_schema_new(&made.schema, error);
        const bool is_named = std::strstr(error, "the column \"x\"") && std::strstr(error, format);
        expect(std::string("refused: ") + format, schema ? "read" : is_named ? "named" : error, "named");
        ca_schema_free(schema);
    }
}

// Columns whose type cannot be read stand in nobody's way.
void check_unsupported() {
    const Node uuids{"w:16", 2, 0, 0, {nullptr, bytes(std::string(32, 'x'))}};
    std::vector<Node> columns;
    for (const char *format : {"", "+", "d:", "tx", "v", "+vx", "+ud:0", "+r", "w:16", "d:76,0,256", "tin"})
        columns.push_back(Node{format, 2, 0, 0, {nullptr, nullptr}});
    columns.push_back(Node{"+l", 2, 0, 0, {nullptr, of<int32_t>({0, 1, 2})}, {uuids}});
    columns.push_back(Node{"+s", 2, 0, 0, {nullptr}, {uuids}});
    columns.push_back(Node{"c", 2, 0, 0, {nullptr, of<int8_t>({0, 1})}, {}, {uuids}});
    columns.push_back(Node{"+m", 2, 0, 0, {nullptr, of<int32_t>({0, 1, 2})}, {uuids}});
    const Node known{"u", 2, 0, 0, {nullptr, of<int32_t>({0, 1, 2}), bytes("ab")}, {}, {}, "y"};
    for (const Node &column : columns) {
        const Node given{"+s", 2, 0, 0, {nullptr}, {column, known}};
        const std::string name = "unsupported: " + column.format;
        expect(name, lines(given, name), "{\"y\": \"a\"}\n{\"y\": \"b\"}\n");
        with_table(given, name, [&](const ca_schema *schema, const ca_batch *) {
            const char *format = ca_schema_unsupported(schema, 0);
            expect(name + ", format", format ? format : "none", column.format);
            expect(name + ", the other", ca_schema_unsupported(schema, 1) ? "unsupported" : "supported", "supported");
            for (uint32_t type : {CSJ_TEXT, CSJ_F64, CSJ_I64, CSJ_BOOL, CSJ_JSON})
                expect(name + ", read", ca_schema_can_read(schema, 0, type) ? "can be read" : "no", "no");
        });
    }
}

// Texts of all lengths with a byte that must be escaped in each place, and without one.
void check_escapes() {
    const std::vector<std::pair<char, std::string>> specials = {
        {'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\x01', "\\u0001"}, {'\x1f', "\\u001f"}, {'x', "x"}};
    for (const auto &[special, escaped] : specials) {
        for (size_t length = 0; length <= 40; length++) {
            std::string all;
            std::vector<std::string> expected;
            const size_t count = std::max<size_t>(1, length);
            auto *ends = new int32_t[count + 1]{0};
            for (size_t place = 0; place < count; place++) {
                std::string text(length, 'a'), json = text;
                if (length > 0) {
                    text[place] = special;
                    json.replace(place, 1, escaped);
                }
                all += text;
                ends[place + 1] = static_cast<int32_t>(all.size());
                expected.push_back("\"" + json + "\"");
            }
            const std::string name = "escapes of length " + std::to_string(length);
            const int64_t rows = static_cast<int64_t>(count);
            const Node column{"u", rows, 0, 0, {nullptr, ends, bytes(all)}};
            expect(name, cells(table(column, rows, 0), 0, name), joined(expected, 0));
            delete[] ends;
        }
    }
}

// Columns that are built in pieces of many sizes, with nulls in all places of a byte.
void check_builder() {
    ca_builder *builder = ca_builder_new("lgbuu");
    std::string expected;
    const auto row = [&](const std::string &number, const std::string &text, const std::string &same) {
        static int64_t place = 0;
        const std::string flag = number == "null" ? "null" : number == "0.0" ? "false" : "true";
        expected += "{\"a\": " + std::to_string(place++) + ", \"b\": " + number + ", \"c\": " + flag + ", \"d\": " + text
            + ", \"e\": " + same + "}\n";
    };
    bool ok = builder;
    int64_t count = 0;
    for (size_t more = 1; more <= 21; more++) {
        std::vector<uint8_t> present(more);
        std::vector<double> numbers(more);
        std::vector<int64_t> flags(more);
        std::vector<ca_range> ranges(more);
        for (size_t i = 0; i < more; i++) {
            // Pieces without nulls, of nulls alone, and of both.
            present[i] = more % 3 == 0 ? 0 : more % 3 == 1 ? 1 : (i * more) % 5 != 2;
            numbers[i] = static_cast<double>(i % 2) / 2;
            flags[i] = i % 2 ? 7 : 0;
            ranges[i] = {static_cast<int64_t>(i % 3), static_cast<int64_t>(i % 4)};
            row(!present[i] ? "null" : i % 2 ? "0.5" : "0.0",
                !present[i] ? "null" : "\"" + std::string("abcdef").substr(i % 3, i % 4) + "\"",
                more % 2 ? "null" : "\"same\"");
        }
        ok = ok && ca_builder_sequence(builder, 0, count, more) && ca_builder_values(builder, 1, numbers.data(), present.data(), more)
            && ca_builder_values(builder, 2, flags.data(), present.data(), more)
            && ca_builder_texts(builder, 3, "abcdef", ranges.data(), present.data(), more)
            && (more % 2 ? ca_builder_nulls(builder, 4, more) : ca_builder_text(builder, 4, "same", 4, more));
        count += static_cast<int64_t>(more);
    }
    ArrowSchema schema{};
    ArrowArray array{};
    const char *names[] = {"a", "b", "c", "d", "e"};
    char error[CA_ERROR_SIZE] = "";
    ok = ok && ca_builder_schema(builder, names, &schema) && ca_builder_finish(builder, static_cast<size_t>(count), &array);
    ca_schema *parsed = ok ? ca_schema_new(&schema, error) : nullptr;
    ca_batch *batch = parsed ? ca_batch_new(parsed, &array, error) : nullptr;
    ca_bytes out{};
    if (batch) ca_batch_write_rows(batch, 0, ca_batch_rows(batch), nullptr, &out);
    expect("builder", batch ? std::string(out.bytes, out.count) : error, expected);
    std::free(out.bytes);
    ca_batch_free(batch);
    ca_schema_free(parsed);
    if (schema.release) schema.release(&schema);
    ArrowArray empty{};
    expect("empty", ca_builder_finish(builder, 0, &empty) && empty.n_children == 5 ? "built" : "not built", "built");
    if (empty.release) empty.release(&empty);
    ca_builder_free(builder);
}

} // namespace

int main() {
    check_numbers();
    check_texts();
    check_nested();
    check_times();
    check_refusals();
    check_unsupported();
    check_escapes();
    check_builder();
    std::printf("%d differences\n", failures);
    return failures ? 1 : 0;
}
