import Datasets
import Inference
import JSON
import Patterns
import ScoringCore
import Synchronization

/// The rows of a generator as JSON Lines, each with its generated columns.
final class GeneratedRows: ByteSource {
    /// The counts of the rows so far.
    final class Tally: Sendable {
        private let state = Mutex(GenerationCounts())
        var counts: GenerationCounts { state.withLock { $0 } }

        fileprivate func count(_ body: (inout GenerationCounts) -> Void) { state.withLock { body(&$0) } }
    }

    private let generator: Generator
    private let extraction: AnswerExtraction?
    private let isAgent: Bool
    private let tally: Tally
    private var scratch = MatchScratch()
    private var lines: [UInt8] = []
    private var position = 0

    private static let rowsAtOnce = 64

    init(_ generator: Generator, _ extraction: AnswerExtraction?, isAgent: Bool, _ tally: Tally) {
        self.generator = generator
        self.isAgent = isAgent
        self.extraction = extraction
        self.tally = tally
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if position == lines.count {
            lines.removeAll(keepingCapacity: lines.count < 1 << 20)
            position = 0
            for entry in generator.take(Self.rowsAtOnce) { append(entry) }
            generator.release()
        }
        let count = min(buffer.count, lines.count - position)
        buffer.copyBytes(from: lines[position..<position + count])
        position += count
        return count
    }

    private func append(_ entry: Generator.Entry) {
        var members = entry.additions
        switch entry.content {
        case .asked: return
        case .unwanted:
            lines += skippedRow
            return
        case .unreadable:
            tally.count { $0.outcomes.add(.inputError) }
            lines += entry.line
            lines.append(UInt8(ascii: "\n"))
            return
        case .failed(let failure): fail(failure, &members)
        case .answered(let reply): answer(reply, &members)
        }
        lines.append(row: entry.line, adding: members)
    }

    private func fail(_ failure: GenerationFailure, _ members: inout JSONObject) {
        members[.generatedAnswer] = .null
        members[.generationError] = failure.json
        tally.count { $0.outcomes.add(failure.outcome) }
    }

    private func answer(_ reply: InferenceReply, _ members: inout JSONObject) {
        var answer: String? = reply.text
        let turn = isAgent ? AgentTurn(reply) : nil
        if let context = turn?.context { members[.context] = .string(context) }
        if let extraction {
            members[.generation] = .string(reply.text)
            do throws(MatchError) {
                answer = try extraction.answer(in: reply.text, using: &scratch)
            } catch {
                return fail(
                    GenerationFailure(outcome: .scorerError, message: "the answer was not extracted: \(error)"),
                    &members)
            }
        }
        // An answer that does not follow the format is wrong, not missing.
        members[.generatedAnswer] = .string(answer ?? "")
        if let reasoning = reply.reasoning { members[.reasoning] = .string(reasoning) }
        if let calls = reply.toolCalls.flatMap({ try? JSONValue(parsing: $0) }) { members[.toolCalls] = calls }
        let finish = turn.map { $0.finishReason == "length" ? FinishReason.length : .stop } ?? reply.finish
        if finish == .length || finish == .contentFilter { members[.finishReason] = .string(finish.rawValue) }
        // A tool call is an answer; an empty text after thinking or filtering is not.
        let isMissing = answer.map { $0.isEmpty && reply.toolCalls == nil } ?? true
        tally.count { counts in
            counts.outcomes.add(.scored)
            if isMissing { counts.withoutAnswer += 1 }
            if finish == .length { counts.truncated += 1 }
        }
    }
}

/// A row that is only counted.
private let skippedRow = Array("{\"\(skipColumn)\": true}\n".utf8)

/// The column that marks rows to skip.
let skipColumn = "generation_skipped"

extension JSONObject {
    fileprivate subscript(column: GeneratedColumn) -> JSONValue? {
        get { self[column.rawValue] }
        set { self[column.rawValue] = newValue }
    }
}

extension [UInt8] {
    /// Appends a line: a row, which is an object, with more members.
    mutating func append(row line: [UInt8], adding members: JSONObject) {
        let end = line.lastIndex(of: UInt8(ascii: "}")) ?? line.count
        self += line[..<end]
        let isEmpty = line[..<end].last { ![0x20, 0x09, 0x0D].contains($0) } == UInt8(ascii: "{")
        for (index, member) in members.members.enumerated() {
            if index > 0 || !isEmpty { self += ", ".utf8 }
            self += quoted(member.key).utf8
            self += ": ".utf8
            self += member.value.text.utf8
        }
        self += "}\n".utf8
    }
}
