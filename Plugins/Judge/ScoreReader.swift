import JSON
import Patterns

/// Reads the score of a reply: from a member of its JSON object, or from what the first of some regular expressions finds.
///
/// Only the reply is ever searched, never the prompt. What a row says can still come back in the reply, where the judge
/// quotes it. A match in a passage of at least 8 bytes that the reply repeats from one of the row's values is believed only
/// if no other match says something else, also once such passages are left out; if one does, nothing is read. A code block
/// among other words whose JSON is a passage of the row is not read either. So a value that imitates a score costs its row
/// the score, visibly, or nothing. Two things are not noticed: a quotation that is the only score of the reply, and a judge
/// that was persuaded.
struct ScoreReader: Sendable {
    enum Occurrence: String, CaseIterable, Sendable { case first, last }

    var type: ScoreType
    /// The member of a JSON reply that is the score; nil where replies are no JSON.
    var field: String?
    var patterns: PatternList
    var occurrence: Occurrence

    /// Reads a reply.
    ///
    /// - Parameter values: the row's values that its prompt holds.
    /// - Throws: where a regular expression runs into its limits.
    func read(
        _ reply: String, quoting values: [UnsafeRawBufferPointer], using scratch: inout MatchScratch
    ) throws(MatchError) -> Reading {
        if reply.trimmed.isEmpty { return .nothing("the reply is empty") }
        guard let field else { return try search(reply, quoting: values, using: &scratch) }
        switch JSONReply(in: reply, quoting: values) {
        case .object(let object, let text):
            guard let value = object[field] else { return .nothing("the reply's JSON object has no \"\(field)\"") }
            guard JSONReply.occurrences(of: field, inObject: text) == 1 else {
                return .nothing("the reply's JSON object has \"\(field)\" twice")
            }
            return type.score(from: value, field: field)
        case .unclear(let reason):
            return .nothing(reason)
        case .none:
            if !patterns.patterns.isEmpty { return try search(reply, quoting: values, using: &scratch) }
            return .nothing("the reply is no JSON object, nor holds one in a code block")
        }
    }

    /// What a reply has to be, in words that follow "Reply again, with nothing but".
    var expectation: String {
        if let field { return "one JSON object whose member \"\(field)\" is \(type.expectation)" }
        let kind = type == .numberOrText ? "" : ", \(type.expectation)"
        let sources = patterns.patterns.map(\.source).joined(separator: "\n")
        return "the score\(kind), written so that one of these regular expressions finds it:\n\(sources)"
    }

    // MARK: Regular expressions

    private func search(
        _ reply: String, quoting values: [UnsafeRawBufferPointer], using scratch: inout MatchScratch
    ) throws(MatchError) -> Reading {
        let text = Array(reply.utf8)
        guard let match = try find(in: text, using: &scratch) else {
            return .nothing("none of judge_score_regexes is found in the reply")
        }
        let reading = reading(of: match, in: text)
        if case .score = reading, try isContradicted(match, reading, in: text, quoting: values, using: &scratch) {
            return .nothing("the reply repeats what looks like a score in the row, and states different scores")
        }
        return reading
    }

    private func find(in text: [UInt8], using scratch: inout MatchScratch) throws(MatchError) -> Match? {
        try text.span.withUnsafeBytes { bytes throws(MatchError) -> Match? in
            switch occurrence {
            case .first: return try patterns.firstMatch(in: bytes, using: &scratch)?.match
            case .last: return try patterns.lastMatch(in: bytes, using: &scratch)?.match
            }
        }
    }

    private func reading(of match: Match, in text: [UInt8]) -> Reading {
        guard let group = match.group1, !group.isEmpty else {
            return .nothing("group 1 of the regular expression that is found in the reply is empty")
        }
        return type.score(fromText: String(decoding: text[group], as: UTF8.self))
    }

    /// Whether a match is a quotation of the row, and the reply states another score elsewhere.
    ///
    /// Matches are blotted out one after the other until one says something else or none is left. NUL is no white space,
    /// digit or letter, so that what stood on both sides of a blot does not become a new match.
    private func isContradicted(
        _ match: Match, _ reading: Reading, in text: [UInt8], quoting values: [UnsafeRawBufferPointer],
        using scratch: inout MatchScratch
    ) throws(MatchError) -> Bool {
        guard let passage = Passage.range(around: match, in: text, of: values) else { return false }
        var rest = text
        var blot = passage
        for _ in 0..<Self.mostMatches {
            for position in blot { rest[position] = 0 }
            guard let other = try find(in: rest, using: &scratch), let group = other.group1, !group.isEmpty else {
                return false
            }
            if self.reading(of: other, in: rest) != reading { return true }
            blot = Passage.range(around: other, in: rest, of: values) ?? group
        }
        return true
    }

    /// A reply with more matches than this is not one that can be told from its quotations.
    private static let mostMatches = 64
}
