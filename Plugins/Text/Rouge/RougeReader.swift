/// Reads the texts of a row as numbers of words, or of their stems.
struct RougeReader: ~Copyable {
    /// A text of the row. Valid until the next one is read.
    struct Text {
        var words: ScalarSlice
        /// Where each line ends that is not empty.
        var lineEnds: UnsafeMutableBufferPointer<Int>

        var lines: [ScalarSlice] {
            var start = 0
            return lineEnds.map { end in
                defer { start = end }
                return ScalarSlice(rebasing: words[start..<end])
            }
        }
    }

    private let tokenizer: RougeTokenizer
    private let stems: Bool
    private var table = WordTable()
    private var known = StemTable()
    private var words = NumberedTexts()
    /// The line ends of all texts, and where those of each text end.
    private var lineEnds = Buffer<Int>()
    private var ends = Buffer<Int>()

    init(_ tokenizer: RougeTokenizer, stems: Bool) {
        self.tokenizer = tokenizer
        self.stems = stems
    }

    var count: Int { words.count }

    /// Numbers of words are below it.
    var wordCount: Int { table.count }

    func text(_ index: Int) -> Text {
        let start = index == 0 ? 0 : ends[index - 1]
        return Text(
            words: words[index],
            lineEnds: UnsafeMutableBufferPointer(rebasing: lineEnds.values[start..<ends[index]]))
    }

    /// Forgets the texts.
    mutating func removeAll() {
        table.removeAll()
        known.limit()
        words.removeAll()
        lineEnds.removeAll()
        ends.removeAll()
    }

    /// Adds a text that is in lower case.
    mutating func read(_ text: ScalarSlice) {
        var count = 0
        tokenizer.forEachWord(in: text) { word, hash in
            // Shorter words are not stemmed.
            let number =
                stems && word.count > 3
                ? table.number(of: known.stem(of: word, hash)) : table.number(of: word, hash: hash)
            words.append(number)
            count += 1
        } endLine: {
            lineEnds.append(count)
        }
        words.endText()
        ends.append(lineEnds.count)
    }
}

/// The stems of words, as far as they are known.
private struct StemTable: ~Copyable {
    private static let mostWords = 1 << 14
    private static let mostScalars = 1 << 18

    private var words = WordTable()
    /// The stems of all words, one after the other, and where each ends.
    private var stems = Buffer<UInt32>()
    private var ends = Buffer<Int>()

    /// The stem of a word. Valid until the next word is looked up.
    mutating func stem(of word: ScalarSlice, _ hash: UInt64) -> ScalarSlice {
        let number = Int(words.number(of: word, hash: hash))
        if number == ends.count {
            for letter in PorterStemmer.stem(Array(word)) { stems.append(letter) }
            ends.append(stems.count)
        }
        return ScalarSlice(rebasing: stems.values[(number == 0 ? 0 : ends[number - 1])..<ends[number]])
    }

    /// Forgets the words if there are too many of them to keep for the next row.
    mutating func limit() {
        if words.count <= Self.mostWords, stems.count <= Self.mostScalars { return }
        words.removeAll()
        stems.removeAll()
        ends.removeAll()
    }
}
