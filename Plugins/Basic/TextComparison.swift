/// Compares two texts after a normalisation, without building the normalised texts.
///
/// Time is linear in the length of the texts; nothing is allocated for ASCII.
enum TextComparison {
    /// Whether the texts are equal under full Unicode case folding: `Straße` equals `STRASSE`.
    ///
    /// The standard library has no case folding, so each scalar is lower-cased, upper-cased and lower-cased again with
    /// the full mappings. The result differs from CaseFolding.txt (statuses C and F) for one scalar, the dotless ı,
    /// which is therefore treated separately: it folds to itself, as İ folds to i and a combining dot.
    static func equalFoldingCase(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        var leftFolding = CaseFolding()
        var rightFolding = CaseFolding()
        while true {
            let (a, b) = (leftFolding.next(in: left), rightFolding.next(in: right))
            guard a == b else { return false }
            if a == nil { return true }
        }
    }

    /// Whether the texts are equal after trimming white space and replacing each run of it by one space.
    static func equalCollapsingWhiteSpace(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        var leftWords = WhiteSpaceCollapsing(left)
        var rightWords = WhiteSpaceCollapsing(right)
        while true {
            let (a, b) = (leftWords.next(in: left), rightWords.next(in: right))
            guard a == b else { return false }
            if a == nil { return true }
        }
    }
}

/// The scalars of a text after case folding, one at a time.
private struct CaseFolding {
    private var offset = 0
    /// The rest of the folding of a non-ASCII scalar.
    private var pending: [Unicode.Scalar] = []

    @inline(__always)
    mutating func next(in text: Span<UInt8>) -> UInt32? {
        if pending.isEmpty, offset < text.count, text[offset] < 0x80 {
            let byte = text[offset]
            offset += 1
            return UInt32(byte &- 0x41 < 26 ? byte | 0x20 : byte)
        }
        return nextBeyondASCII(in: text)
    }

    private mutating func nextBeyondASCII(in text: Span<UInt8>) -> UInt32? {
        if !pending.isEmpty { return pending.removeFirst().value }
        guard offset < text.count else { return nil }
        let decoded = text.scalar(at: offset)
        offset += decoded.length
        let properties = decoded.scalar.properties
        guard properties.changesWhenCaseMapped, decoded.scalar != "ı" else { return decoded.scalar.value }
        for lower in properties.lowercaseMapping.unicodeScalars {
            for upper in lower.properties.uppercaseMapping.unicodeScalars {
                pending.append(contentsOf: upper.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return pending.removeFirst().value
    }
}

/// The bytes of a text with white space trimmed and each run of it replaced by one space.
private struct WhiteSpaceCollapsing {
    private var offset: Int
    private let end: Int
    /// Bytes before this offset belong to a scalar that is known not to be white space.
    private var scalarEnd: Int

    init(_ text: Span<UInt8>) {
        let range = text.rangeWithoutOuterWhiteSpace(in: 0..<text.count)
        (offset, end, scalarEnd) = (range.lowerBound, range.upperBound, range.lowerBound)
    }

    mutating func next(in text: Span<UInt8>) -> UInt8? {
        guard offset < end else { return nil }
        if offset >= scalarEnd {
            let runStart = offset
            while offset < end {
                let decoded = text.scalar(at: offset)
                scalarEnd = offset + decoded.length
                guard decoded.scalar.isWhiteSpace else { break }
                offset = scalarEnd
            }
            // Trailing white space was trimmed, so something follows the run.
            if offset > runStart { return 0x20 }
        }
        offset += 1
        return text[offset - 1]
    }
}
