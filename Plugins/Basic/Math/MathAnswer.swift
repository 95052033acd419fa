/// The scorer `regex_parser_math_response`: takes the answers out of two texts, normalises and compares them.
///
/// Which part of a text is the answer, and its normal form (`MathLatex`), are as in Llama Stack 0.2.23. Beyond equal
/// texts, equal rational numbers agree, compared exactly where the reference compares three significant digits.
///
/// Time is linear in the length of the texts, plus the time of `search`.
enum MathAnswer {
    /// The generated answer: what `search` finds before the first `Q:` and the first `A:`, or else what is in the last
    /// box, in its normal form; or else all of that text as it is, which is what the reference compares too.
    ///
    /// `search` finds the scoring function's regex in the text that it gets: the range of what the first match captures, an
    /// empty one where no group took part; of the whole match where the regex has no group; nil if it does not match.
    static func normalized<Failure: Error>(
        generated: Span<UInt8>, search: (Span<UInt8>) throws(Failure) -> Range<Int>?
    ) throws(Failure) -> [UInt8] {
        var end = generated.count
        for marker in [nextQuestion, nextAnswer] {
            end = generated.extracting(..<end).firstOffset(of: marker) ?? end
        }
        let text = generated.extracting(..<end)
        let found: Range<Int>
        if let match = try search(text) { found = match } else { found = lastBox(in: text) }
        return found.isEmpty ? bytes(text, 0..<end) : MathLatex(normalizing: bytes(text, found)).bytes
    }

    /// The expected answer: the first line, in its normal form, or all of the text as it is where the first line is
    /// empty.
    static func normalized(expected: Span<UInt8>) -> [UInt8] {
        let lineEnd = expected.firstOffset(of: lineFeed) ?? expected.count
        guard lineEnd > 0 else { return bytes(expected, 0..<expected.count) }
        return MathLatex(normalizing: bytes(expected, 0..<lineEnd)).bytes
    }

    /// Whether two normalised answers are equal texts, equal numbers, or texts that are equal but for how they spell
    /// the values of their fractions: `(\frac{2}{4},3)` is `(\frac{1}{2},3)`.
    static func agree(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        if left == right { return true }
        let (a, b) = (left.span, right.span)
        if let leftValue = ExactNumber(mathAnswer: a), let rightValue = ExactNumber(mathAnswer: b) {
            return leftValue == rightValue
        }
        var (i, j) = (0, 0)
        while i < a.count, j < b.count {
            var (behindLeft, behindRight) = (i, j)
            if a[i] == UInt8(ascii: "\\"), let leftValue = ExactNumber.readFraction(in: a, at: &behindLeft),
                let rightValue = ExactNumber.readFraction(in: b, at: &behindRight)
            {
                guard leftValue == rightValue else { return false }
                (i, j) = (behindLeft, behindRight)
            } else {
                guard a[i] == b[j] else { return false }
                i += 1
                j += 1
            }
        }
        return i == a.count && j == b.count
    }

    private static let nextQuestion = Array("Q:".utf8)
    private static let nextAnswer = Array("A:".utf8)
    private static let lineFeed = Array("\n".utf8)
    private static let box = Array("\\boxed".utf8)

    /// The range inside the last `\boxed`: up to the brace that closes its first one, or, without braces, up to the
    /// next `$`; without white space and further pairs of braces around it. Empty if there is no box or it does not
    /// end.
    private static func lastBox(in text: Span<UInt8>) -> Range<Int> {
        let none = 0..<0
        var start = text.count - box.count
        while start >= 0, !text.hasBytes(box, at: start) { start -= 1 }
        guard start >= 0 else { return none }
        let inside = text.rangeWithoutOuterWhiteSpace(in: start + box.count..<text.count)
        let isBraced = !inside.isEmpty && text[inside.lowerBound] == UInt8(ascii: "{")
        var depth = 0
        for offset in inside {
            if text[offset] == UInt8(ascii: "{") { depth += 1 }
            if text[offset] == UInt8(ascii: "}") { depth -= 1 }
            guard depth == 0 else { continue }
            if isBraced { return withoutOuterBraces(inside.lowerBound..<offset + 1, in: text) }
            if text[offset] == UInt8(ascii: "$") { return withoutOuterBraces(inside.lowerBound..<offset, in: text) }
        }
        return none
    }

    private static func withoutOuterBraces(_ range: Range<Int>, in text: Span<UInt8>) -> Range<Int> {
        var inside = text.rangeWithoutOuterWhiteSpace(in: range)
        while inside.count >= 2, text[inside.lowerBound] == UInt8(ascii: "{"),
            text[inside.upperBound - 1] == UInt8(ascii: "}")
        {
            inside = text.rangeWithoutOuterWhiteSpace(in: inside.lowerBound + 1..<inside.upperBound - 1)
        }
        return inside
    }

    private static func bytes(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        for offset in range { result.append(text[offset]) }
        return result
    }
}
