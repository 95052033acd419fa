import JSON
import Patterns

extension ScoreReader {
    /// Why a score that a regular expression found may come from the row and not from the judge; nil if it is accepted.
    ///
    /// A match in a passage of at least 8 bytes that the reply repeats from one of the row's values is accepted only if
    /// - no other match has a different score, even after such passages are removed, and
    /// - one match with the same score is the judge's own: it is not in such a passage, or the part that makes it a
    ///   score is not (the row has "Barcelona", the reply "Verdict: Barcelona"), or the repeated statement appears in
    ///   the reply as the judge's own would (`isOwnStatement`).
    ///
    /// All matches are blotted out until none is left, or one with a different score is found. If the group of a match
    /// overlaps a blot, only the part outside counts. NUL is not white space, a digit or a letter, so the text on both
    /// sides of a blot seldom forms a new match.
    func quotationFault(
        of group: Range<Int>, _ reading: Reading, in text: [UInt8], quoting values: [UnsafeRawBufferPointer],
        using scratch: inout MatchScratch
    ) throws(MatchError) -> String? {
        var passages = PassageFinder(values, replyLength: text.count, leastAllowance: leastWork)
        guard let passage = passages.range(around: group, in: text) else { return nil }
        let end = ContinuousClock.now + timeBudget
        var rest = BlottedText(text)
        var hasOwn = try isOwnStatement(passage, around: group, in: text, using: &scratch)
        rest.blot(passage)
        for _ in 0..<Self.mostRounds {
            var isNew = false
            for pattern in patterns.patterns {
                if ContinuousClock.now >= end { return Self.unclear }
                let others = try rest.groups(of: pattern, using: &scratch)
                // A different score ends the search, so it is looked for first.
                for other in others {
                    if let said = rest.remainder(of: other), type.score(fromText: said) != reading {
                        return "the reply repeats what looks like a score in the row, and states different scores"
                    }
                }
                for other in others where rest.remainder(of: other) != nil {
                    isNew = true
                    let passage = passages.range(around: other, in: rest.bytes)
                    if passages.isExhausted || ContinuousClock.now >= end { return Self.unclear }
                    if !hasOwn, let passage {
                        hasOwn = try isOwnStatement(passage, around: other, in: text, using: &scratch)
                    } else {
                        hasOwn = true
                    }
                    rest.blot(passage ?? other)
                }
            }
            if !isNew {
                return hasOwn ? nil : "what looks like a score in the reply is quoted from the row"
            }
        }
        return Self.unclear
    }

    private static let unclear =
        "the reply repeats what looks like a score in the row, too often to tell whether it states different scores"

    /// The maximum number of rounds; a reply that still has matches after them cannot be told from its quotations.
    private static let mostRounds = 64

    /// Whether a repeated passage around a match reads as the judge's own words.
    ///
    /// It does if no regular expression matches in the passage alone, or if its line contains nothing else but Markdown
    /// and complete sentences before it, and the passage does not extend for 8 bytes or more into neighbouring lines.
    private func isOwnStatement(
        _ passage: Range<Int>, around group: Range<Int>, in text: [UInt8], using scratch: inout MatchScratch
    ) throws(MatchError) -> Bool {
        let alone = Array(text[passage])
        let found = try alone.span.withUnsafeBytes { bytes throws(MatchError) -> Bool in
            try patterns.firstMatch(in: bytes, using: &scratch) != nil
        }
        guard found else { return true }
        let newline = UInt8(ascii: "\n")
        let lineStart = text[..<group.lowerBound].lastIndex(of: newline).map { $0 + 1 } ?? 0
        let lineEnd = text[group.upperBound...].firstIndex(of: newline) ?? text.count
        let part = passage.clamped(to: lineStart..<lineEnd)
        guard passage.count - part.count < PassageFinder.shortest else { return false }
        let before = String(decoding: text[lineStart..<part.lowerBound], as: UTF8.self).unicodeScalars
        let after = String(decoding: text[part.upperBound..<lineEnd], as: UTF8.self).unicodeScalars
        guard after.allSatisfy({ Self.isMarkup($0) || Self.endsSentence($0) }) else { return false }
        return before.last { !Self.isMarkup($0) }.map(Self.endsSentence) ?? true
    }

    private static func isMarkup(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || "*_#-".unicodeScalars.contains(scalar)
    }

    private static func endsSentence(_ scalar: Unicode.Scalar) -> Bool { ".!?。！？".unicodeScalars.contains(scalar) }
}

/// A text in which parts have been blotted out.
private struct BlottedText {
    private(set) var bytes: [UInt8]
    private var isBlotted: [Bool]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        isBlotted = Array(repeating: false, count: bytes.count)
    }

    mutating func blot(_ range: Range<Int>) {
        for position in range {
            bytes[position] = 0
            isBlotted[position] = true
        }
    }

    /// What group 1 of a pattern matches, from left to right, without empty matches.
    func groups(of pattern: Pattern, using scratch: inout MatchScratch) throws(MatchError) -> [Range<Int>] {
        try bytes.span.withUnsafeBytes { bytes throws(MatchError) -> [Range<Int>] in
            var groups: [Range<Int>] = []
            try pattern.forEachMatch(in: bytes, using: &scratch) { match in
                if let group = match.answer, !group.isEmpty { groups.append(group) }
            }
            return groups
        }
    }

    /// A part of the text without its blots; nil if it is empty, or overlaps blots and has no letters or digits outside
    /// them.
    func remainder(of range: Range<Int>) -> String? {
        let readable = range.filter { !isBlotted[$0] }
        let text = String(decoding: readable.map { bytes[$0] }, as: UTF8.self)
        if readable.count == range.count { return text.isEmpty ? nil : text }
        let says = text.unicodeScalars.contains { scalar in
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        }
        return says ? text : nil
    }
}
