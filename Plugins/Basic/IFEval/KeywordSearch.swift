import Patterns
import ScorerKit
import ScorerParameters

/// Searches for keywords, which are Python regular expressions that ignore case, as IFEval has it. A keyword that does not
/// compile is searched for as it is written.
///
/// Keywords of letters, digits and spaces, which nearly all are, are searched for without the regex engine. Compiled keywords
/// are kept for the rows of a batch.
struct KeywordSearch {
    private var compiled: [String: Pattern?] = [:]

    /// How many matches of `keyword` that do not overlap a text has, counted up to `most`.
    mutating func count(
        _ keyword: String, in text: SearchedText, wholeWords: Bool = false, most: Int = .max,
        _ scratch: inout MatchScratch
    ) throws(RowFault) -> Int {
        if !text.hasSpecialCases, let literal = Literal(keyword) {
            return literal.count(in: text.lowered, wholeWords: wholeWords, most: most)
        }
        let pattern = try pattern(keyword, wholeWords: wholeWords)
        return try Self.count(pattern, in: text.bytes, most: most, &scratch)
    }

    /// How many matches of an expression that respects case a text has.
    mutating func count(
        _ source: String, followedBy suffix: String = "", in text: [UInt8], most: Int, _ scratch: inout MatchScratch
    ) throws(RowFault) -> Int {
        var found = try pattern(source + suffix)
        if found == nil { found = try pattern(Self.escaped(source) + suffix) }
        return try Self.count(found, in: text, most: most, &scratch)
    }

    /// The expression of a keyword, or its text where it does not compile.
    private mutating func pattern(_ keyword: String, wholeWords: Bool) throws(RowFault) -> Pattern? {
        func expression(_ source: String) -> String { wholeWords ? "(?i)\\b\(source)\\b" : "(?i)\(source)" }
        if let pattern = try pattern(expression(keyword)) { return pattern }
        // Flags with which a keyword begins join the one that is set here.
        if !wholeWords, keyword.hasPrefix("(?"), let pattern = try pattern("(?i" + keyword.dropFirst(2)) {
            return pattern
        }
        return try pattern(expression(Self.escaped(keyword)))
    }

    private static func count(
        _ pattern: Pattern?, in text: [UInt8], most: Int, _ scratch: inout MatchScratch
    ) throws(RowFault) -> Int {
        guard let pattern else { return 0 }
        var count = 0
        do throws(MatchError) {
            try text.span.withUnsafeBytes { bytes throws(MatchError) in
                if most == 1 {
                    count = try pattern.firstMatch(in: bytes, using: &scratch) == nil ? 0 : 1
                } else {
                    try pattern.forEachMatch(in: bytes, using: &scratch) { _ in count += 1 }
                }
            }
        } catch {
            throw RowFault(error)
        }
        return count
    }

    private mutating func pattern(_ source: String) throws(RowFault) -> Pattern? {
        if let known = compiled[source] { return known }
        if source.utf8.count > 10_000 {
            throw RowFault(.inputError, "a keyword in kwargs is longer than 10,000 bytes")
        }
        // Rows of a data set have few keywords in common.
        if compiled.count >= 200 { compiled.removeAll(keepingCapacity: true) }
        let pattern = try? Pattern(source)
        compiled[source] = .some(pattern)
        return pattern
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x80, !scalar.isWordCharacter { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result
    }
}

/// A text in which keywords are searched for.
struct SearchedText {
    let bytes: [UInt8]
    /// ASCII letters in lower case.
    let lowered: [UInt8]
    /// Whether the text has characters that match an ASCII letter regardless of case: ſ, K, İ, ı.
    let hasSpecialCases: Bool

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var lowered = bytes
        var isSpecial = false
        for index in lowered.indices {
            let byte = lowered[index]
            if byte &- 0x41 < 26 {
                lowered[index] = byte | 0x20
            } else if byte >= 0xC4 {
                isSpecial = isSpecial || byte == 0xC4 || byte == 0xC5 || byte == 0xE2
            }
        }
        self.lowered = lowered
        hasSpecialCases =
            isSpecial
            && [[0xC5, 0xBF], [0xE2, 0x84, 0xAA], [0xC4, 0xB0], [0xC4, 0xB1]].contains {
                bytes.span.firstOffset(of: $0) != nil
            }
    }
}

/// A keyword that means itself.
private struct Literal {
    /// In lower case.
    private let bytes: [UInt8]
    /// For each place, the length of the longest border of the bytes before it, for the search of Knuth, Morris and Pratt.
    private let borders: [Int]

    init?(_ keyword: String) {
        var bytes = Array(keyword.utf8)
        guard !bytes.isEmpty else { return nil }
        for index in bytes.indices {
            let byte = bytes[index]
            guard (byte | 0x20) &- 0x61 < 26 || byte.isASCIIDigit || byte == 0x20 || byte == UInt8(ascii: "_") else {
                return nil
            }
            if byte &- 0x41 < 26 { bytes[index] = byte | 0x20 }
        }
        var borders = [0]
        var length = 0
        for byte in bytes.dropFirst() {
            while length > 0, bytes[length] != byte { length = borders[length - 1] }
            if bytes[length] == byte { length += 1 }
            borders.append(length)
        }
        self.bytes = bytes
        self.borders = borders
    }

    func count(in text: [UInt8], wholeWords: Bool, most: Int) -> Int {
        var (count, matched) = (0, 0)
        let span = text.span
        for index in span.indices {
            let byte = span[index]
            while matched > 0, bytes[matched] != byte { matched = borders[matched - 1] }
            if bytes[matched] == byte { matched += 1 }
            guard matched == bytes.count else { continue }
            if wholeWords, !hasBoundaries(span, index + 1 - bytes.count, index + 1) {
                matched = borders[matched - 1]
                continue
            }
            count += 1
            matched = 0
            if count >= most { break }
        }
        return count
    }

    /// Whether a word begins or ends at both places.
    private func hasBoundaries(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        func isWord(_ scalar: Unicode.Scalar) -> Bool {
            if scalar.value < 0x80 { return scalar.isWordCharacter }
            return scalar.properties.generalCategory.isLetterOrNumber
        }
        let before = start > 0 && isWord(text.scalar(before: start).scalar)
        let after = end < text.count && isWord(text.scalar(at: end).scalar)
        return before != isWord(text.scalar(at: start).scalar) && after != isWord(text.scalar(before: end).scalar)
    }
}

extension Unicode.GeneralCategory {
    /// Whether Python's `str.isalnum` is true.
    fileprivate var isLetterOrNumber: Bool {
        switch self {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber:
            true
        default: false
        }
    }
}
