import ScorerParameters

/// Longest common subsequences, 64 places at a time (H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
///
/// Takes time of the product of both lengths, divided by 64.
struct CommonSubsequence {
    /// Where the words are in the second text: the places of one word after those of another, each in ascending order, and
    /// where those of each word start.
    private var places: [Int] = []
    private var starts: [Int]
    /// The places of a word as bits, one word after the other, for words whose number in `maskOf` is not 0, from 1.
    private var masks: [UInt64] = []
    private var maskOf: [UInt32]
    private let second: [UInt32]
    private var count: Int { second.count }
    private var bits: [UInt64]
    /// Of `indices`: the bits after each word of the first text.
    private var rows: [UInt64] = []

    /// Up to so many integers, the places of all words are kept as bits.
    private static let fewMasks = 1 << 12

    /// - Parameters:
    ///   - second: the second text.
    ///   - wordCount: numbers of words are below it.
    init(_ second: some RandomAccessCollection<UInt32>, wordCount: Int) {
        self.second = Array(second)
        let width = (second.count + 63) / 64
        bits = Array(repeating: .max, count: width)
        starts = Array(repeating: 0, count: wordCount + 1)
        maskOf = Array(repeating: 0, count: wordCount)
        if wordCount * width <= Self.fewMasks {
            // As many masks as words, so that nothing else is needed.
            masks = Array(repeating: 0, count: wordCount * width)
            for word in 0..<wordCount { maskOf[word] = UInt32(word + 1) }
            for (place, word) in second.enumerated() {
                masks[Int(word) * width + place >> 6] |= 1 << UInt64(place & 63)
            }
            return
        }
        for word in second { starts[Int(word) + 1] += 1 }
        for word in 0..<wordCount { starts[word + 1] += starts[word] }
        var next = starts
        places = Array(repeating: 0, count: second.count)
        for (place, word) in second.enumerated() {
            places[next[Int(word)]] = place
            next[Int(word)] += 1
        }
        // Words that are at so many places that bits are shorter. Fewer than 64 words can be so frequent.
        for word in 0..<wordCount where starts[word + 1] - starts[word] > max(64, width) {
            let start = masks.count
            masks += repeatElement(0, count: width)
            maskOf[word] = UInt32(masks.count / width)
            for place in places[starts[word]..<starts[word + 1]] {
                masks[start + place >> 6] |= 1 << UInt64(place & 63)
            }
        }
    }

    /// Takes a word of the first text. A bit becomes 0 where the subsequence grows.
    private mutating func take(_ word: UInt32) {
        let mask = Int(maskOf[Int(word)])
        if mask > 0 { return takeMask((mask - 1) * bits.count) }
        var next = starts[Int(word)]
        let end = starts[Int(word) + 1]
        var carry: UInt64 = 0
        var index = next == end ? bits.count : places[next] >> 6
        while index < bits.count {
            var mask: UInt64 = 0
            while next < end, places[next] >> 6 == index {
                mask |= 1 << UInt64(places[next] & 63)
                next += 1
            }
            if mask == 0, carry == 0 {
                // Nothing changes before the next place.
                guard next < end else { break }
                index = places[next] >> 6
                continue
            }
            carry = add(mask, carry, at: index)
            index += 1
        }
    }

    private mutating func takeMask(_ start: Int) {
        var carry: UInt64 = 0
        for index in bits.indices { carry = add(masks[start + index], carry, at: index) }
    }

    /// The step of the algorithm for 64 places; returns the carry.
    @inline(__always)
    private mutating func add(_ mask: UInt64, _ carry: UInt64, at index: Int) -> UInt64 {
        let old = bits[index]
        let matching = old & mask
        let (sum, overflow) = old.addingReportingOverflow(matching)
        let (total, second) = sum.addingReportingOverflow(carry)
        bits[index] = total | (old & ~matching)
        return overflow || second ? 1 : 0
    }

    /// The length of the longest common subsequence with a first text.
    mutating func length(_ first: ScalarSlice, _ watch: Watch) throws(RowFault) -> Int {
        for word in first {
            take(word)
            try watch.note(bits.count + 1)
        }
        return zeros(in: bits[...], before: count)
    }

    /// The places in the first text of one longest common subsequence: that which rouge-score finds.
    mutating func indices(_ words: [UInt32], _ watch: Watch) throws(RowFault) -> [Int] {
        rows.removeAll(keepingCapacity: true)
        rows.reserveCapacity(words.count * bits.count)
        for word in words {
            take(word)
            rows += bits
            try watch.note(2 * bits.count + 1)
        }
        // From the end: `length` is the length for the first `row` words of one and the first `column` of the other.
        var indices: [Int] = []
        var (row, column) = (words.count, count)
        var length = row > 0 ? self.length(afterRow: row, before: column) : 0
        while row > 0, column > 0 {
            if words[row - 1] == second[column - 1] {
                indices.append(row - 1)
                row -= 1
                column -= 1
                length -= 1
                continue
            }
            let left = length - (isZero(row, column - 1) ? 1 : 0)
            let above = row > 1 ? self.length(afterRow: row - 1, before: column) : 0
            if left > above {
                column -= 1
                length = left
            } else {
                row -= 1
                length = above
            }
        }
        return indices
    }

    private func isZero(_ row: Int, _ column: Int) -> Bool {
        rows[(row - 1) * bits.count + column >> 6] >> UInt64(column & 63) & 1 == 0
    }

    private func length(afterRow row: Int, before column: Int) -> Int {
        zeros(in: rows[(row - 1) * bits.count..<row * bits.count], before: column)
    }

    private func zeros(in row: ArraySlice<UInt64>, before column: Int) -> Int {
        var zeros = 0
        for index in 0..<(column + 63) / 64 {
            let isCut = 64 * (index + 1) > column
            let mask: UInt64 = isCut ? (1 << UInt64(column & 63)) - 1 : .max
            zeros += (~row[row.startIndex + index] & mask).nonzeroBitCount
        }
        return zeros
    }
}
