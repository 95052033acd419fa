// Edit similarity: how alike an answer is to the most similar of some references, character by character.
//
//     score = 1 - distance / length of the longer text, in Unicode code points; 1.0 for two empty texts
//
// Code points are compared as they are: "é" as one code point and as "e" with a combining accent differ, so normalise the
// data where both forms occur.
#include "assay_scorer_kit.hpp"
#include "edit_distance.hpp"

#include <algorithm>

namespace {

// ---------------------------------------------------------------- code points

std::u32string code_points(std::string_view utf8) {
    std::u32string points;
    points.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size();) {
        const auto byte = static_cast<unsigned char>(utf8[at]);
        const std::size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        char32_t point = length == 1 ? byte : byte & (0xFF >> (length + 1));
        for (std::size_t i = 1; i < length && at + i < utf8.size(); i++) point = point << 6 | (utf8[at + i] & 0x3F);
        points.push_back(point);
        at += length;
    }
    return points;
}

// Lower case of the letters of the Latin (to U+017F), Greek and Cyrillic alphabets; every other character is its own.
char32_t lower(char32_t point) {
    if (point < 0xC0) return point >= 'A' && point <= 'Z' ? point + 32 : point;
    if (point <= 0xDE) return point == 0xD7 ? point : point + 32;
    if (point >= 0x100 && point <= 0x17E) {
        // Capitals are even, but odd from U+0139 to U+0148 and from U+0179 on. Dotted capital I has no small letter.
        const bool is_odd = (point >= 0x139 && point <= 0x148) || point >= 0x179;
        if (point == 0x130 || point == 0x131 || point == 0x138 || point == 0x149) return point;
        if (point == 0x178) return 0xFF;
        return (point % 2 == 1) == is_odd ? point + 1 : point;
    }
    if (point >= 0x391 && point <= 0x3AB) return point == 0x3A2 ? point : point + 32;
    if (point >= 0x410 && point <= 0x42F) return point + 32;
    if (point >= 0x400 && point <= 0x40F) return point + 80;
    return point;
}

// ---------------------------------------------------------------- the scorer

enum Input { in_answer, in_expected, in_expected_text, in_expected_list };
constexpr assay_column_spec inputs[] = {
    assay::required("generated_answer", ASSAY_TYPE_STR, "the answer"),
    // As JSON, so that a row without it never gets here; what is read is one of the other two.
    assay::required("expected_answer", ASSAY_TYPE_JSON, "a reference, or a list of them"),
    assay::optional("expected_answer", ASSAY_TYPE_STR, "the reference", ASSAY_COLUMN_LENIENT),
    assay::optional("expected_answer", ASSAY_TYPE_LIST_STR, "the references", ASSAY_COLUMN_LENIENT)};
constexpr const assay_column_spec *input_list[] = {&inputs[0], &inputs[1], &inputs[2], &inputs[3], nullptr};

enum Output { out_score, out_distance, out_reference };
constexpr assay_column_spec outputs[] = {
    assay::output("score", ASSAY_TYPE_F64, "how alike the answer and the most similar reference are", 0, 1),
    assay::output("distance", ASSAY_TYPE_I64, "how many edits turn the one into the other"),
    assay::output("reference", ASSAY_TYPE_I64, "which reference that is, from 0")};
constexpr const assay_column_spec *output_list[] = {&outputs[0], &outputs[1], &outputs[2], nullptr};

class EditSimilarity : public assay::Scorer {
public:
    static const assay_scorer table;

    explicit EditSimilarity(assay::Parameters &parameters)
        : transpositions_(parameters.boolean("transpositions", false)),
          ignore_case_(parameters.boolean("ignore_case", false)) {}

    void score(assay::Call &call, uint64_t row) const {
        std::vector<std::string_view> references;
        if (call.has(in_expected_text, row))
            references = {call.text(in_expected_text, row)};
        else
            references = call.list(in_expected_list, row);
        if (references.empty()) {
            call.fail(row, ASSAY_ROW_INPUT_ERROR, "expected_answer is neither a text nor a list with texts");
            return;
        }

        const std::u32string answer = folded(call.text(in_answer, row));
        double best = -1;
        std::size_t best_distance = 0, best_index = 0;
        // Equal texts cannot be beaten.
        for (std::size_t index = 0; index < references.size() && best < 1; index++) {
            const std::u32string reference = folded(references[index]);
            const std::size_t distance =
                edit_distance(answer, reference, transpositions_, [&] { return call.is_cancelled(); });
            const std::size_t length = std::max(answer.size(), reference.size());
            const double similarity =
                length == 0 ? 1 : static_cast<double>(length - distance) / static_cast<double>(length);
            if (similarity > best) best = similarity, best_distance = distance, best_index = index;
        }
        call.give_number(out_score, row, best);
        call.give_integer(out_distance, row, static_cast<int64_t>(best_distance));
        call.give_integer(out_reference, row, static_cast<int64_t>(best_index));
    }

private:
    bool transpositions_, ignore_case_;

    std::u32string folded(std::string_view text) const {
        std::u32string points = code_points(text);
        if (ignore_case_)
            for (char32_t &point : points) point = lower(point);
        return points;
    }
};

const assay_scorer EditSimilarity::table = {
    sizeof(assay_scorer),
    ASSAY_CONCURRENCY_PARALLEL,
    "edit-similarity",
    "how alike generated_answer and the most similar expected_answer are, character by character",
    input_list,
    output_list,
    nullptr,
    R"({"type": "object", "additionalProperties": false,
        "properties": {"transpositions": {"type": "boolean"}, "ignore_case": {"type": "boolean"}}})",
    nullptr,
    nullptr};

}  // namespace

ASSAY_EXPORT const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t) noexcept {
    static const assay_plugin plugin = assay::plugin<EditSimilarity>(
        "org.example.edit-similarity", "1.0.0", "How alike answers and references are");
    return host_abi_major == ASSAY_ABI_MAJOR ? &plugin : nullptr;
}
