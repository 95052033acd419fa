// The floor that Assay is compared with: the four benchmark cases as one hand-written, single-threaded loop,
// without columns, plugins, workers or per-row errors. What a general engine costs is its distance from this.
//
//     floor equality|subset INPUT OUTPUT
//     floor regex INPUT OUTPUT PATTERN
//     floor choices INPUT OUTPUT PATTERNS_FILE        one pattern a line, tried in order
//
// It is right for well-formed rows with two text columns and nothing else: the first problem ends it. In particular
// iterate_many does not see line ends, so a broken row cannot be told from the rows after it. That is the faster
// way by about six per cent, and the reason why a scorer that reports errors by row would not take it.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace {

constexpr std::size_t chunkSize = 1 << 20;

[[noreturn]] void fail(const std::string &message) { throw std::runtime_error(message); }

[[noreturn]] void failWithErrno(const std::string &what) { fail(what + ": " + std::strerror(errno)); }

/// A megabyte of output lines, written when it is full.
class Output {
public:
    explicit Output(const char *path) : descriptor(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644)) {
        if (descriptor < 0) failWithErrno(path);
    }

    void text(std::string_view text) {
        std::memcpy(bytes.get() + count, text.data(), text.size());
        count += text.size();
    }

    void number(unsigned long value) {
        count = std::to_chars(bytes.get() + count, bytes.get() + capacity, value).ptr - bytes.get();
    }

    /// A JSON string: only the quote, the backslash and control characters are escaped.
    void quoted(std::string_view text) {
        char *out = bytes.get() + count;
        *out++ = '"';
        for (unsigned char byte : text) {
            if (byte >= 0x20 && byte != '"' && byte != '\\') {
                *out++ = static_cast<char>(byte);
                continue;
            }
            *out++ = '\\';
            switch (byte) {
            case '"': case '\\': *out++ = static_cast<char>(byte); break;
            case '\b': *out++ = 'b'; break;
            case '\f': *out++ = 'f'; break;
            case '\n': *out++ = 'n'; break;
            case '\r': *out++ = 'r'; break;
            case '\t': *out++ = 't'; break;
            default:
                std::memcpy(out, "u00", 3);
                out[3] = static_cast<char>('0' + (byte >> 4));
                out[4] = "0123456789abcdef"[byte & 15];
                out += 5;
            }
        }
        *out++ = '"';
        count = out - bytes.get();
    }

    void endRow() {
        if (count >= chunkSize) flush();
    }

    void flush() {
        for (std::size_t done = 0; done < count;) {
            ssize_t written = write(descriptor, bytes.get() + done, count - done);
            if (written < 0) failWithErrno("writing the output");
            done += static_cast<std::size_t>(written);
        }
        count = 0;
    }

private:
    // A row is shorter than a chunk, and escaping makes a text at most six times as long, so the buffer holds any
    // row after a not quite full megabyte. Pages that are never touched cost no memory.
    static constexpr std::size_t capacity = 8 * chunkSize;

    int descriptor;
    std::unique_ptr<char[]> bytes{new char[capacity]};
    std::size_t count = 0;
};

/// A compiled regex and its match data.
class Regex {
public:
    explicit Regex(const std::string &pattern) {
        int error;
        PCRE2_SIZE offset;
        code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_UCP,
            &error, &offset, nullptr);
        if (code == nullptr) fail("regex " + pattern + ": error " + std::to_string(error));
        if (pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0) fail("regex " + pattern + ": cannot be JIT compiled");
        match = pcre2_match_data_create_from_pattern(code, nullptr);
        groups = pcre2_get_ovector_pointer(match);
    }

    /// Group 1 of the first match. `text` is valid UTF-8, which simdjson has checked: the JIT does not.
    bool find(std::string_view text, std::string_view &group) const {
        int result = pcre2_jit_match(
            code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, match, nullptr);
        if (result == PCRE2_ERROR_NOMATCH) return false;
        if (result < 2) fail("a match gave " + std::to_string(result));
        group = text.substr(groups[2], groups[3] - groups[2]);
        return true;
    }

private:
    pcre2_code *code;
    pcre2_match_data *match;
    PCRE2_SIZE *groups;
};

/// Calls `body(generated, expected)` for each row, the texts valid during the call.
template <typename Body>
void forEachRow(const char *path, Body body) {
    int descriptor = open(path, O_RDONLY);
    if (descriptor < 0) failWithErrno(path);
    std::unique_ptr<char[]> buffer(new char[chunkSize + simdjson::SIMDJSON_PADDING]());
    simdjson::ondemand::parser parser;
#ifdef SIMDJSON_THREADS_ENABLED
    parser.threaded = false;
#endif
    std::size_t held = 0;
    for (bool atEnd = false; !atEnd;) {
        ssize_t received = read(descriptor, buffer.get() + held, chunkSize - held);
        if (received < 0) failWithErrno(path);
        atEnd = received == 0;
        held += static_cast<std::size_t>(received);

        std::size_t whole = held;
        if (!atEnd) {
            const void *lineEnd = memrchr(buffer.get(), '\n', held);
            if (lineEnd == nullptr && held == chunkSize) fail("a row is longer than a megabyte");
            whole = lineEnd == nullptr ? 0 : static_cast<const char *>(lineEnd) + 1 - buffer.get();
        }
        if (whole == 0) continue;

        // The batch size is always the same, or the parser would reallocate its buffers for every chunk.
        simdjson::ondemand::document_stream rows = parser.iterate_many(buffer.get(), whole, chunkSize);
        for (auto row : rows) {
            simdjson::ondemand::object fields = row.get_object();
            std::string_view generated = fields["generated_answer"];
            std::string_view expected = fields["expected_answer"];
            body(generated, expected);
        }
        // A last row that is cut short is not an error to iterate_many.
        if (rows.truncated_bytes() != 0) fail("the last row is incomplete");

        held -= whole;
        std::memmove(buffer.get(), buffer.get() + whole, held);
    }
    close(descriptor);
}

/// Writes the line of a scorer that has a score alone: `judge(generated, expected)` is whether it is 1.
template <typename Judge>
void scoreByJudge(const char *input, Output &output, std::string_view identifier, Judge judge) {
    const std::string middle = ", \"scores\": {\"" + std::string(identifier) + "\": {\"score\": ";
    unsigned long row = 0;
    forEachRow(input, [&](std::string_view generated, std::string_view expected) {
        output.text("{\"row\": ");
        output.number(row++);
        output.text(middle);
        output.text(judge(generated, expected) ? "1.0}}}\n" : "0.0}}}\n");
        output.endRow();
    });
}

void scoreByRegexes(const char *input, Output &output, const std::vector<Regex> &regexes) {
    unsigned long row = 0;
    forEachRow(input, [&](std::string_view generated, std::string_view expected) {
        std::string_view parsed;
        bool found = false;
        for (const Regex &regex : regexes) {
            if ((found = regex.find(generated, parsed))) break;
        }
        output.text("{\"row\": ");
        output.number(row++);
        output.text(", \"scores\": {\"basic::regex_parser_multiple_choice_answer\": {\"score\": ");
        output.text(found && parsed == expected ? "1.0, \"parsed_answer\": " : "0.0, \"parsed_answer\": ");
        if (found) {
            output.quoted(parsed);
        } else {
            output.text("null");
        }
        output.text("}}}\n");
        output.endRow();
    });
}

std::vector<Regex> regexesOfFile(const char *path) {
    std::ifstream file(path);
    if (!file) failWithErrno(path);
    std::vector<Regex> regexes;
    for (std::string line; std::getline(file, line);) regexes.emplace_back(line);
    return regexes;
}

} // namespace

int main(int count, char **arguments) {
    const std::string mode = count > 1 ? arguments[1] : "";
    const bool hasRegex = mode == "regex" || mode == "choices";
    const bool isKnown = hasRegex || mode == "equality" || mode == "subset";
    if (!isKnown || count != (hasRegex ? 5 : 4)) {
        std::fputs("usage: floor equality|subset|regex|choices INPUT OUTPUT [PATTERN|PATTERNS_FILE]\n", stderr);
        return 64;
    }
    try {
        const char *input = arguments[2];
        Output output(arguments[3]);
        if (mode == "equality") {
            scoreByJudge(input, output, "basic::equality",
                [](std::string_view generated, std::string_view expected) { return generated == expected; });
        } else if (mode == "subset") {
            scoreByJudge(input, output, "basic::subset_of", [](std::string_view generated, std::string_view expected) {
                return generated.find(expected) != std::string_view::npos;
            });
        } else if (mode == "regex") {
            scoreByRegexes(input, output, {Regex(arguments[4])});
        } else {
            scoreByRegexes(input, output, regexesOfFile(arguments[4]));
        }
        output.flush();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "floor: %s\n", error.what());
        return 1;
    }
}
