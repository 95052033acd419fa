/// Splits English text into sentences, as punkt does (T. Kiss and J. Strunk, Unsupervised Multilingual Sentence Boundary
/// Detection, Computational Linguistics 32, 2006), in the form of NLTK 3.10.
///
/// punkt takes its decisions from tables that were trained on newspaper text and whose licence is not stated. The tables
/// here are smaller: abbreviations, and words that are not written with a capital inside a sentence.
enum Sentences {
    typealias Text = ArraySlice<Unicode.Scalar>

    /// Where the sentences of a text stand. Linear in the length of the text.
    static func ranges(in text: [Unicode.Scalar]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = 0
        for candidate in candidates(in: text) where endsSentence(text, candidate) {
            pieces.append(start..<candidate.end)
            start = candidate.next ?? candidate.end
        }
        var end = text.count
        while end > 0, text[end - 1].isWhiteSpace { end -= 1 }
        pieces.append(start..<max(start, end))
        return movingClosingMarks(pieces, text)
    }

    // MARK: Candidates

    /// A mark that may end a sentence.
    private struct Candidate {
        /// The word before it, and it.
        var word: Range<Int>
        var end: Int { word.upperBound }
        /// Where the token after white space begins; nil if closing punctuation follows.
        var next: Int?
        /// The end of what follows, as far as it decides.
        var contextEnd: Int
    }

    /// The last mark of each word that has one before closing punctuation, or before white space and a token.
    private static func candidates(in text: [Unicode.Scalar]) -> [Candidate] {
        var found: [Candidate] = []
        var latest: Candidate?
        // The end of the token that starts at a place is looked for once.
        var token = 0..<0
        // White space after a mark reaches to here.
        var spaceEnd = 0
        for place in text.indices where text[place] == "." || text[place] == "?" || text[place] == "!" {
            let after = place + 1
            guard after < text.count else { break }
            var candidate = Candidate(word: 0..<after, next: nil, contextEnd: after + 1)
            if !SentenceTokens.isClosing(text[after]) {
                guard text[after].isWhiteSpace else { continue }
                if spaceEnd <= after { spaceEnd = after }
                while spaceEnd < text.count, text[spaceEnd].isWhiteSpace { spaceEnd += 1 }
                guard spaceEnd < text.count else { break }
                if token.lowerBound != spaceEnd {
                    var end = spaceEnd
                    while end < text.count, !text[end].isWhiteSpace { end += 1 }
                    token = spaceEnd..<end
                }
                candidate.next = token.lowerBound
                candidate.contextEnd = token.upperBound
            }
            // The word begins after the last white space since the word before; without any, where that word begins.
            let (start, before) = latest.map { ($0.word.lowerBound, $0.end - 1) } ?? (0, 0)
            let space = text[before..<place].lastIndex { isASCIIWhiteSpace($0) }
            let wordStart = space.flatMap { $0 > before ? $0 + 1 : nil } ?? start
            if let latest, latest.end - 1 <= wordStart { found.append(latest) }
            candidate.word = wordStart..<after
            latest = candidate
        }
        if let latest { found.append(latest) }
        return found
    }

    private static func isASCIIWhiteSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || (0x09...0x0D).contains(scalar.value)
    }

    // MARK: Decisions

    /// Whether a token of the context, besides the last, ends a sentence.
    private static func endsSentence(_ text: [Unicode.Scalar], _ candidate: Candidate) -> Bool {
        let ranges = SentenceTokens(text[candidate.word.lowerBound..<candidate.contextEnd]).ranges
        var tokens = ranges.map { Token(text[$0]) }
        for index in tokens.indices.dropLast() {
            tokens[index].look(at: tokens[index + 1])
            if tokens[index].endsSentence { return true }
        }
        return false
    }

    /// A token and what it is.
    private struct Token {
        let text: Text
        let isAbbreviation: Bool
        let isEllipsis: Bool
        private(set) var endsSentence = false

        init(_ text: Text) {
            self.text = text
            isEllipsis = text.count > 1 && text.allSatisfy { $0 == "." }
            let hasPeriod = text.last == "." && !isEllipsis && !(text.dropLast().last == ".")
            if text.count == 1, text.first == "." || text.first == "?" || text.first == "!" {
                isAbbreviation = false
                endsSentence = true
            } else if hasPeriod {
                let word = Self.lowercased(text.dropLast())
                let afterHyphen = word.lastIndex(of: "-").map { String(word[word.index(after: $0)...]) }
                isAbbreviation =
                    SentenceTables.abbreviations.contains(word)
                    || (afterHyphen.map { SentenceTables.abbreviations.contains($0) } ?? false)
                endsSentence = !isAbbreviation
            } else {
                isAbbreviation = false
            }
        }

        /// Decides again, knowing the token after it.
        mutating func look(at next: Token) {
            guard text.last == "." else { return }
            let isInitial = text.count == 2 && Self.isLetter(text[text.startIndex])
            if (isAbbreviation || isEllipsis) && !isInitial, next.startsWithUpper, next.isUsuallyLower {
                endsSentence = true
                return
            }
            guard isInitial || isNumber else { return }
            if next.cannotStartSentence || (isInitial && next.startsWithUpper && !next.isUsuallyLower) {
                endsSentence = false
            }
        }

        private var startsWithUpper: Bool { text.first.map { $0.properties.isUppercase } ?? false }

        /// Punctuation, and words in lower case.
        private var cannotStartSentence: Bool {
            if text.count == 1, let mark = text.first, ";:,.!?".unicodeScalars.contains(mark) { return true }
            return text.first?.properties.isLowercase ?? false
        }

        /// Whether the word has a capital at the beginning of a sentence only.
        private var isUsuallyLower: Bool {
            var word = text
            if endsSentence, word.count > 1, word.last == "." { word = word.dropLast() }
            return word.count <= SentenceTables.longestWord
                && SentenceTables.usuallyLower.contains(Self.lowercased(word))
        }

        /// Digits with commas, periods and hyphens.
        private var isNumber: Bool {
            var rest = text
            if rest.last == "." { rest = rest.dropLast() }
            if rest.first == "-" { rest = rest.dropFirst() }
            if rest.first == "." || rest.first == "," { rest = rest.dropFirst() }
            guard let first = rest.first, first.isDecimalDigit else { return false }
            return rest.allSatisfy { $0.isDecimalDigit || $0 == "," || $0 == "." || $0 == "-" }
        }

        private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
            scalar.isWordCharacter && !scalar.isDecimalDigit
        }

        private static func lowercased(_ text: Text) -> String {
            // Longer words are in no table.
            guard text.count <= 64 else { return "" }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            return String(view).lowercased()
        }
    }

    // MARK: Closing marks

    /// Moves closing quotes and brackets to the sentence that they close.
    private static func movingClosingMarks(_ pieces: [Range<Int>], _ text: [Unicode.Scalar]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var moved = 0
        for (index, piece) in pieces.enumerated() {
            let start = min(piece.lowerBound + moved, piece.upperBound)
            guard index + 1 < pieces.count else {
                if start < piece.upperBound { result.append(start..<piece.upperBound) }
                break
            }
            let next = pieces[index + 1]
            if let (marks, end) = closingMarks(text[next]) {
                result.append(start..<marks)
                moved = end - next.lowerBound
            } else {
                moved = 0
                if start < piece.upperBound { result.append(start..<piece.upperBound) }
            }
        }
        return result
    }

    /// The end of the closing marks that a piece starts with, if white space, a dash or a line's end follows them, and the
    /// end of that white space.
    private static func closingMarks(_ text: Text) -> (marks: Int, end: Int)? {
        var marks = text.startIndex
        while marks < text.endIndex,
            "\"')]}\u{2018}\u{2019}\u{201C}\u{201D}\u{AB}\u{BB}".unicodeScalars.contains(text[marks])
        {
            marks += 1
        }
        guard marks > text.startIndex else { return nil }
        var end = marks
        while end < text.endIndex, text[end].isWhiteSpace { end += 1 }
        if end > marks || end == text.endIndex { return (marks, end) }
        let isDash = text[end...].starts(with: ["-", "-"])
        return isDash ? (marks, end) : nil
    }
}

extension Unicode.Scalar {
    /// A letter, mark, decimal digit, connector such as `_`, or joiner.
    var isWordCharacter: Bool {
        if value < 0x80 { return (value | 0x20) &- 0x61 < 26 || value &- 0x30 < 10 || self == "_" }
        if value == 0x200C || value == 0x200D || properties.isAlphabetic { return true }
        return switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
        default: false
        }
    }
}
