import JSON
import ScorerKit
import ScorerParameters

/// Functions that compare answers by embeddings, and one that moderates them.
enum Answers {
    /// How similar two answers are by their embeddings.
    struct Similarity: ModelFunction {
        static let id = "answer-similarity"
        static let summary = "how similar both answers are, by the cosine of their embeddings"
        static let columns = ["generated_answer", "expected_answer"]
        static let asksJudge = false
        static let embeds = true

        init(_ parameters: inout Configuration) throws(ParameterRejection) {}

        func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue {
            .embed([row["generated_answer"], row["expected_answer"]]) { vectors throws(RowFault) in
                .score(settings.similarity(vectors[0], vectors[1]))
            }
        }
    }

    /// The same, with a text in front of both.
    struct EmbeddingSimilarity: ModelFunction {
        static let id = "embedding-similarity"
        static let summary = "how similar both answers are, by the cosine of their embeddings"
        static let columns = ["generated_answer", "expected_answer"]
        static let asksJudge = false
        static let embeds = true
        static let ownParameters = #""prefix": {"type": "string"}"#

        private let prefix: String

        init(_ parameters: inout Configuration) throws(ParameterRejection) {
            prefix = try parameters.text("prefix") ?? ""
        }

        func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue {
            .embed([prefix + row["generated_answer"], prefix + row["expected_answer"]]) { vectors throws(RowFault) in
                .score(settings.similarity(vectors[0], vectors[1]))
            }
        }
    }

    /// How many statements of the answer are right, and how similar it is.
    struct Correctness: ModelFunction {
        static let id = "answer-correctness"
        static let summary = "F1 of the answer's statements against those of the expected answer, and their similarity"
        static let columns = ["input_query", "generated_answer", "expected_answer"]
        static let embeds = true
        static let ownParameters =
            #""factuality_weight": {"type": "number", "minimum": 0}, "answer_similarity_weight": {"type": "number", "minimum": 0}"#
        static let templates: [(name: String, text: String)] = [
            (
                "prompt_template",
                """
                Compare an answer to a question with the right answer, statement by statement. Sort the statements of both:
                TP: statements of the answer that the right answer supports;
                FP: statements of the answer that the right answer does not support;
                FN: statements of the right answer that the answer does not have.
                Each statement belongs to one of the three lists.

                <question>
                {input_query}
                </question>

                <answer>
                {generated_answer}
                </answer>

                <right_answer>
                {expected_answer}
                </right_answer>
                """
            )
        ]

        private static let tool = Tool(
            name: "classify_statements", description: "Sort the statements of both answers.",
            members: [
                "TP": ["type": "array", "items": ["type": "string"]],
                "FP": ["type": "array", "items": ["type": "string"]],
                "FN": ["type": "array", "items": ["type": "string"]],
            ])

        private let factuality: Double
        private let similarity: Double

        init(_ parameters: inout Configuration) throws(ParameterRejection) {
            func weight(_ name: String, _ usual: Double) throws(ParameterRejection) -> Double {
                try parameters.number(name, expected: "a number of at least 0") { $0 >= 0 }?.double ?? usual
            }
            factuality = try weight("factuality_weight", 0.75)
            similarity = try weight("answer_similarity_weight", 0.25)
            if factuality + similarity == 0 {
                throw ParameterRejection(
                    of: "factuality_weight", "is 0, and so is answer_similarity_weight; expected one of them above 0")
            }
        }

        func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue {
            return try .ask(Self.tool, about: row, settings) { reply throws(RowFault) in
                let right = Double(try reply.list("TP").count)
                let wrong = Double(try reply.list("FP").count + reply.list("FN").count)
                if right + wrong == 0 { throw RowFault(.unparsed, "the model sorted no statement") }
                let f1 = right / (right + wrong / 2)
                var metadata = reply
                metadata["factuality"] = JSONValue(f1)
                if similarity == 0 { return .score(f1, metadata: metadata) }
                return .embed([row["generated_answer"], row["expected_answer"]]) { vectors throws(RowFault) in
                    let similar = settings.similarity(vectors[0], vectors[1])
                    var metadata = metadata
                    metadata["answer_similarity"] = JSONValue(similar)
                    return .score(
                        (factuality * f1 + similarity * similar) / (factuality + similarity), metadata: metadata)
                }
            }
        }
    }

    /// Whether questions that the answer answers are like the one that was asked.
    struct Relevancy: ModelFunction {
        static let id = "answer-relevancy"
        static let summary = "how similar the question is to questions that a model makes from the answer"
        static let columns = ["input_query", "generated_answer", "context"]
        static let embeds = true
        static let temperature = 0.5
        static let ownParameters = #""strictness": {"type": "integer", "minimum": 1, "maximum": 20}"#
        static let templates: [(name: String, text: String)] = [
            (
                "prompt_template",
                """
                Write the question that an answer answers, given the context in which it was written. Also say whether the answer is \
                noncommittal: 1 if it evades the question, such as "I do not know", otherwise 0.

                <answer>
                {generated_answer}
                </answer>

                <context>
                {context}
                </context>
                """
            )
        ]

        private static let tool = Tool(
            name: "generate_question", description: "State the question, and whether the answer is noncommittal.",
            members: ["question": ["type": "string"], "noncommittal": ["type": "integer", "enum": [0, 1]]])

        private let strictness: Int

        init(_ parameters: inout Configuration) throws(ParameterRejection) {
            strictness = try parameters.integer("strictness", in: 1...20) ?? 3
        }

        func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue {
            _ = try row.context()
            let prompt = try settings.prompt("prompt_template") { row[$0] }
            let requests = (0..<strictness).map { ToolRequest(prompt: prompt, tool: Self.tool, sample: $0) }
            return .ask(requests) { replies throws(RowFault) in
                var questions: [String] = []
                var isNoncommittal = false
                for reply in replies {
                    questions.append(try reply.required("question", "a string", \.string))
                    if try reply.verdict("noncommittal") != 0 { isNoncommittal = true }
                }
                let metadata: JSONObject = ["questions": .array(replies.map(JSONValue.object))]
                if isNoncommittal { return .score(0, metadata: metadata) }
                return .embed([row["input_query"]] + questions) { vectors throws(RowFault) in
                    let similarities = vectors.dropFirst().map { settings.similarity($0, vectors[0]) }
                    let sum = similarities.reduce(0, +)
                    return .score(min(1, sum / Double(similarities.count)), metadata: metadata)
                }
            }
        }
    }

    /// Whether a moderation model lets an answer pass.
    struct Moderation: ModelFunction {
        static let id = "moderation"
        static let summary = "1 if a moderation model does not flag the answer"
        static let columns = ["generated_answer"]
        static let asksJudge = false
        static let moderates = true
        static let ownParameters =
            #""moderation_model": {"type": "string", "minLength": 1}, "threshold": {"type": "number"}"#

        private let threshold: Double?

        init(_ parameters: inout Configuration) throws(ParameterRejection) {
            parameters.skip("moderation_model")
            threshold = try parameters.number("threshold")?.double
        }

        func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue {
            .moderate(row["generated_answer"]) { result throws(RowFault) in
                var metadata: JSONObject = [:]
                metadata["flagged"] = result["flagged"]
                metadata["category_scores"] = result["category_scores"]
                guard let threshold else {
                    let isFlagged = try result.verdict("flagged")
                    return .score(isFlagged == 0 ? 1 : 0, metadata: metadata)
                }
                let scores = try result.required("category_scores", "an object", \.object)
                var isExceeded = false
                for category in scores.keys where try scores.verdict(category) > threshold { isExceeded = true }
                return .score(isExceeded ? 0 : 1, metadata: metadata)
            }
        }
    }
}
