import JSON
import Patterns

/// Reads the score of a reply: from a member of its JSON object, or from the first regular expression that matches. Without
/// either, the whole reply is the score.
///
/// Only the reply is searched, never the prompt. Text of the row can still occur in the reply if the judge quotes it.
/// `quotationFault` decides when a match that repeats the row is accepted. A JSON object among other words is not read
/// if it occurs in the row. A value that imitates a score therefore has no effect, or the row visibly gets no score.
/// Two cases are not noticed: a quotation that looks like the judge's own statement and is the only score of the reply,
/// and a judge that was persuaded.
struct ScoreReader: Sendable {
    enum Occurrence: String, CaseIterable, Sendable { case first, last }

    var type: ScoreType
    /// The member of a JSON reply that is the score, or a JSON Pointer to it ("/coherence/score"); nil if replies are not JSON.
    var field: String?
    var patterns: PatternList
    var occurrence: Occurrence
    /// How long the search for a contradicting match may take before another search is started.
    var timeBudget: Duration = .seconds(5)
    /// The least number of bytes of the row that this search may look at, even if its texts are short.
    var leastWork = 16 << 20
    /// What messages call the regular expressions.
    var source = "judge_score_regexes"

    /// Reads a reply.
    ///
    /// - Parameters:
    ///   - values: the row's values that its prompt holds.
    ///   - cutOff: why the reply is incomplete, if it is.
    /// - Throws: if a regular expression reaches its limits.
    func read(
        _ reply: String, quoting values: [UnsafeRawBufferPointer], cutOff: CutOff? = nil,
        using scratch: inout MatchScratch
    ) throws(MatchError) -> Reading {
        let reading = try readWhole(reply, quoting: values, isCutOff: cutOff != nil, using: &scratch)
        if let cutOff, case .nothing(let reason) = reading { return .nothing("\(reason); \(cutOff.explanation)") }
        return reading
    }

    private func readWhole(
        _ reply: String, quoting values: [UnsafeRawBufferPointer], isCutOff: Bool, using scratch: inout MatchScratch
    ) throws(MatchError) -> Reading {
        if reply.trimmed.isEmpty { return .nothing("the reply is empty") }
        guard let field else { return try search(reply, quoting: values, isCutOff: isCutOff, using: &scratch) }
        switch JSONReply(in: reply, quoting: values) {
        case .object(let object, let text):
            guard let (root, value) = Self.member(field, of: object) else {
                return .nothing("the reply's JSON object has no \"\(field)\"")
            }
            guard JSONReply.occurrences(of: root, inObject: text) == 1 else {
                return .nothing("the reply's JSON object has \"\(root)\" twice")
            }
            return type.score(from: value, field: field)
        case .unclear(let reason):
            return .nothing(reason)
        case .none:
            if !patterns.patterns.isEmpty {
                return try search(reply, quoting: values, isCutOff: isCutOff, using: &scratch)
            }
            return .nothing("the reply contains no JSON object")
        }
    }

    /// The member of a name, or what a JSON Pointer leads to, and the name of the member that it begins with.
    private static func member(_ field: String, of object: JSONObject) -> (root: String, value: JSONValue)? {
        guard field.hasPrefix("/") else { return object[field].map { (field, $0) } }
        let names = field.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { String($0).replacing("~1", with: "/").replacing("~0", with: "~") }
        var value = JSONValue.object(object)
        for name in names {
            if let list = value.array {
                guard let index = Int(name), list.indices.contains(index) else { return nil }
                value = list[index]
            } else {
                guard let next = value[name] else { return nil }
                value = next
            }
        }
        return names.first.map { ($0, value) }
    }

    /// What a reply must be, worded to follow "Reply again, with nothing but".
    var expectation: String {
        if let field { return "one JSON object whose member \"\(field)\" is \(type.expectation)" }
        if patterns.patterns.isEmpty { return type.expectation }
        let kind = type == .numberOrText ? "" : ", \(type.expectation)"
        let sources = patterns.patterns.map(\.source).joined(separator: "\n")
        return "the score\(kind), written so that one of these regular expressions matches:\n\(sources)"
    }

    // MARK: Regular expressions

    private func search(
        _ reply: String, quoting values: [UnsafeRawBufferPointer], isCutOff: Bool, using scratch: inout MatchScratch
    ) throws(MatchError) -> Reading {
        if patterns.patterns.isEmpty {
            return isCutOff ? .nothing("the reply is incomplete") : type.score(fromText: String(reply.trimmed))
        }
        let text = Array(reply.utf8)
        guard let match = try find(in: text, using: &scratch) else {
            return .nothing("no pattern of \(source) matches the reply")
        }
        guard let group = match.answer, !group.isEmpty else {
            return .nothing("group 1 of the matching regular expression is empty")
        }
        if isCutOff, CutOff.mayGoOn(behind: max(match.range.upperBound, group.upperBound), in: text) {
            return .nothing("the score may have been cut off at the end of the reply")
        }
        let reading = type.score(fromText: String(decoding: text[group], as: UTF8.self))
        if case .score = reading,
            let fault = try quotationFault(of: group, reading, in: text, quoting: values, using: &scratch)
        {
            return .nothing(fault)
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
}
