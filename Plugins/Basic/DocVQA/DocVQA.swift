/// The `docvqa` scorer: whether an answer is one of several accepted ones after the VQA answer normalisation.
///
/// The normalisation is that of Llama Stack 0.2.23, to the byte. Python's notions of white space, digits and lower case
/// decide, as they did there.
enum DocVQA {
    /// Whether the normalised answer is among the normalised accepted ones.
    ///
    /// Linear in the length of the texts.
    static func accepts(_ generated: Span<UInt8>, among expected: [String]) -> Bool {
        let answer = normalized(generated)
        return expected.contains { normalized(Array($0.utf8).span) == answer }
    }

    /// Takes out punctuation and unites lower-cased words, numbers and contractions, with one space between words.
    static func normalized(_ text: Span<UInt8>) -> [UInt8] {
        let words = withoutPunctuation(text).span.lowercased
        var result: [UInt8] = []
        result.reserveCapacity(words.count)
        var offset = 0
        while offset < words.count {
            let start = offset
            var separatorLength = 0
            while offset < words.count {
                let decoded = words.span.scalar(at: offset)
                if decoded.scalar.isWhiteSpace {
                    separatorLength = decoded.length
                    break
                }
                offset += decoded.length
            }
            append(words[start..<offset], to: &result)
            offset += separatorLength
        }
        return result
    }

    /// Appends what a word stands for, if anything, to the words before it.
    private static func append(_ word: ArraySlice<UInt8>, to words: inout [UInt8]) {
        guard !word.isEmpty else { return }
        var replacement: String?
        // The tables are ASCII. Other words are kept from them also because String compares by canonical equivalence.
        if word.count <= longestEntry, word.allSatisfy({ $0 < 0x80 }) {
            let key = String(decoding: word, as: UTF8.self)
            let united = DocVQATables.numbers[key] ?? key
            if DocVQATables.droppedWords.contains(united) { return }
            replacement = DocVQATables.contractions[united] ?? united
        }
        if !words.isEmpty { words.append(UInt8(ascii: " ")) }
        if let replacement {
            words.append(contentsOf: replacement.utf8)
        } else {
            words.append(contentsOf: word)
        }
    }

    private static let longestEntry =
        (Array(DocVQATables.numbers.keys) + DocVQATables.droppedWords + DocVQATables.contractions.keys)
        .reduce(0) { max($0, $1.utf8.count) }

    /// Deletes each punctuation mark, in order, or turns it into a space, and deletes periods that no digit follows.
    ///
    /// A mark is deleted where it stands beside a space anywhere in the text, or the text has a digit, a comma and a
    /// digit in a row. After each mark the reference deletes at most 32 periods (a flag of its regex is passed as the
    /// count), which shows in texts with many of them, so that is done here too.
    private static func withoutPunctuation(_ text: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        for offset in text.indices { bytes.append(text[offset]) }
        var mayHavePeriods = true
        for mark in DocVQATables.punctuation {
            if bytes.contains(mark) {
                if stands(mark, besideSpaceIn: bytes.span) || hasCommaBetweenDigits(bytes.span) {
                    bytes.removeAll { $0 == mark }
                } else {
                    for offset in bytes.indices where bytes[offset] == mark { bytes[offset] = UInt8(ascii: " ") }
                }
            }
            // Once the periods that are left all have a digit behind them, nothing that happens to marks changes that.
            if mayHavePeriods { (bytes, mayHavePeriods) = withoutPeriods(bytes.span, atMost: 32) }
        }
        return bytes
    }

    private static func stands(_ mark: UInt8, besideSpaceIn text: Span<UInt8>) -> Bool {
        for offset in text.indices where text[offset] == mark {
            if offset > 0, text[offset - 1] == UInt8(ascii: " ") { return true }
            if offset + 1 < text.count, text[offset + 1] == UInt8(ascii: " ") { return true }
        }
        return false
    }

    private static func hasCommaBetweenDigits(_ text: Span<UInt8>) -> Bool {
        for offset in text.indices where text[offset] == UInt8(ascii: ",") && offset > 0 && offset + 1 < text.count {
            if text.scalar(before: offset).scalar.isDecimalDigit, text.scalar(at: offset + 1).scalar.isDecimalDigit {
                return true
            }
        }
        return false
    }

    /// The text without the first `limit` periods that no digit follows, and whether it may have more of them.
    private static func withoutPeriods(_ text: Span<UInt8>, atMost limit: Int) -> ([UInt8], Bool) {
        var kept: [UInt8] = []
        kept.reserveCapacity(text.count)
        var deleted = 0
        for offset in text.indices {
            let isDeleted =
                deleted < limit && text[offset] == UInt8(ascii: ".")
                && !(offset + 1 < text.count && text.scalar(at: offset + 1).scalar.isDecimalDigit)
            if isDeleted { deleted += 1 } else { kept.append(text[offset]) }
        }
        return (kept, deleted == limit)
    }
}
