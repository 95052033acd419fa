import Patterns

/// Passages of a row's values that a reply repeats.
enum Passage {
    /// How many bytes of a value a reply has to repeat for that to be no coincidence.
    private static let shortest = 8

    /// The bytes of a reply around a match that also stand, in a row, in one of the values; nil where there are none.
    ///
    /// The passage holds group 1, which is what is read, and has at least 8 bytes. The rest of the match need not be in it:
    /// a pattern such as `(?s).*rating: (\d+)` matches everything before, too. A word or number that goes on in the one
    /// and ends in the other is not the same: "rating: 1" does not repeat "rating: 10". The passage begins and ends between
    /// characters. Takes time in proportion to the length of the values.
    static func range(around match: Match, in reply: [UInt8], of values: [UnsafeRawBufferPointer]) -> Range<Int>? {
        guard let group = match.group1 else { return nil }
        let length = max(shortest, group.count)
        guard length <= reply.count else { return nil }
        let next = continuation(of: reply, at: group.upperBound)
        for value in values {
            for start in max(0, group.upperBound - length)...min(group.lowerBound, reply.count - length) {
                let passage = reply[start..<start + length]
                let found = offset(of: passage, in: value) { offset in
                    continuation(of: value, at: offset + group.upperBound - start) == next
                }
                if let found { return extended(start..<start + length, of: reply, at: found, of: value) }
            }
        }
        return nil
    }

    /// The letter or digit at a place of a text, by which what stands before it goes on.
    private static func continuation(of text: some Collection<UInt8>, at place: Int) -> UInt8? {
        guard let byte = text.dropFirst(place).first else { return nil }
        let isWord = byte >= 0x80 || byte &- UInt8(ascii: "0") < 10 || byte | 0x20 &- UInt8(ascii: "a") < 26
        return isWord ? byte : nil
    }

    /// Where some bytes, of which there are any, first stand in a value, at a place that `isMeant` agrees to.
    ///
    /// Linear in the length of the value (Karp and Rabin, 1987).
    static func offset(
        of bytes: ArraySlice<UInt8>, in value: UnsafeRawBufferPointer, where isMeant: (Int) -> Bool = { _ in true }
    ) -> Int? {
        let length = bytes.count
        guard length <= value.count else { return nil }
        let base: UInt64 = 0x100_0000_01B3
        var leadingPower: UInt64 = 1
        for _ in 1..<length { leadingPower &*= base }
        let wanted = bytes.reduce(0) { $0 &* base &+ UInt64($1) }
        var hash = value[..<length].reduce(0) { $0 &* base &+ UInt64($1) }
        var start = 0
        while true {
            if hash == wanted, value[start..<start + length].elementsEqual(bytes), isMeant(start) { return start }
            guard start + length < value.count else { return nil }
            hash = (hash &- UInt64(value[start]) &* leadingPower) &* base &+ UInt64(value[start + length])
            start += 1
        }
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
}
