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
        let inputs = parameters.prompt.columns.flatMap { column -> [ScorerDeclaration.Column] in
            [
                column.isOptional
                    ? .optional(column.name, .json, "an image for the prompt")
                    : .required(column.name, .json, "inserted into the prompt"),
                .optional(column.name, .text, "the same, as a string, number or boolean", isLenient: true),
            ]
        }
        declaration = Self.declare(
            inputs: inputs, scores: parameters.reader.type, roles: roles,
            hasVotes: roles.count * parameters.votes > 1 || parameters.swap != nil, hasOrders: parameters.swap != nil,
            hasProbabilities: parameters.choices != nil, fields: parameters.fields?.fields ?? [])
    }

    private static func declare(
        inputs: [ScorerDeclaration.Column], scores: ScoreType, roles: [String], hasVotes: Bool, hasOrders: Bool = false,
        hasProbabilities: Bool = false, fields: [ScoreField] = []
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
        if hasOrders {
            outputs.append(.output("orders", .json, "who wins in each order of the two answers: A, B or tie"))
        }
        if hasProbabilities {
            outputs.append(
                .output(
                    "probabilities", .json, "the probability of each choice among the alternatives for the first token",
                    isOptional: true))
        }
        outputs += fields.map { field in
            .score(
                field.name, field.reader.type.cellType, field.description ?? "a score in the reply",
                range: field.reader.type.range)
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
        static let orders = 5
    }

    /// The index of the output "probabilities", which comes after those of votes.
    private var probabilitiesOutput: Int { votesPerRow > 1 ? Output.votes + 1 : Output.spread }

    /// The index of the first of several scores, which come last; there are no orders and probabilities beside them.
    private var firstFieldOutput: Int { votesPerRow > 1 ? Output.votes + 1 : Output.spread }

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

    /// The votes on one order of the answers, of which there is one without a swap.
    private var votesPerOrder: Int { roles.count * parameters.votes }

    private var votesPerRow: Int { votesPerOrder * (parameters.swap == nil ? 1 : 2) }

    /// The order, the role and the sample of a vote.
    private func place(_ vote: Int) -> (isExchanged: Bool, role: String, sample: Int) {
        let own = vote % votesPerOrder
        return (vote >= votesPerOrder, roles[own / parameters.votes], own % parameters.votes)
    }

    private func ordered(_ values: [UnsafeRawBufferPointer?], isExchanged: Bool) -> [UnsafeRawBufferPointer?] {
        isExchanged ? parameters.swap?.exchanged(values) ?? values : values
    }

    func start(_ rows: Rows, _ results: Results, _ models: Models) -> Conversations {
        var open = Array(repeating: votesPerRow, count: rows.count)
        for row in 0..<rows.count {
            do throws(RowFault) {
                try ask(about: row, values(of: row, rows), models)
            } catch {
                results.fail(row, error.outcome, error.message)
                open[row] = 0
            }
        }
        return Conversations(
            pending: Array(repeating: PendingVote(), count: rows.count * votesPerRow),
            open: open)
    }

    private func ask(about row: Int, _ values: [UnsafeRawBufferPointer?], _ models: Models) throws(RowFault) {
        let size = parameters.prompt.size(withValuesOf: values.map { $0?.count ?? 0 })
        if let fault = promptFault(size) { throw RowFault(.inputError, fault) }
        var messages: [String] = []
        for isExchanged in [false, true].prefix(votesPerRow / votesPerOrder) {
            messages.append(try parameters.prompt.messages(ordered(values, isExchanged: isExchanged)))
        }
        for index in 0..<votesPerRow {
            let place = place(index)
            models.ask(
                tag: UInt64(row * votesPerRow + index), role: place.role,
                request: parameters.request.body(messages[place.isExchanged ? 1 : 0], sample: place.sample),
                sample: place.sample)
        }
    }

    /// The request to repeat a reply that could not be read: the same one with a higher limit, if its reply was cut off at the
    /// limit; else the conversation, and what was wrong.
    private func requestAgain(
        _ reply: ModelReply, _ completion: Completion, _ reason: String, _ values: [UnsafeRawBufferPointer?],
        _ place: (isExchanged: Bool, role: String, sample: Int)
    ) throws(RowFault) -> String {
        let values = ordered(values, isExchanged: place.isExchanged)
        let expectation =
            parameters.choices?.expectation ?? parameters.fields?.expectation ?? parameters.reader.expectation
        let correction = "Your reply could not be read: \(reason). Reply again, with only \(expectation)"
        if completion.cutOff == .length && parameters.choices == nil && parameters.request.canBeLonger {
            return parameters.request.body(try parameters.prompt.messages(values), sample: place.sample, isLonger: true)
        }
        // Servers reject a message without text.
        if reply.text.trimmed.isEmpty {
            return parameters.request.body(
                try parameters.prompt.messages(values, more: "\n\n\(correction)"), sample: place.sample)
        }
        return parameters.request.body(
            try parameters.prompt.messages(values) + JudgeRequest.turns(reply: reply.text, correction: correction),
            sample: place.sample)
    }

    /// Why no model is asked about a row with a prompt of `size` bytes; nil where one is. All votes of a row together may have
    /// four times as much as one of them.
    private func promptFault(_ size: Int) -> String? {
        let limit = parameters.promptSize
        if size > limit { return PromptTemplate.fault(size: size, limit: limit) }
        guard size * votesPerRow > 4 * limit else { return nil }
        return
            "the \(votesPerRow) prompts of the row have \(PromptTemplate.text(size * votesPerRow)) in total; the limit is "
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
            vote = read(reply, completion, quoting: values.compactMap(\.self), results)
            if let reason = vote.unreadReason {
                if parameters.asksAgain && earlier == nil,
                    let request = try? requestAgain(reply, completion, reason, values, place(index))
                {
                    conversations.pending[tag].first = (reply.text, completion.reasoning)
                    let place = place(index)
                    models.ask(tag: reply.tag, role: place.role, request: request, sample: place.sample)
                    return
                }
                let start = reply.text.shortened
                if !start.isEmpty, case .unscored(.unparsed, let reason) = vote.verdict {
                    vote.verdict = .unscored(.unparsed, "\(reason); the reply: \"\(start)\"")
                }
            }
        }
        if let swap = parameters.swap, place(index).isExchanged { vote.verdict = swap.named(vote.verdict) }
        conversations.pending[tag] = PendingVote(vote: vote)
        conversations.open[row] -= 1
        guard conversations.open[row] == 0 else { return }
        let pending = row * votesPerRow..<(row + 1) * votesPerRow
        finish(row, conversations.pending[pending].compactMap(\.vote), results)
        // The replies of finished rows need not be kept.
        for ballot in pending { conversations.pending[ballot] = PendingVote() }
    }

    private func read(
        _ reply: ModelReply, _ completion: Completion, quoting values: [UnsafeRawBufferPointer], _ results: Results
    ) -> Vote {
        var vote = Vote(
            verdict: .unscored(.unparsed, ""), feedback: reply.text, reasoning: completion.reasoning)
        // What a model says where it refuses is not a verdict, whatever numbers are in it.
        if completion.isRefusal {
            vote.verdict = .unscored(.unparsed, "the model refused to judge the row (ask another judge_model)")
            vote.fields = parameters.fields?.fields.map { _ in vote.verdict } ?? []
            return vote
        }
        if let fields = parameters.fields {
            vote.fields = fields.fields.map { read(reply.text, completion, with: $0.reader, quoting: values, results) }
            vote.verdict = fields.score(vote.fields)
            return vote
        }
        guard let choices = parameters.choices else {
            vote.verdict = read(reply.text, completion, with: parameters.reader, quoting: values, results)
            return vote
        }
        let (reading, probabilities) = choices.read(reply.response, text: reply.text)
        switch reading {
        case .score(let score): (vote.verdict, vote.probabilities) = (.score(score), probabilities)
        case .nothing(let reason):
            let isEmpty = reply.text.trimmed.isEmpty
            let explained = completion.explaining(isEmpty ? "the reply is empty" : reason, isEmpty: isEmpty)
            vote.verdict = .unscored(.unparsed, explained)
        }
        return vote
    }

    private func read(
        _ reply: String, _ completion: Completion, with reader: ScoreReader, quoting values: [UnsafeRawBufferPointer],
        _ results: Results
    ) -> Verdict {
        scratches.withScratch(for: results) { scratch in
            scratch.beginRow()
            do throws(MatchError) {
                switch try reader.read(reply, quoting: values, cutOff: completion.cutOff, using: &scratch) {
                case .score(let score): return .score(score)
                case .nothing(let reason):
                    return .unscored(.unparsed, completion.explaining(reason, isEmpty: reply.trimmed.isEmpty))
                }
            } catch {
                return .unscored(.scorerError, "\(error)")
            }
        }
    }

    /// The values that the prompt inserts: the texts of a row, by column; nil where it has none.
    private func values(of row: Int, _ rows: Rows) -> [UnsafeRawBufferPointer?] {
        parameters.prompt.columns.indices.map { column in
            let texts = rows.texts(2 * column + 1)
            if texts.hasValue(row) { return texts[row] }
            let json = rows.texts(2 * column)
            return json.hasValue(row) ? json[row] : nil
        }
    }

    // MARK: Results

    private func finish(_ row: Int, _ votes: [Vote], _ results: Results) {
        var decision = decide(votes[..<votesPerOrder])
        if let fields = parameters.fields {
            decision.verdict = emit(fields, votes, results, row) ?? decision.verdict
        }
        if let swap = parameters.swap {
            let exchanged = decide(votes[votesPerOrder...]).verdict
            results.emit(
                swap.json(decision.verdict, exchanged).text, output: Output.orders, row: row, as: .json)
            decision.verdict = swap.reduced(decision.verdict, exchanged)
            decision.spread = nil
        }
        if votes.count > 1 {
            let list = votes.enumerated().map { index, vote in
                vote.json(
                    model: parameters.panel?[index % votesPerOrder / parameters.votes],
                    order: parameters.swap == nil ? nil : index < votesPerOrder ? "AB" : "BA",
                    names: parameters.fields?.fields.map(\.name) ?? [])
            }
            results.emit(JSONValue.array(list).text, output: Output.votes, row: row, as: .json)
        }
        if let feedback = decision.feedback { results.emit(feedback, output: Output.feedback, row: row) }
        if let reasoning = decision.reasoning { results.emit(reasoning, output: Output.reasoning, row: row) }
        if let spread = decision.spread { results.emit(spread, output: Output.spread, row: row) }
        if let probabilities = decision.probabilities {
            results.emit(probabilities.text, output: probabilitiesOutput, row: row, as: .json)
        }
        switch decision.verdict {
        case .score(let score): emit(score, parameters.reader.type, output: Output.score, row, results)
        case .unscored(let outcome, let reason): results.fail(row, outcome, reason)
        }
    }

    /// The verdict of the votes on one order.
    private func decide(_ votes: ArraySlice<Vote>) -> VoteReduction.Decision {
        votes.count == 1
            ? VoteReduction.Decision(
                votes.first?.verdict ?? .unscored(.scorerError, "there are no votes"), spread: nil, by: votes.first)
            : parameters.reduction.decide(Array(votes))
    }

    /// Emits the scores of a reply, each decided by its own votes.
    ///
    /// - Returns: the score of the row; nil if that is decided by the votes as a whole.
    private func emit(_ fields: ScoreFields, _ votes: [Vote], _ results: Results, _ row: Int) -> Verdict? {
        let verdicts = fields.fields.indices.map { index -> Verdict in
            decide(
                votes.map { vote in
                    var own = vote
                    // A failed request has no scores at all.
                    own.verdict = vote.fields.isEmpty ? vote.verdict : vote.fields[index]
                    return own
                }[...]
            ).verdict
        }
        for (index, verdict) in verdicts.enumerated() {
            guard case .score(let score) = verdict else { continue }
            emit(score, fields.fields[index].reader.type, output: firstFieldOutput + index, row, results)
        }
        return votes.count == 1 ? nil : fields.score(verdicts)
    }

    private func emit(_ score: JSONValue, _ type: ScoreType, output: Int, _ row: Int, _ results: Results) {
        switch (type.cellType, score) {
        case (.f64, .number(let number)): results.emit(number.double, output: output, row: row)
        case (.bool, .bool(let truth)): results.emit(truth, output: output, row: row)
        case (.text, .string(let text)): results.emit(text, output: output, row: row)
        default: results.emit(score.text, output: output, row: row, as: .json)
        }
    }
}
