import JSON
import Patterns
import PromptTemplates
import ScorerKit
import ScorerParameters

/// Asks one or more models about each row and reads the score from their replies.
struct LanguageModelJudge: ModelScorer {
    static let declaration = declare(inputs: [], scores: .json, roles: ["judge"], hasVotes: false)

    let declaration: ScorerDeclaration
    private let parameters: JudgeParameters
    /// The roles of the models, each asked `parameters.votes` times.
    private let roles: [String]
    private let scratches = ScratchPool()

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        parameters = try JudgeParameters(configuration)
        roles = parameters.panel.map { panel in panel.indices.map { "judge/\($0 + 1)" } } ?? ["judge"]
        // A value is bound as JSON, so that a row without it does not get here, and as text, which is inserted in the
        // prompt; for an array or object, which is not text, the JSON is inserted.
        let inputs = parameters.template.columns.flatMap { column -> [ScorerDeclaration.Column] in
            [
                .required(column, .json, "inserted into the prompt"),
                .optional(column, .text, "the same, as a string, number or boolean", isLenient: true),
            ]
        }
        declaration = Self.declare(
            inputs: inputs, scores: parameters.reader.type, roles: roles,
            hasVotes: roles.count * parameters.votes > 1)
    }

    private static func declare(
        inputs: [ScorerDeclaration.Column], scores: ScoreType, roles: [String], hasVotes: Bool
    ) -> ScorerDeclaration {
        var outputs: [ScorerDeclaration.Column] = [
            .output("score", scores.cellType, "the score in the reply", range: scores.range),
            .output("judge_feedback", .text, "the reply"),
            .output("reasoning", .text, "the model's thinking before its reply", isOptional: true),
        ]
        if hasVotes {
            outputs += [
                .output(
                    "spread", .f64,
                    "the standard deviation of the votes; for a majority, the share of the votes against it"),
                .output("votes", .json, "each model's score and reply, or the reason why it has none"),
            ]
        }
        return ScorerDeclaration(
            id: "llm-as-judge",
            description: "a score from a language model's reply to prompt_template",
            inputs: inputs, outputs: outputs, roles: roles, parametersSchema: JudgeParameters.schema)
    }

    private enum Output {
        static let score = 0
        static let feedback = 1
        static let reasoning = 2
        static let spread = 3
        static let votes = 4
    }

    // MARK: Conversations

    /// The votes of a batch; those of one row are consecutive.
    struct Conversations {
        fileprivate var pending: [PendingVote]
        /// The number of votes that each row is still waiting for.
        fileprivate var open: [Int]
    }

    /// A vote that is being cast.
    fileprivate struct PendingVote {
        var vote: Vote?
        /// If the model was asked again: the reply that could not be read, and its reasoning.
        var first: (reply: String, reasoning: String?)?
    }

    private var votesPerRow: Int { roles.count * parameters.votes }

    func start(_ rows: Rows, _ results: Results, _ models: Models) -> Conversations {
        var open = Array(repeating: votesPerRow, count: rows.count)
        for row in 0..<rows.count {
            let values = values(of: row, rows)
            let size = parameters.template.size(withValuesOf: values.map(\.count))
            if let fault = promptFault(size) {
                results.fail(row, .inputError, fault)
                open[row] = 0
                continue
            }
            let prompt = parameters.template.rendered(values)
            for index in 0..<votesPerRow {
                let sample = index % parameters.votes
                models.ask(
                    tag: UInt64(row * votesPerRow + index), role: roles[index / parameters.votes],
                    request: parameters.request.body(prompt, sample: sample), sample: sample)
            }
        }
        return Conversations(
            pending: Array(repeating: PendingVote(), count: rows.count * votesPerRow),
            open: open)
    }

    /// Why no model is asked about a row with a prompt of `size` bytes; nil where one is. All votes of a row together may have
    /// four times as much as one of them.
    private func promptFault(_ size: Int) -> String? {
        let limit = parameters.promptSize
        if size > limit { return PromptTemplate.fault(size: size, limit: limit) }
        guard size * votesPerRow > 4 * limit else { return nil }
        return
            "its \(votesPerRow) prompts would have \(PromptTemplate.text(size * votesPerRow)); those of a row may have "
            + "\(PromptTemplate.text(4 * limit)) (--max-prompt-size)"
    }

    func receive(
        _ reply: ModelReply, _ conversations: inout Conversations, _ rows: Rows, _ results: Results, _ models: Models
    ) {
        let tag = Int(reply.tag)
        let (row, index) = tag.quotientAndRemainder(dividingBy: votesPerRow)
        let earlier = conversations.pending[tag].first
        var vote: Vote
        if let failure = reply.failure {
            vote = Vote(
                verdict: .unscored(failure, reply.text), feedback: earlier?.reply, reasoning: earlier?.reasoning)
        } else {
            let values = values(of: row, rows)
            let completion = Completion(reply)
            vote = Vote(
                verdict: read(reply.text, completion, quoting: values, results), feedback: reply.text,
                reasoning: completion.reasoning)
            if case .unscored(.unparsed, let reason) = vote.verdict {
                if parameters.asksAgain && earlier == nil {
                    conversations.pending[tag].first = (reply.text, completion.reasoning)
                    models.ask(
                        tag: reply.tag, role: roles[index / parameters.votes],
                        request: parameters.request.body(
                            parameters.template.rendered(values), sample: index % parameters.votes, reply: reply.text,
                            correction: "Your reply could not be read: \(reason). Reply again, with only "
                                + parameters.reader.expectation, isCutOff: completion.cutOff == .length),
                        sample: index % parameters.votes)
                    return
                }
                let start = reply.text.shortened
                if !start.isEmpty {
                    vote.verdict = .unscored(.unparsed, "\(reason); the reply: \"\(start)\"")
                }
            }
        }
        conversations.pending[tag] = PendingVote(vote: vote)
        conversations.open[row] -= 1
        guard conversations.open[row] == 0 else { return }
        let pending = row * votesPerRow..<(row + 1) * votesPerRow
        finish(row, conversations.pending[pending].compactMap(\.vote), results)
        // The replies of finished rows need not be kept.
        for ballot in pending { conversations.pending[ballot] = PendingVote() }
    }

    private func read(
        _ reply: String, _ completion: Completion, quoting values: [UnsafeRawBufferPointer], _ results: Results
    ) -> Verdict {
        // What a model says where it refuses is not a verdict, whatever numbers are in it.
        if completion.isRefusal {
            return .unscored(.unparsed, "the model refused to judge the row (ask another judge_model)")
        }
        return scratches.withScratch(for: results) { scratch in
            scratch.beginRow()
            do throws(MatchError) {
                switch try parameters.reader.read(
                    reply, quoting: values, cutOff: completion.cutOff, using: &scratch)
                {
                case .score(let score): return .score(score)
                case .nothing(let reason):
                    return .unscored(.unparsed, completion.explaining(reason, isEmpty: reply.trimmed.isEmpty))
                }
            } catch {
                return .unscored(.scorerError, "\(error)")
            }
        }
    }

    /// The values that the template inserts: the texts of a row, by column.
    private func values(of row: Int, _ rows: Rows) -> [UnsafeRawBufferPointer] {
        parameters.template.columns.indices.map { column in
            let texts = rows.texts(2 * column + 1)
            return texts.hasValue(row) ? texts[row] : rows.texts(2 * column)[row]
        }
    }

    // MARK: Results

    private func finish(_ row: Int, _ votes: [Vote], _ results: Results) {
        var decision = VoteReduction.Decision(votes[0].verdict, spread: nil, by: votes[0])
        if votes.count > 1 {
            decision = parameters.reduction.decide(votes)
            let list = votes.enumerated().map { index, vote in
                vote.json(model: parameters.panel?[index / parameters.votes])
            }
            results.emit(JSONValue.array(list).text, output: Output.votes, row: row, as: .json)
        }
        if let feedback = decision.feedback { results.emit(feedback, output: Output.feedback, row: row) }
        if let reasoning = decision.reasoning { results.emit(reasoning, output: Output.reasoning, row: row) }
        if let spread = decision.spread { results.emit(spread, output: Output.spread, row: row) }
        switch decision.verdict {
        case .score(let score): emit(score, row, results)
        case .unscored(let outcome, let reason): results.fail(row, outcome, reason)
        }
    }

    private func emit(_ score: JSONValue, _ row: Int, _ results: Results) {
        switch (parameters.reader.type.cellType, score) {
        case (.f64, .number(let number)): results.emit(number.double, output: Output.score, row: row)
        case (.bool, .bool(let truth)): results.emit(truth, output: Output.score, row: row)
        case (.text, .string(let text)): results.emit(text, output: Output.score, row: row)
        default: results.emit(score.text, output: Output.score, row: row, as: .json)
        }
    }
}
