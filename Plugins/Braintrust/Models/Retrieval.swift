import JSON
import ScorerKit
import ScorerParameters

/// Functions that measure answers from retrieved texts (RAGAS).
enum Retrieval {
    /// Whether a context supports each statement of an answer.
    struct Faithfulness: ModelFunction {
        static let id = "faithfulness"
        static let summary = "the share of the answer's statements that the context supports"
        static let columns = ["input_query", "generated_answer", "context"]
        static let places: Set<String> = ["statements"]
        static let templates: [(name: String, text: String)] = [
            (
                "prompt_template",
                """
                Take an answer to a question apart into statements, each of which is one short sentence that can be understood \
                without the others: names instead of pronouns.

                <question>
                {input_query}
                </question>

                <answer>
                {generated_answer}
                </answer>
                """
            ),
            (
                "verdict_template",
                """
                Decide for each statement whether it follows from the context alone. Give a reason, and a verdict: 1 if it follows \
                from the context, otherwise 0.

                <context>
                {context}
                </context>

                <statements>
                {statements}
                </statements>
                """
            ),
        ]

        private static let extraction = Tool(
            name: "extract_statements", description: "List the statements of the answer.",
            members: ["statements": ["type": "array", "items": ["type": "string"]]])
        private static let verdicts = Tool(
            name: "judge_statements", description: "Judge each of the statements.",
            members: [
                "faithfulness": .items([
                    "statement": ["type": "string"], "reason": ["type": "string"],
                    "verdict": ["type": "integer", "enum": [0, 1]],
                ])
            ])

        init(_ parameters: inout Configuration) throws(ParameterRejection) {}

        func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue {
            _ = try row.context()
            return try .ask(Self.extraction, about: row, settings) { reply throws(RowFault) in
                let statements = try reply.texts("statements")
                if statements.isEmpty { throw RowFault(.unparsed, "the model found no statement in the answer") }
                let list = statements.map { "- \($0)" }.joined(separator: "\n")
                let prompt = try settings.prompt("verdict_template") { $0 == "statements" ? list : row[$0] }
                return .ask([ToolRequest(prompt: prompt, tool: Self.verdicts)]) { replies throws(RowFault) in
                    let judged = try replies[0].list("faithfulness")
                    return .score(
                        try mean(of: judged, "verdict"),
                        metadata: [
                            "statements": .array(statements.map(JSONValue.string)), "faithfulness": .array(judged),
                        ])
                }
            }
        }
    }

    /// Whether a context has what the expected answer states.
    struct ContextRecall: ModelFunction {
        static let id = "context-recall"
        static let summary = "the share of the expected answer's statements that the context supports"
        static let columns = ["input_query", "expected_answer", "context"]
        static let templates: [(name: String, text: String)] = [
            (
                "prompt_template",
                """
                Take the expected answer to a question apart into its statements. Decide for each of them whether it can be attributed \
                to the context: 1 if it can, otherwise 0. Give a reason.

                <question>
                {input_query}
                </question>

                <context>
                {context}
                </context>

                <expected_answer>
                {expected_answer}
                </expected_answer>
                """
            )
        ]

        private static let tool = Tool(
            name: "extract_statements", description: "List the statements, and whether the context has them.",
            members: [
                "statements": .items([
                    "statement": ["type": "string"], "reason": ["type": "string"],
                    "attributed": ["type": "integer", "enum": [0, 1]],
                ])
            ])

        init(_ parameters: inout Configuration) throws(ParameterRejection) {}

        func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue {
            _ = try row.context()
            return try .ask(Self.tool, about: row, settings) { reply throws(RowFault) in
                let statements = try reply.list("statements")
                return .score(try mean(of: statements, "attributed"), metadata: ["statements": .array(statements)])
            }
        }
    }

    /// Whether a context was useful.
    struct ContextPrecision: ModelFunction {
        static let id = "context-precision"
        static let summary = "1 if the context helps to arrive at the expected answer"
        static let columns = ["input_query", "expected_answer", "context"]
        static let templates: [(name: String, text: String)] = [
            (
                "prompt_template",
                """
                Decide whether a context is useful to arrive at the answer to a question. Give a reason, and a verdict: 1 if it is \
                useful, otherwise 0.

                <question>
                {input_query}
                </question>

                <context>
                {context}
                </context>

                <answer>
                {expected_answer}
                </answer>
                """
            )
        ]

        private static let tool = Tool(
            name: "verify", description: "Say whether the context was useful.",
            members: ["reason": ["type": "string"], "verdict": ["type": "integer", "enum": [0, 1]]])

        init(_ parameters: inout Configuration) throws(ParameterRejection) {}

        func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue {
            _ = try row.context()
            return try .ask(Self.tool, about: row, settings) { reply throws(RowFault) in
                .score(try reply.verdict("verdict"), metadata: reply)
            }
        }
    }

    /// How much of a context a question needs.
    struct ContextRelevancy: ModelFunction {
        static let id = "context-relevancy"
        static let summary = "the share of the context, in characters, that the question needs"
        static let columns = ["input_query", "context"]
        static let templates: [(name: String, text: String)] = [
            (
                "prompt_template",
                """
                Copy from the context those sentences that are needed to answer the question, unchanged. If none of them is, or if \
                the question cannot be answered from the context, copy none. Give the reasons for each sentence.

                <question>
                {input_query}
                </question>

                <context>
                {context}
                </context>
                """
            )
        ]

        private static let tool = Tool(
            name: "extract_sentences", description: "List the sentences of the context that are needed.",
            members: [
                "sentences": .items([
                    "sentence": ["type": "string"], "reasons": ["type": "array", "items": ["type": "string"]],
                ])
            ])

        init(_ parameters: inout Configuration) throws(ParameterRejection) {}

        func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue {
            let context = try row.context()
            return try .ask(Self.tool, about: row, settings) { reply throws(RowFault) in
                let sentences = try reply.list("sentences")
                var length = 0
                for sentence in sentences {
                    let text = try (sentence.object ?? [:]).required("sentence", "a string", \.string)
                    length += text.unicodeScalars.count
                }
                return .score(
                    min(1, Double(length) / Double(context.unicodeScalars.count)),
                    metadata: ["relevant_sentences": .array(sentences)])
            }
        }
    }

    /// Whether a context has the entities of the expected answer.
    struct ContextEntityRecall: ModelFunction {
        static let id = "context-entity-recall"
        static let summary =
            "how well the entities of the expected answer are among those of the context, by their embeddings"
        static let columns = ["expected_answer", "context"]
        static let places: Set<String> = ["text"]
        static let embeds = true
        static let templates: [(name: String, text: String)] = [
            (
                "prompt_template",
                """
                List the entities that a text names: people, places, organisations, dates, numbers, works and other things with a \
                name. List each of them once, as the text writes it.

                <text>
                {text}
                </text>
                """
            )
        ]

        private static let tool = Tool(
            name: "extract_entities", description: "List the entities of the text.",
            members: ["entities": ["type": "array", "items": ["type": "string"]]])

        init(_ parameters: inout Configuration) throws(ParameterRejection) {}

        func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue {
            let texts = [row["expected_answer"], try row.context()]
            var requests: [ToolRequest] = []
            for text in texts {
                let prompt = try settings.prompt("prompt_template") { $0 == "text" ? text : row[$0] }
                requests.append(ToolRequest(prompt: prompt, tool: Self.tool))
            }
            return .ask(requests) { replies throws(RowFault) in
                let (expected, found) = (try replies[0].texts("entities"), try replies[1].texts("entities"))
                let metadata: JSONObject = [
                    "expected_entities": .array(expected.map(JSONValue.string)),
                    "context_entities": .array(found.map(JSONValue.string)),
                ]
                if expected.isEmpty && found.isEmpty { return .score(1, metadata: metadata) }
                if expected.isEmpty || found.isEmpty { return .score(0, metadata: metadata) }
                guard max(expected.count, found.count) <= ListContains.mostElements else {
                    throw RowFault(
                        .unparsed,
                        "the model listed \(max(expected.count, found.count)) entities; at most "
                            + "\(ListContains.mostElements) can be paired")
                }
                return .embed(found + expected) { vectors throws(RowFault) in
                    let (own, others) = (vectors[..<found.count], vectors[found.count...])
                    let similarities = own.map { one in others.map { settings.similarity(one, $0) } }
                    let sum = Assignment.largestSum(similarities)
                    return .score(min(1, max(0, sum / Double(expected.count))), metadata: metadata)
                }
            }
        }
    }
}

/// The mean of a member of each element.
private func mean(of list: [JSONValue], _ member: String) throws(RowFault) -> Double {
    if list.isEmpty { throw RowFault(.unparsed, "the model judged no statement") }
    var sum = 0.0
    for element in list { sum += try (element.object ?? [:]).verdict(member) }
    return sum / Double(list.count)
}

extension JSONValue {
    /// The schema of an array of objects with such members, all of them required.
    fileprivate static func items(_ members: JSONObject) -> JSONValue {
        ["type": "array", "items": schema(ofObjectWith: members)]
    }
}
