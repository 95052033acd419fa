import Patterns

/// An answer, or a part of it, that instructions are checked against.
struct InstructionText {
    let bytes: [UInt8]
    let dialect: IFEvalDialect
    /// Whether there is nothing but white space.
    let isBlank: Bool

    init(_ bytes: [UInt8], _ dialect: IFEvalDialect) {
        self.bytes = bytes
        self.dialect = dialect
        isBlank = bytes.span.rangeWithoutOuterWhiteSpace(in: bytes.indices).isEmpty
    }

    private(set) lazy var searched = SearchedText(bytes)
    private(set) lazy var lowered = bytes.span.lowercased
    private(set) lazy var trimmed = bytes.trimmed
    private(set) lazy var scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
    private(set) lazy var sentences = Sentences.ranges(in: scalars)
    private(set) lazy var language = LanguageDetector.language(of: scalars)
    /// By which Llama Stack decides how to count; google's code knows English only.
    private(set) lazy var languageOfLines =
        dialect == .llamaStack && isASCII ? "en" : EastAsian.languageOfLines(scalars)

    /// No text in ASCII is in a language that is counted in another way.
    private var isASCII: Bool { bytes.allSatisfy { $0 < 0x80 } }
}

/// Whose checks decide.
enum IFEvalDialect: String, CaseIterable {
    case llamaStack = "llama-stack"
    case google
}

extension [UInt8] {
    /// Without white space at both ends.
    var trimmed: ArraySlice<UInt8> { self[span.rangeWithoutOuterWhiteSpace(in: indices)] }
}

extension ArraySlice<UInt8> {
    var isBlank: Bool { trimmed.isEmpty }

    var trimmed: ArraySlice<UInt8> {
        let range = span.rangeWithoutOuterWhiteSpace(in: 0..<count)
        return self[startIndex + range.lowerBound..<startIndex + range.upperBound]
    }

    /// The pieces between the occurrences of a text in ASCII, which do not overlap.
    func pieces(between separator: String) -> [ArraySlice<UInt8>] {
        let separator = Array(separator.utf8)
        var pieces: [ArraySlice<UInt8>] = []
        var (start, place) = (startIndex, startIndex)
        while place <= endIndex - separator.count {
            if self[place] == separator[0], self[place...].starts(with: separator) {
                pieces.append(self[start..<place])
                place += separator.count
                start = place
            } else {
                place += 1
            }
        }
        pieces.append(self[start...])
        return pieces
    }

    func dropping(prefix: String) -> ArraySlice<UInt8> {
        starts(with: prefix.utf8) ? dropFirst(prefix.utf8.count) : self
    }

    func dropping(suffix: String) -> ArraySlice<UInt8> {
        let count = suffix.utf8.count
        return self.count >= count && self.suffix(count).elementsEqual(suffix.utf8) ? dropLast(count) : self
    }
}
