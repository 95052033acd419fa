/// Numbers words, the same word always with the same number, from 0.
struct WordTable {
    private var slots: [UInt32] = Array(repeating: 0, count: 64)
    private var mask = 63
    /// The scalars of all words, one after the other, and where each ends.
    private var scalars: Scalars = []
    private var ends: [Int] = []

    var count: Int { ends.count }

    /// Forgets all words.
    mutating func removeAll() {
        // A table that one row has made large is not kept for the next.
        if slots.count > 1 << 16 {
            self = WordTable()
            return
        }
        if ends.isEmpty { return }
        for index in slots.indices { slots[index] = 0 }
        scalars.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// The word of a number.
    func word(_ number: UInt32) -> ArraySlice<UInt32> {
        let number = Int(number)
        return scalars[(number == 0 ? 0 : ends[number - 1])..<ends[number]]
    }

    /// The number of `text[range]`.
    mutating func number(of range: Range<Int>, in text: Scalars) -> UInt32 {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for index in range { hash = (hash ^ UInt64(text[index])) &* 0xFF51_AFD7_ED55_8CCD ^ hash >> 32 }
        var slot = Int(truncatingIfNeeded: hash ^ hash >> 29) & mask
        while slots[slot] != 0 {
            if isWord(Int(slots[slot]) - 1, range, text) { return slots[slot] - 1 }
            slot = (slot + 1) & mask
        }
        scalars += text[range]
        ends.append(scalars.count)
        slots[slot] = UInt32(ends.count)
        if 2 * ends.count > slots.count { grow() }
        return UInt32(ends.count - 1)
    }

    private func isWord(_ number: Int, _ range: Range<Int>, _ text: Scalars) -> Bool {
        let start = number == 0 ? 0 : ends[number - 1]
        guard ends[number] - start == range.count else { return false }
        for offset in 0..<range.count where scalars[start + offset] != text[range.lowerBound + offset] { return false }
        return true
    }

    private mutating func grow() {
        let words = (0..<ends.count).map { ($0 == 0 ? 0 : ends[$0 - 1])..<ends[$0] }
        let text = scalars
        mask = 2 * slots.count - 1
        slots = Array(repeating: 0, count: mask + 1)
        scalars.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        for word in words { _ = number(of: word, in: text) }
    }
}
