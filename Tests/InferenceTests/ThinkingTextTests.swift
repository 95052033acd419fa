import Testing

@testable import Inference

/// A text that a model wrote, and what is its answer and what it thought.
struct ThinkingCase: Sendable, CustomTestStringConvertible {
    var text: String
    var answer: String
    var thinking: String?

    init(_ text: String, _ answer: String, _ thinking: String?) {
        (self.text, self.answer, self.thinking) = (text, answer, thinking)
    }

    var testDescription: String { text.debugDescription }

    static let usual = [
        ThinkingCase("Answer: B", "Answer: B", nil),
        ThinkingCase("  as it stands \n", "  as it stands \n", nil),
        ThinkingCase("", "", nil),
        ThinkingCase(
            "<think>\nA first guess is 3.\n</think>\n\nTotal rating: 8", "Total rating: 8", "A first guess is 3."),
        ThinkingCase("\n<THINK>x</THINK>y", "y", "x"),
        // Qwen with its thinking switched off.
        ThinkingCase("<think>\n\n</think>\n\nC", "C", nil),
        // The chat template has written the opening mark.
        ThinkingCase("So it is 3, or 8?\n</think>\n8", "8", "So it is 3, or 8?"),
        ThinkingCase("hm [/THINK]8", "8", "hm"),
        // Cut off while it thought.
        ThinkingCase("<think>Answer: A seems", "", "Answer: A seems"),
        ThinkingCase("<think>", "", nil),
        ThinkingCase("<think>one</think>\n<think>two", "", "one\n\ntwo"),
        ThinkingCase("<think>one</think>\n<think>two</think>B", "B", "one</think>\n<think>two"),
        ThinkingCase("<think>it may write </think> twice</think>B", "B", "it may write </think> twice"),
        ThinkingCase("[THINK]Hm.[/THINK]B", "B", "Hm."),
        ThinkingCase("<thinking>Hm.</thinking> B", "B", "Hm."),
        ThinkingCase("<thought>Hm.</thought>B", "B", "Hm."),
        ThinkingCase("<seed:think>Hm.</seed:think>B", "B", "Hm."),
        ThinkingCase("◁think▷Hm.◁/think▷B", "B", "Hm."),
        ThinkingCase("<|START_THINKING|>Hm.<|END_THINKING|>B", "B", "Hm."),
        ThinkingCase("<|channel>thought\nHm.\n<channel|>B", "B", "Hm."),
        // What only looks like it.
        ThinkingCase("Write <think> in front of it.", "Write <think> in front of it.", nil),
        ThinkingCase("<thinker>B</thinker>", "<thinker>B</thinker>", nil),
        ThinkingCase("analysis of the text: B", "analysis of the text: B", nil),
        // gpt-oss behind a server without a parser for its format.
        ThinkingCase(
            "<|channel|>analysis<|message|>Answer: A?<|end|><|start|>assistant<|channel|>final<|message|>Answer: B"
                + "<|return|>", "Answer: B", "Answer: A?"),
        ThinkingCase("<|channel|>analysis<|message|>Answer: A?", "", "Answer: A?"),
        ThinkingCase("<|channel|>final<|message|>B", "B", nil),
        ThinkingCase("analysisWe need \"four\".assistantfinalfour", "four", "We need \"four\"."),
    ]
}

struct ThinkingTextTests {
    @Test("thinking is told from the answer by the marks of models in use", arguments: ThinkingCase.usual)
    func usualMarks(_ example: ThinkingCase) {
        let text = ThinkingText(example.text, marks: .usual, isCutOff: false)
        #expect(text.answer == example.answer)
        #expect(text.thinking == example.thinking)
    }

    @Test(
        "calls of tools in gpt-oss's format are calls, and neither answer nor thinking",
        arguments: [
            ("<|start|>assistant<|channel|>commentary to=functions.f<|message|>{}<|call|>", nil),
            (
                "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.f "
                    + "<|constrain|>json<|message|>{}<|call|>", "Hm."
            ),
            // With the recipient in the place of the role.
            (
                "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant to=functions.f<|channel|>commentary json"
                    + "<|message|>{}", "Hm."
            ),
            // Without special tokens, as vLLM and llama.cpp have passed it on.
            ("analysisHm.assistantcommentary to=functions.f json{}", "Hm."),
            ("analysisHm.assistantcommentary to=functions.fjson{}", "Hm."),
            ("commentary to=functions.f json{}", nil),
        ])
    func harmonyCalls(text: String, thinking: String?) {
        let split = ThinkingText(text, marks: .usual, isCutOff: false)
        #expect(split.calls.map(\.name) == ["f"])
        #expect(split.calls.map(\.arguments) == ["{}"])
        #expect(split.answer == "")
        #expect(split.thinking == thinking)
    }

    @Test("a message in gpt-oss's commentary without a recipient is not a call, and an answer may follow a call")
    func harmonyCommentary() {
        let preamble = ThinkingText(
            "<|channel|>commentary<|message|>I will look.<|end|><|start|>assistant<|channel|>final<|message|>B",
            marks: .usual, isCutOff: false)
        #expect(preamble == ThinkingText("<think>I will look.</think>B", marks: .usual, isCutOff: false))
        let both = ThinkingText(
            "analysisHm.assistantcommentary to=browser.search code{\"query\": \"x\"}assistantanalysisSo.assistantfinalB",
            marks: .usual, isCutOff: false)
        #expect(both.answer == "B")
        #expect(both.calls.map(\.name) == ["browser.search"])
        #expect(both.calls.first?.arguments == "{\"query\": \"x\"}")
    }

    @Test("marks that a configuration names count alone")
    func ownMarks() {
        func split(_ text: String, isCutOff: Bool = false) -> [String?] {
            let text = ThinkingText(text, marks: .closing(["</plan>", "END OF THOUGHT"]), isCutOff: isCutOff)
            return [text.answer, text.thinking]
        }
        #expect(split("<plan>a</plan>b") == ["b", "a"])
        #expect(split("a END OF THOUGHT b") == ["b", "a"])
        #expect(split("<think>a</think>b") == ["<think>a</think>b", nil])
        #expect(split("<plan>a") == ["", "a"])
        #expect(split("b") == ["b", nil])
        // Who names marks has a model that thinks first: what is cut off before them is thinking.
        #expect(split("a, then", isCutOff: true) == ["", "a, then"])
    }

    @Test("a text is left as it stands where that is configured")
    func noMarks() {
        let text = "<think>a</think>b"
        #expect(ThinkingText(text, marks: .none, isCutOff: false).answer == text)
    }
}
