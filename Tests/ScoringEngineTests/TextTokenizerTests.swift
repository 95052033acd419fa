import JSON
import TestSupport
import Testing

@Suite("Texts are divided into words as the references' sequences of regular expressions divide them")
struct TextTokenizerTests {
    /// What tokenizers of sacrebleu 2.6.0 replace, one regular expression after the other.
    enum Passes: CaseIterable {
        case mteval13a, international, chinese, tercom

        /// The function that has the tokenizer, and the one that divides the separated text at white space.
        var functions: (String, one: JSONObject, separated: JSONObject) {
            switch self {
            case .mteval13a: ("text::bleu", ["tokenize": "13a"], ["tokenize": "none"])
            case .international: ("text::bleu", ["tokenize": "intl"], ["tokenize": "none"])
            case .chinese: ("text::bleu", ["tokenize": "zh"], ["tokenize": "none"])
            case .tercom: ("text::ter", ["normalized": true], [:])
            }
        }

        /// The text with spaces where the reference puts them.
        func separated(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
            switch self {
            case .mteval13a: return Self.western([" "] + Self.stripped(text, atStart: false) + [" "])
            case .tercom:
                return Self.western([" "] + Self.stripped(text, atStart: false) + [" "], splitsGenitives: true)
            case .chinese:
                return Self.western(Self.spaced(Self.stripped(text), Self.isChinese))
            case .international:
                var text = Self.stripped(text, atStart: false)
                text = Self.pairs(text, endsInSpace: true) { !Self.is($0, "N") && Self.is($1, "P") }
                text = Self.pairs(text, endsInSpace: false) { Self.is($0, "P") && !Self.is($1, "N") }
                return Self.spaced(text) { Self.is($0, "S") }
            }
        }

        private static func western(_ text: [Unicode.Scalar], splitsGenitives: Bool = false) -> [Unicode.Scalar] {
            let separate = Set("{|}~[\\]^_` !\"#$%&()*+:;<=>?@/".unicodeScalars)
            var text = spaced(text, separate.contains)
            if splitsGenitives { text = genitives(text) }
            text = pairs(text, endsInSpace: true) { !isDigit($0) && ($1 == "." || $1 == ",") }
            text = pairs(text, endsInSpace: false) { ($0 == "." || $0 == ",") && !isDigit($1) }
            return pairs(text, endsInSpace: true) { isDigit($0) && $1 == "-" }
        }

        /// Of the reference's ranges, those that have one of `characters`.
        private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
            [0x2001...0x2A6D, 0x2FF0...0x303F, 0x4E00...0x9FBB].contains { $0.contains(Int(scalar.value)) }
        }

        private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

        /// Whether a scalar is in a general category, by its first letter.
        private static func `is`(_ scalar: Unicode.Scalar, _ category: Character) -> Bool {
            switch scalar.properties.generalCategory {
            case .decimalNumber, .letterNumber, .otherNumber: category == "N"
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
                .finalPunctuation, .otherPunctuation:
                category == "P"
            case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: category == "S"
            default: false
            }
        }

        private static func spaced(
            _ text: [Unicode.Scalar], _ isSeparate: (Unicode.Scalar) -> Bool
        ) -> [Unicode.Scalar] {
            text.flatMap { isSeparate($0) ? [" ", $0, " "] : [$0] }
        }

        /// Replaces `'s ` by ` 's `.
        private static func genitives(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
            text.indices.flatMap { index in
                text[index...].starts(with: ["'", "s", " "]) ? [" ", text[index]] : [text[index]]
            }
        }

        /// Replaces pairs from the left and without overlap, as a regular expression of two characters does.
        private static func pairs(
            _ text: [Unicode.Scalar], endsInSpace: Bool, _ isPair: (Unicode.Scalar, Unicode.Scalar) -> Bool
        ) -> [Unicode.Scalar] {
            var made: [Unicode.Scalar] = []
            var index = 0
            while index < text.count {
                if index + 1 < text.count, isPair(text[index], text[index + 1]) {
                    made += endsInSpace ? [] : [" "]
                    made += [text[index], " ", text[index + 1]]
                    made += endsInSpace ? [" "] : []
                    index += 2
                } else {
                    made.append(text[index])
                    index += 1
                }
            }
            return made
        }

        private static func stripped(_ text: [Unicode.Scalar], atStart: Bool = true) -> [Unicode.Scalar] {
            var rest = text[...]
            while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
            while atStart, let first = rest.first, first.properties.isWhitespace { rest.removeFirst() }
            return Array(rest)
        }
    }

    // No line feeds, angle brackets or ampersands: what is removed before a text is divided is not the subject.
    private static let characters = Array("ab5.,-'s5.,-'s  \t:;!()$~\"éσß٣„…—\u{A0}\u{3000}中文€😀".unicodeScalars)

    @Test("scores of random texts", arguments: Passes.allCases)
    func randomTexts(passes: Passes) throws {
        var random = SeededGenerator(seed: 5)
        var (lines, separated) = ("", "")
        for _ in 0..<2000 {
            // Few different characters, so that rare neighbours come together.
            let some = (0..<Int.random(in: 2...8, using: &random)).compactMap { _ in
                Self.characters.randomElement(using: &random)
            }
            func text() -> [Unicode.Scalar] {
                (0..<Int.random(in: 0...24, using: &random)).compactMap { _ in some.randomElement(using: &random) }
            }
            let (answer, reference) = (text(), text())
            lines += Self.line(answer, reference)
            // Tercom's normalisation is applied to references twice.
            let again = passes == .tercom ? passes.separated(Self.collapsed(passes.separated(reference))) : nil
            separated += Self.line(passes.separated(answer), again ?? passes.separated(reference))
        }
        let (function, one, other) = passes.functions
        let found = try Scoring(lines, function, one).verdicts
        let expected = try Scoring(separated, function, other).verdicts
        try #require(found.count == 2000 && expected.count == 2000)
        for (index, line) in lines.split(separator: "\n").enumerated() {
            #expect(found[index]["score"] == expected[index]["score"], "\(line)")
            #expect(found[index]["precisions"] == expected[index]["precisions"], "\(line)")
        }
    }

    private static func collapsed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        Array(text.split { $0.properties.isWhitespace }.joined(separator: [" "]))
    }

    private static func line(_ answer: [Unicode.Scalar], _ reference: [Unicode.Scalar]) -> String {
        func text(_ scalars: [Unicode.Scalar]) -> JSONValue {
            .string(String(String.UnicodeScalarView(scalars)))
        }
        let line: JSONValue = ["generated_answer": text(answer), "expected_answer": text(reference)]
        return line.text + "\n"
    }
}
