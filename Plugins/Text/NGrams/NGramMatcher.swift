import ScorerParameters

/// Counts the n-grams that a text has in common with references, one order after the other.
///
/// Each n-gram gets a number, from that of the n-gram one shorter and the last symbol, so that no n-gram is compared as a
/// whole, and those that begin like none of a reference are not looked at again. Takes time linear in the length of the texts for each order, and some 40 bytes for each symbol of the text.
struct NGramMatcher {
    /// How many n-grams of the order are in both the text and each reference, each counted as often as in the one that has it
    /// less often.
    private(set) var matches: [Int] = []
    /// The same for the references together, where each n-gram counts as often as in the one that has it most often.
    private(set) var clipped = 0

    private var slots: [UInt32] = []
    /// The key of each n-gram number.
    private var keys: [UInt64] = []
    private var counts: [UInt32] = []
    private var inReference: [UInt32] = []
    private var most: [UInt32] = []
    /// The number of the n-gram that begins at each place.
    private var numbers: [UInt32] = []
    private var referenceNumbers: [[UInt32]] = []
    private var order = 0

    private static let unknown = UInt32.max

    /// Begins with order 1.
    mutating func begin(_ text: [UInt32], _ references: [[UInt32]]) {
        // What one row has made large is not kept for the next.
        if slots.count > 1 << 18 { self = NGramMatcher() }
        order = 0
        numbers.removeAll(keepingCapacity: true)
        numbers.append(contentsOf: repeatElement(0, count: text.count))
        while referenceNumbers.count < references.count { referenceNumbers.append([]) }
        for (index, reference) in references.enumerated() {
            referenceNumbers[index].removeAll(keepingCapacity: true)
            referenceNumbers[index].append(contentsOf: repeatElement(0, count: reference.count))
        }
        var size = 16
        while size < 2 * text.count { size *= 2 }
        if slots.count != size { slots = Array(repeating: 0, count: size) }
    }

    /// Counts the n-grams of the next order.
    mutating func next(_ text: [UInt32], _ references: [[UInt32]], _ watch: Watch) throws(RowFault) {
        order += 1
        count(text)
        try watch.note(4 * text.count)
        matches.removeAll(keepingCapacity: true)
        clipped = 0
        most.removeAll(keepingCapacity: true)
        most.append(contentsOf: repeatElement(0, count: keys.count))
        for (index, reference) in references.enumerated() {
            look(reference, index)
            try watch.note(4 * reference.count)
            var common = 0
            for number in 0..<keys.count {
                let both = min(counts[number], inReference[number])
                common += Int(both)
                if both > most[number] { most[number] = both }
            }
            matches.append(common)
        }
        for both in most { clipped += Int(both) }
        // A longer n-gram that begins like one which no reference has is in none either.
        let end = max(0, text.count - order + 1)
        numbers.withUnsafeMutableBufferPointer { numbers in
            for index in 0..<end where numbers[index] != Self.unknown && most[Int(numbers[index])] == 0 {
                numbers[index] = Self.unknown
            }
        }
    }

    private mutating func count(_ text: [UInt32]) {
        keys.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        let end = text.count - order + 1
        guard end > 0 else { return }
        let mask = slots.count - 1
        let shift = UInt64(64 - slots.count.trailingZeroBitCount)
        slots.withUnsafeMutableBufferPointer { slots in
            slots.update(repeating: 0)
            numbers.withUnsafeMutableBufferPointer { numbers in
                for index in 0..<end where numbers[index] != Self.unknown {
                    let key = UInt64(numbers[index]) << 32 | UInt64(text[index + order - 1])
                    var slot = Int(truncatingIfNeeded: (key &* Self.factor) >> shift)
                    while slots[slot] != 0, keys[Int(slots[slot]) - 1] != key { slot = (slot + 1) & mask }
                    if slots[slot] == 0 {
                        keys.append(key)
                        counts.append(0)
                        slots[slot] = UInt32(keys.count)
                    }
                    let number = slots[slot] - 1
                    counts[Int(number)] += 1
                    numbers[index] = number
                }
            }
        }
    }

    /// Spreads keys over the slots: 2^64 divided by the golden ratio (D. E. Knuth, The Art of Computer Programming, volume 3,
    /// section 6.4).
    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Counts those n-grams of a reference that the text has.
    private mutating func look(_ reference: [UInt32], _ place: Int) {
        inReference.removeAll(keepingCapacity: true)
        inReference.append(contentsOf: repeatElement(0, count: keys.count))
        let end = reference.count - order + 1
        guard end > 0, !keys.isEmpty else { return }
        let mask = slots.count - 1
        let shift = UInt64(64 - slots.count.trailingZeroBitCount)
        referenceNumbers[place].withUnsafeMutableBufferPointer { numbers in
            for index in 0..<end where numbers[index] != Self.unknown {
                let key = UInt64(numbers[index]) << 32 | UInt64(reference[index + order - 1])
                var slot = Int(truncatingIfNeeded: (key &* Self.factor) >> shift)
                while slots[slot] != 0, keys[Int(slots[slot]) - 1] != key { slot = (slot + 1) & mask }
                if slots[slot] == 0 {
                    numbers[index] = Self.unknown
                    continue
                }
                let number = slots[slot] - 1
                inReference[Int(number)] += 1
                numbers[index] = number
            }
        }
    }
}
