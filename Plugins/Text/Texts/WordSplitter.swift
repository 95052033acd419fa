/// Divides a text into words: at white space, and where a tokenizer separates a character from those beside it.
///
/// The reference implementations do this with a sequence of regular expressions, which put spaces around each separate character,
/// then between a point and what is no digit before it, then between a point and what is no digit behind it, then between a digit
/// and a dash. Here the same words are found in one pass: the tests compare both.
struct WordSplitter: Sendable {
    /// What a character is to the tokenizer.
    enum Kind: UInt8 {
        case letter, digit, space
        /// Separate except between two digits, such as the point of "3.5".
        case point
        /// Separate after a digit.
        case dash
        /// The start of a word if `s` is behind it, with a separate character or the end behind that.
        case apostrophe
        case separate
    }

    private let firstKinds: [Kind]
    private let kindBeyond: @Sendable (UInt32) -> Kind
    /// Whether the ends of the text count as neighbours that are no digits.
    private let hasBorders: Bool

    /// - Parameter kind: the kind of each character that is not white space.
    init(hasBorders: Bool = false, _ kind: @escaping @Sendable (UInt32) -> Kind) {
        self.hasBorders = hasBorders
        kindBeyond = { $0.isSpace ? .space : kind($0) }
        firstKinds = (0..<0x80).map(kindBeyond)
    }

    /// At white space only.
    static let whiteSpace = WordSplitter { _ in .letter }

    /// Passes each word, as a part of the text, and its hash (`WordTable.hash`) to `take`.
    @inline(__always)
    func forEachWord(in text: ScalarSlice, _ take: (_ word: ScalarSlice, _ hash: UInt64) -> Void) {
        firstKinds.withUnsafeBufferPointer { firstKinds in
            var start = 0
            var hash = WordTable.emptyHash
            // The character before; nil where there is none. White space stands for a border.
            var previous: Kind? = hasBorders ? .space : nil
            // Whether the character before is a point that was found to be separate from what is before it. A regular expression does
            // not look at what it has replaced again, so such a point is no neighbour of the next.
            var followsReplacedPoint = false

            func kind(_ value: UInt32) -> Kind { value < 0x80 ? firstKinds[Int(value)] : kindBeyond(value) }
            func endWord(_ end: Int) {
                if end > start { take(ScalarSlice(rebasing: text[start..<end]), hash) }
                hash = WordTable.emptyHash
                start = end
            }
            func takeAlone(_ index: Int) {
                endWord(index)
                hash = WordTable.hash(hash, text[index])
                endWord(index + 1)
            }

            for index in text.indices {
                let value = text[index]
                let own = kind(value)
                // Most characters are of these kinds.
                if own == .letter || own == .digit {
                    hash = WordTable.hash(hash, value)
                    previous = own
                    followsReplacedPoint = false
                    continue
                }
                var isReplacedPoint = false
                switch own {
                case .letter, .digit: break
                case .space:
                    endWord(index)
                    start = index + 1
                case .separate: takeAlone(index)
                case .dash:
                    if previous == .digit { takeAlone(index) } else { hash = WordTable.hash(hash, value) }
                case .point:
                    isReplacedPoint = previous != nil && previous != .digit && !followsReplacedPoint
                    let isBeforeOther = index + 1 < text.count ? kind(text[index + 1]) != .digit : hasBorders
                    if isReplacedPoint || isBeforeOther { takeAlone(index) } else { hash = WordTable.hash(hash, value) }
                case .apostrophe:
                    if index + 1 < text.count, text[index + 1] == 0x73,
                        index + 2 == text.count || text[index + 2].isSeparatedByMteval
                    {
                        endWord(index)
                    }
                    hash = WordTable.hash(hash, value)
                }
                previous = own
                followsReplacedPoint = isReplacedPoint
            }
            endWord(text.count)
        }
    }
}

extension UInt32 {
    /// What mteval-v13a always separates: `{-~`, `[-\``, space to `&`, `(-+`, `:-@` and `/`.
    var isSeparatedByMteval: Bool {
        switch self {
        case 0x20...0x26, 0x28...0x2B, 0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    /// Its kind to mteval-v13a and Tercom.
    var westernKind: WordSplitter.Kind {
        if isSeparatedByMteval { return .separate }
        if isASCIIDigit { return .digit }
        return self == 0x2E || self == 0x2C ? .point : self == 0x2D ? .dash : .letter
    }
}
