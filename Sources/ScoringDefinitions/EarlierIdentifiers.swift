public import JSON

/// Identifiers that Llama Stack's scoring functions had before January 2025. A function that is asked for by such an
/// identifier keeps it in the results, where clients look for it.
extension DefinitionCatalog {
    /// The function that an earlier identifier stands for, under that identifier; nil if it is not one.
    ///
    /// `meta-reference::NAME` became `basic::NAME` or `llm-as-judge::NAME`, and `llm_as_judge_NAME` became `NAME`.
    func functionOfEarlier(_ identifier: String) -> ScoringFunction? {
        let judgePrefix = "llm_as_judge_"
        var names: [String] = []
        if let name = tail(of: identifier, after: "meta-reference::") {
            if name == "llm_as_judge_8b_correctness" { return eightBillionCorrectness(identifier) }
            names.append("basic::" + name)
            if let judge = tail(of: name, after: judgePrefix) { names.append("llm-as-judge::" + judge) }
        } else {
            // The spelling of a scorer's name, too: `llm-as-judge-base`.
            for prefix in [judgePrefix, "llm-as-judge-"] {
                if let name = tail(of: identifier, after: "llm-as-judge::" + prefix) {
                    names.append("llm-as-judge::" + name)
                }
            }
        }
        for name in names {
            // Underscores became hyphens in the names of judges.
            let hyphenated = name.split(separator: "_", omittingEmptySubsequences: false).joined(separator: "-")
            if let function = self[name] ?? self[hyphenated] { return function.renamed(identifier) }
        }
        return nil
    }

    /// The judge of October 2024, which grades an answer from 0 to 5 with a model of eight billion parameters.
    private func eightBillionCorrectness(_ identifier: String) -> ScoringFunction? {
        guard let base = self["llm-as-judge::base"] else { return nil }
        var function = try? base.overriding(with: JSONObject.gradeFromZeroToFive)
            .renamed(
                identifier,
                description:
                    "How well generated_answer answers input_query, from 0 to 5, judged against expected_answer.")
        function?.usualJudgeModel = "Llama3.1-8B-Instruct"
        return function
    }
}

extension JSONObject {
    /// The parameters of a judge on the scale of the first version of the evaluation API, 0 to 5. Its replies have the
    /// form `Total rating: 4`.
    public static let gradeFromZeroToFive: JSONObject = [
        "prompt_template": .string(
            """
            You are given a question, its reference answer and the answer of a system. Rate how well the system's answer \
            answers the question, compared with the reference answer, which is right.

            0: no answer to the question, or nothing in it is right
            1: mostly wrong
            2: partly right, but with serious errors
            3: right in part, and incomplete
            4: right, with small gaps
            5: right and complete

            Question: {input_query}
            Reference answer: {expected_answer}
            Answer of the system: {generated_answer}

            Explain your rating in one or two sentences, and end with a line of the form "Total rating: N", where N is an \
            integer from 0 to 5.
            """),
        "judge_score_regexes": ["Total rating: (\\d+)", "rating: (\\d+)", "Rating: (\\d+)"],
        "score_range": [0, 5],
        "aggregation_functions": ["average"],
    ]
}

extension ScoringFunction {
    fileprivate func renamed(_ identifier: String, description: String? = nil) -> ScoringFunction {
        ScoringFunction(
            identifier: identifier, providerID: providerID, providerResourceID: providerResourceID,
            description: description ?? self.description, metadata: metadata, returnType: returnType, params: params,
            aggregationFunctions: aggregationFunctions, origin: origin)
    }
}

/// What follows a prefix; nil if the text is not longer, or starts with something else.
private func tail(of text: String, after prefix: String) -> String? {
    let bytes = text.utf8
    guard bytes.count > prefix.utf8.count, bytes.starts(with: prefix.utf8) else { return nil }
    return String(Substring(bytes.dropFirst(prefix.utf8.count)))
}
