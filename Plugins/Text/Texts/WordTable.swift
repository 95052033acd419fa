/// Numbers words, the same word always with the same number, from 0.
struct WordTable: ~Copyable {
    private struct Word: BitwiseCopyable {
        var hash: UInt64
        var start: Int
        var count: Int
        var slot: Int
    }

    /// The number of the word at a place, plus 1; or 0. At most half of them are taken.
    private var slots = Buffer<UInt32>()
    private var words = Buffer<Word>()
    /// The scalars of all words, one after the other.
    private var scalars = Buffer<UInt32>()

    /// The hash of a word without scalars, from which that of others is made with `hash`.
    static var emptyHash: UInt64 { 0xCBF2_9CE4_8422_2325 }

    /// The hash of a word with one more scalar (after FNV-1a). Its upper bits depend on all scalars.
    @inline(__always)
    static func hash(_ hash: UInt64, _ value: UInt32) -> UInt64 { (hash ^ UInt64(value)) &* 0x9E37_79B9_7F4A_7C15 }

    @inline(__always)
    static func hash(of word: ScalarSlice) -> UInt64 { word.reduce(emptyHash, hash) }

    var count: Int { words.count }

    /// Forgets all words.
    mutating func removeAll() {
        for word in words.values { slots[word.slot] = 0 }
        words.removeAll()
        scalars.removeAll()
        // A table that one row has made large is not kept for the next.
        if slots.count > 1 << 16 { slots.fill(64, with: 0) }
    }

    /// The word of a number. Valid until the next word is added.
    func word(_ number: UInt32) -> ScalarSlice {
        let word = words[Int(number)]
        return ScalarSlice(rebasing: scalars.values[word.start..<word.start + word.count])
    }

    /// The number of a word.
    mutating func number(of word: ScalarSlice) -> UInt32 { number(of: word, hash: Self.hash(of: word)) }

    /// The number of a word whose hash is known.
    @inline(never)
    mutating func number(of word: ScalarSlice, hash: UInt64) -> UInt32 {
        if 2 * words.count >= slots.count { grow() }
        var slot = Self.slot(hash, slots.count)
        while true {
            let taken = slots[slot]
            if taken == 0 { break }
            let known = words[Int(taken) - 1]
            if known.hash == hash, known.count == word.count, isEqual(word, at: known.start) { return taken - 1 }
            slot = (slot + 1) & (slots.count - 1)
        }
        words.append(Word(hash: hash, start: scalars.count, count: word.count, slot: slot))
        scalars.append(contentsOf: word)
        slots[slot] = UInt32(words.count)
        return UInt32(words.count - 1)
    }

    @inline(__always)
    private func isEqual(_ word: ScalarSlice, at start: Int) -> Bool {
        for index in word.indices where scalars[start + index] != word[index] { return false }
        return true
    }

    /// The place of a hash among a power of two of slots, at least two.
    @inline(__always)
    private static func slot(_ hash: UInt64, _ count: Int) -> Int {
        Int(truncatingIfNeeded: hash >> UInt64(64 - count.trailingZeroBitCount))
    }

    @inline(never)
    private mutating func grow() {
        slots.fill(max(64, 2 * slots.count), with: 0)
        for number in 0..<words.count {
            var slot = Self.slot(words[number].hash, slots.count)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(number + 1)
            words[number].slot = slot
        }
    }
}
