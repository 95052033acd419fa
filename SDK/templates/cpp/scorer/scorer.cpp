// Scores how short answers are: 1.0 for at most max_words words, lower for longer answers.
#include "assay_scorer_kit.hpp"

namespace {

// Its inputs and outputs. Columns are identified by their index.
enum Input { in_answer };
constexpr assay_column_spec inputs[] = {assay::required("generated_answer", ASSAY_TYPE_STR, "the answer")};
constexpr const assay_column_spec *input_list[] = {&inputs[0], nullptr};

enum Output { out_score, out_words };
constexpr assay_column_spec outputs[] = {
    assay::output("score", ASSAY_TYPE_F64, "1.0, or max_words divided by the number of words", 0, 1),
    assay::output("words", ASSAY_TYPE_I64, "the number of words in the answer")};
constexpr const assay_column_spec *output_list[] = {&outputs[0], &outputs[1], nullptr};

// Numbers of each row whose sums over all rows its corpus score is computed from.
enum Statistic { stat_words };
constexpr const char *statistics[] = {"words", nullptr};
constexpr assay_aggregation words_per_answer =
    assay::aggregation("words_per_answer", "the number of words of all answers, and their mean");
constexpr const assay_aggregation *aggregations[] = {&words_per_answer, nullptr};

// One instance is one scoring function with its parameters. Threads share it.
class ShortAnswer : public assay::Scorer {
public:
    static const assay_scorer table;

    explicit ShortAnswer(assay::Parameters &parameters)
        : max_words_(parameters.number("max_words", 100, 1, 1000000)) {}

    void score(assay::Call &call, uint64_t row) const {
        const int64_t words = count_words(call.text(in_answer, row));
        if (words == 0) {
            call.fail(row, ASSAY_ROW_UNPARSED, "the answer is empty");
            return;
        }
        const double share = max_words_ / static_cast<double>(words);
        call.give_number(out_score, row, share < 1 ? share : 1);
        call.give_integer(out_words, row, words);
        call.give_statistics(row, {static_cast<double>(words)});
    }

    // Computes the aggregations of all scored rows, or of a group of them, from the sums of their statistics.
    void finalize(const assay::Sums &sums, assay::Aggregates &aggregates) const {
        const double words = sums[stat_words];
        aggregates.give_number(0, words_per_answer.name, words / static_cast<double>(sums.rows));
    }

private:
    double max_words_;

    static int64_t count_words(std::string_view text) {
        int64_t words = 0;
        bool in_word = false;
        for (const char byte : text) {
            const bool is_space = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
            if (!is_space && !in_word) words++;
            in_word = !is_space;
        }
        return words;
    }
};

const assay_scorer ShortAnswer::table = {
    sizeof(assay_scorer),
    ASSAY_CONCURRENCY_PARALLEL,
    "@NAME@",
    "1.0 for an answer of at most max_words words, less for longer ones",
    input_list,
    output_list,
    nullptr,  // roles: it asks no model
    R"({"type": "object", "additionalProperties": false,
        "properties": {"max_words": {"type": "number", "minimum": 1, "maximum": 1000000}}})",
    statistics,
    aggregations};

}  // namespace

ASSAY_EXPORT const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t) noexcept {
    static const assay_plugin plugin =
        assay::plugin<ShortAnswer>("org.example.@NAME@", "0.1.0", "How short answers are");
    return host_abi_major == ASSAY_ABI_MAJOR ? &plugin : nullptr;
}
