// Asks a model a question about each answer, and reads yes or no.
#include "assay_scorer_kit.hpp"

namespace {

// Its inputs, outputs and models. Columns are identified by their index.
enum Input { in_answer };
constexpr assay_column_spec inputs[] = {assay::required("generated_answer", ASSAY_TYPE_STR, "the answer")};
constexpr const assay_column_spec *input_list[] = {&inputs[0], nullptr};

enum Output { out_score, out_feedback };
constexpr assay_column_spec outputs[] = {
    assay::output("score", ASSAY_TYPE_F64, "1.0 for yes, 0.0 for no", 0, 1),
    assay::output("judge_feedback", ASSAY_TYPE_STR, "the model's reply")};
constexpr const assay_column_spec *output_list[] = {&outputs[0], &outputs[1], nullptr};

// The host reads the model of this role from the parameter judge_model, or from --judge-model.
constexpr const char *roles[] = {"judge", nullptr};

// One instance is one scoring function with its parameters. Threads share it.
class Judge : public assay::Scorer {
public:
    static const assay_scorer table;

    explicit Judge(assay::Parameters &parameters) {
        parameters.json("judge_model");  // for the host; reading it makes it a known parameter
        const auto question = parameters.text("question");
        if (!question) parameters.reject("question", "expected a question about the answer");
        question_ = *question;
    }

    // Sends a request about a row, without waiting. The reply is passed to receive.
    void score(assay::Call &call, uint64_t row) const {
        std::string prompt = question_;
        prompt += "\n\nAnswer: ";
        prompt += call.text(in_answer, row);
        prompt += "\n\nReply with one word, yes or no.";
        std::string request = R"({"messages": [{"role": "user", "content": )";
        assay::append_quoted(request, prompt);
        request += R"(}], "temperature": 0})";
        call.ask(row, 0, "judge", request);
    }

    // Handles the reply about a row. (Memory would hold the state of a row between several replies.)
    void receive(assay::Call &call, const assay::Reply &reply, Memory &) const {
        if (reply.failure != 0) {
            call.fail(reply.row, reply.failure, reply.text);
            return;
        }
        call.give_text(out_feedback, reply.row, reply.text);
        const std::string word = letters(reply.text);
        if (reply.is_cut_off())
            call.fail(reply.row, ASSAY_ROW_UNPARSED, "the reply was cut off; raise max_tokens");
        else if (word == "yes" || word == "no")
            call.give_number(out_score, reply.row, word == "yes" ? 1 : 0);
        else
            call.fail(reply.row, ASSAY_ROW_UNPARSED, "the reply is neither yes nor no");
    }

private:
    std::string question_;

    // The letters A to Z of a text, in lower case.
    static std::string letters(std::string_view text) {
        std::string letters;
        for (const char byte : text) {
            const char letter = static_cast<char>(byte | 0x20);
            if (letter >= 'a' && letter <= 'z') letters += letter;
        }
        return letters;
    }
};

const assay_scorer Judge::table = {
    sizeof(assay_scorer),
    ASSAY_CONCURRENCY_PARALLEL,
    "@NAME@",
    "1.0 if a model says yes to a question about generated_answer",
    input_list,
    output_list,
    roles,
    R"({"type": "object", "additionalProperties": false, "required": ["question"],
        "properties": {"question": {"type": "string"}, "judge_model": {"type": "string"}}})",
    nullptr,   // statistics: it has no corpus score
    nullptr};  // aggregations

}  // namespace

ASSAY_EXPORT const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t) noexcept {
    static const assay_plugin plugin = assay::plugin<Judge>("org.example.@NAME@", "0.1.0", "A judge that asks yes or no");
    return host_abi_major == ASSAY_ABI_MAJOR ? &plugin : nullptr;
}
