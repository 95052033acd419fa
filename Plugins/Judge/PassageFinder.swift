import JSON

/// Finds passages that a reply repeats from the values of its row, within a bounded amount of work.
///
/// Once that amount is used up, nothing more is found and `isExhausted` is true.
struct PassageFinder {
    /// How many bytes of a value a reply must repeat for it not to be a coincidence.
    static let shortest = 8

    private let values: [UnsafeRawBufferPointer]
    /// The number of bytes that may still be looked at.
    private var allowance: Int

    var isExhausted: Bool { allowance < 0 }

    /// - Parameters:
    ///   - values: the row's values that its prompt contains.
    ///   - replyLength: the length of the reply in bytes.
    ///   - leastAllowance: the number of bytes that may be looked at however short the texts are. Long texts allow
    ///     more, so that it is always enough for one match.
    init(_ values: [UnsafeRawBufferPointer], replyLength: Int, leastAllowance: Int) {
        self.values = values
        allowance = max(leastAllowance, 16 * values.reduce(replyLength + Self.shortest) { $0 + $1.count })
    }

    // MARK: Bytes

    /// The contiguous bytes of a reply around `group` that also occur in one of the values; nil if there are none.
    ///
    /// The passage contains group 1 of a match, which is what is read, and has at least 8 bytes. It need not contain
    /// the rest of the match: a pattern such as `(?s).*rating: (\d+)` also matches everything before. A word or number
    /// that continues in one text and ends in the other is not the same: "rating: 1" does not repeat "rating: 10". The
    /// passage begins and ends between characters. The time is proportional to the length of the values and the group.
    mutating func range(around group: Range<Int>, in reply: [UInt8]) -> Range<Int>? {
        let length = max(Self.shortest, group.count)
        guard length <= reply.count else { return nil }
        let next = Self.continuation(of: reply, at: group.upperBound)
        for value in values {
            for start in max(0, group.upperBound - length)...min(group.lowerBound, reply.count - length) {
                let found = offset(of: reply[start..<start + length], in: value) { offset in
                    Self.continuation(of: value, at: offset + group.upperBound - start) == next
                }
                if let found { return Self.extended(start..<start + length, of: reply, at: found, of: value) }
            }
        }
        return nil
    }

    /// Whether one of the values contains the bytes.
    mutating func contains(_ bytes: ArraySlice<UInt8>) -> Bool {
        for value in values where offset(of: bytes, in: value) != nil { return true }
        return false
    }

    /// The first occurrence of the bytes in a value that `isMeant` accepts.
    ///
    /// The time is proportional to the two lengths, whatever `isMeant` returns (Knuth, Morris and Pratt, 1977).
    private mutating func offset(
        of bytes: ArraySlice<UInt8>, in value: UnsafeRawBufferPointer, where isMeant: (Int) -> Bool = { _ in true }
    ) -> Int? {
        guard !bytes.isEmpty, bytes.count <= value.count, !isExhausted else { return nil }
        allowance -= bytes.count + value.count
        if isExhausted { return nil }
        return bytes.withUnsafeBufferPointer { wanted in
            let borders = Self.borders(of: wanted)
            var matched = 0
            for (position, byte) in value.enumerated() {
                while matched > 0, matched == wanted.count || wanted[matched] != byte { matched = borders[matched - 1] }
                if wanted[matched] == byte { matched += 1 }
                if matched == wanted.count, isMeant(position + 1 - matched) { return position + 1 - matched }
            }
            return nil
        }
    }

    /// The length of the longest border of each prefix, by the index of its last byte. A border is a proper part that
    /// the prefix both begins and ends with.
    private static func borders(of bytes: UnsafeBufferPointer<UInt8>) -> [Int] {
        var borders = [Int](repeating: 0, count: bytes.count)
        var length = 0
        for position in bytes.indices.dropFirst() {
            while length > 0, bytes[length] != bytes[position] { length = borders[length - 1] }
            if bytes[length] == bytes[position] { length += 1 }
            borders[position] = length
        }
        return borders
    }

    /// The letter or digit at a place of a text, which continues the word or number before it.
    private static func continuation(of text: some Collection<UInt8>, at place: Int) -> UInt8? {
        guard let byte = text.dropFirst(place).first else { return nil }
        let isWord = byte >= 0x80 || byte &- UInt8(ascii: "0") < 10 || byte | 0x20 &- UInt8(ascii: "a") < 26
        return isWord ? byte : nil
    }

    /// The range extended in both directions as far as the reply and the value agree, and then to whole characters.
    private static func extended(
        _ range: Range<Int>, of reply: [UInt8], at offset: Int, of value: UnsafeRawBufferPointer
    ) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        let distance = offset - start
        while start > 0, start + distance > 0, reply[start - 1] == value[start + distance - 1] { start -= 1 }
        while end < reply.count, end + distance < value.count, reply[end] == value[end + distance] { end += 1 }
        func isInside(_ position: Int) -> Bool { position < reply.count && reply[position] & 0xC0 == 0x80 }
        while isInside(start) { start -= 1 }
        while isInside(end) { end += 1 }
        return start..<end
    }

    // MARK: JSON

    /// Whether one of the values contains an object equal to the given JSON text, in whatever notation.
    mutating func containsObject(equalTo object: [UInt8]) -> Bool {
        var parser = JSONParser()
        // An equal object is not nested more deeply than there are braces here.
        let depth = object.count { $0 == UInt8(ascii: "{") }
        for value in values {
            for start in value.indices where value[start] == UInt8(ascii: "{") {
                guard let end = endOfObject(from: start, in: value, greatestDepth: depth) else { continue }
                if isExhausted { return false }
                allowance -= object.count
                let isEqual = object.withUnsafeBytes { object in
                    try? parser.areEqual(object, UnsafeRawBufferPointer(rebasing: value[start..<end]))
                }
                if isEqual == true { return true }
            }
        }
        return false
    }

    /// The place where the braces and strings of a possible object that begins at `start` are closed.
    private mutating func endOfObject(
        from start: Int, in value: UnsafeRawBufferPointer, greatestDepth: Int
    ) -> Int? {
        var depth = 0
        var isString = false
        var position = start
        defer { allowance -= position - start + 1 }
        while position < value.count, position - start <= allowance {
            switch value[position] {
            case UInt8(ascii: "\\") where isString: position += 1
            case UInt8(ascii: "\""): isString.toggle()
            case UInt8(ascii: "{") where !isString:
                depth += 1
                if depth > greatestDepth { return nil }
                // Nothing else can follow in an object.
                let next = value[(position + 1)...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
                guard next == UInt8(ascii: "\"") || next == UInt8(ascii: "}") else { return nil }
            case UInt8(ascii: "}") where !isString:
                depth -= 1
                if depth == 0 { return position + 1 }
            default: break
            }
            position += 1
        }
        return nil
    }
}
