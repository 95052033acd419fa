import ScorerParameters

/// Longest common subsequences, 64 places at a time (H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
///
/// Takes time of the product of both lengths, divided by 64.
struct CommonSubsequence {
    /// Where each word is in the second text: word number, then places, in ascending order.
    private var places: [[Int]] = []
    /// The same as bits, for words that are at so many places that this is shorter.
    private var masks: [UInt32: [UInt64]] = [:]
    private let count: Int
    private var bits: [UInt64]
    /// Of `indices`: the bits after each word of the first text.
    private var rows: [UInt64] = []

    /// - Parameters:
    ///   - second: the second text.
    ///   - wordCount: numbers of words are below it.
    init(_ second: ArraySlice<UInt32>, wordCount: Int) {
        count = second.count
        bits = Array(repeating: .max, count: (count + 63) / 64)
        places = Array(repeating: [], count: wordCount)
        for (place, word) in second.enumerated() { places[Int(word)].append(place) }
        // Fewer than 64 words can be so frequent.
        for (word, places) in places.enumerated() where places.count > max(64, bits.count) {
            var mask = [UInt64](repeating: 0, count: bits.count)
            for place in places { mask[place >> 6] |= 1 << UInt64(place & 63) }
            masks[UInt32(word)] = mask
        }
    }

    /// Takes a word of the first text. A bit becomes 0 where the subsequence grows.
    private mutating func take(_ word: UInt32) {
        if !masks.isEmpty, let mask = masks[word] { return take(mask) }
        let places = places[Int(word)]
        var next = 0
        var carry: UInt64 = 0
        var index = places.isEmpty ? bits.count : places[0] >> 6
        while index < bits.count {
            var mask: UInt64 = 0
            while next < places.count, places[next] >> 6 == index {
                mask |= 1 << UInt64(places[next] & 63)
                next += 1
            }
            if mask == 0, carry == 0 {
                // Nothing changes before the next place.
                guard next < places.count else { break }
                index = places[next] >> 6
                continue
            }
            let old = bits[index]
            let matching = old & mask
            let (sum, overflow) = old.addingReportingOverflow(matching)
            let (total, second) = sum.addingReportingOverflow(carry)
            carry = overflow || second ? 1 : 0
            bits[index] = total | (old & ~matching)
            index += 1
        }
    }

    private mutating func take(_ mask: [UInt64]) {
        var carry: UInt64 = 0
        for index in bits.indices {
            let old = bits[index]
            let matching = old & mask[index]
            let (sum, overflow) = old.addingReportingOverflow(matching)
            let (total, second) = sum.addingReportingOverflow(carry)
            carry = overflow || second ? 1 : 0
            bits[index] = total | (old & ~matching)
        }
    }

    /// The length of the longest common subsequence with a first text.
    mutating func length(_ first: ArraySlice<UInt32>, _ watch: Watch) throws(RowFault) -> Int {
        for word in first {
            take(word)
            try watch.note(bits.count + 1)
        }
        return zeros(in: bits[...], before: count)
    }

    /// The places in the first text of one longest common subsequence: that which rouge-score finds.
    mutating func indices(_ first: ArraySlice<UInt32>, _ watch: Watch) throws(RowFault) -> [Int] {
        rows.removeAll(keepingCapacity: true)
        rows.reserveCapacity(first.count * bits.count)
        for word in first {
            take(word)
            rows += bits
            try watch.note(2 * bits.count + 1)
        }
        let words = Array(first)
        var second = Array(repeating: UInt32.max, count: count)
        for word in Set(words) { for place in places[Int(word)] { second[place] = word } }
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
