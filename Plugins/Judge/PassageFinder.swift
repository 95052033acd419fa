import JSON

/// Finds what a reply repeats from the values of its row, within a bounded amount of work.
///
/// Once the work is used up, nothing is found any more, and `isExhausted` says so.
struct PassageFinder {
    /// How many bytes of a value a reply has to repeat for that to be no coincidence.
    static let shortest = 8

    private let values: [UnsafeRawBufferPointer]
    /// How many bytes may still be looked at.
    private var allowance: Int

    var isExhausted: Bool { allowance < 0 }

    /// - Parameters:
    ///   - values: the row's values that its prompt holds.
    ///   - replyLength: the bytes of the reply.
    ///   - leastAllowance: how many bytes may be looked at, however short the texts are. Long ones allow more, so that it
    ///     is always enough for one match.
    init(_ values: [UnsafeRawBufferPointer], replyLength: Int, leastAllowance: Int) {
        self.values = values
        allowance = max(leastAllowance, 16 * values.reduce(replyLength + Self.shortest) { $0 + $1.count })
    }

    // MARK: Bytes

    /// The bytes of a reply around `group` that also stand, in a row, in one of the values; nil where there are none.
    ///
    /// The passage holds group 1 of a match, which is what is read, and has at least 8 bytes. The rest of the match need
    /// not be in it: a pattern such as `(?s).*rating: (\d+)` matches everything before, too. A word or number that goes on
    /// in the one and ends in the other is not the same: "rating: 1" does not repeat "rating: 10". The passage begins and
    /// ends between characters. Takes time in proportion to the length of the values and the group.
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

    /// Whether some bytes stand in one of the values.
    mutating func contains(_ bytes: ArraySlice<UInt8>) -> Bool {
        for value in values where offset(of: bytes, in: value) != nil { return true }
        return false
    }

    /// Where some bytes first stand in a value, at a place that `isMeant` agrees to.
    ///
    /// Takes time in proportion to the two lengths, whatever `isMeant` says (Knuth, Morris and Pratt, 1977).
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

    /// For each prefix of some bytes, by its last one, how long its longest border is: a part, not the whole, that it
    /// begins and ends with.
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

    /// The letter or digit at a place of a text, by which what stands before it goes on.
    private static func continuation(of text: some Collection<UInt8>, at place: Int) -> UInt8? {
        guard let byte = text.dropFirst(place).first else { return nil }
        let isWord = byte >= 0x80 || byte &- UInt8(ascii: "0") < 10 || byte | 0x20 &- UInt8(ascii: "a") < 26
        return isWord ? byte : nil
    }

    /// The range as far as the reply and the value agree on both sides of it, and then out to whole characters.
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

    /// Whether an object that is equal to one, given as JSON text, stands anywhere in one of the values, however it is
    /// written there.
    mutating func containsObject(equalTo object: [UInt8]) -> Bool {
        var parser = JSONParser()
        // An equal object has no more objects, one in the other, than braces are here.
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

    /// Where the braces and strings of what may be an object, which begins at `start`, are closed.
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
