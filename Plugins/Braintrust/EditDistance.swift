import ScorerKit
import ScorerParameters

/// Distances between texts in code points: how many must be inserted, deleted or replaced to make one text of the other.
struct EditDistance {
    /// The pairs of code points that may still be compared for a row: with so many, it takes about a second.
    private var allowance = 1 << 34

    /// 1 − distance / longer length; 1 for two empty texts.
    ///
    /// - Throws: if a row's texts are too long to compare.
    mutating func similarity(_ one: String, _ other: String) throws(RowFault) -> Double {
        try similarity(Array(one.utf8)[...], Array(other.utf8)[...])
    }

    /// The same for the bytes of UTF-8 texts.
    mutating func similarity(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) throws(RowFault) -> Double {
        // In ASCII, each byte is a code point.
        if one.reduce(0, |) | other.reduce(0, |) < 0x80 { return try similarityOfSymbols(one, other) }
        return try similarityOfSymbols(
            Array(String(decoding: one, as: UTF8.self).unicodeScalars)[...],
            Array(String(decoding: other, as: UTF8.self).unicodeScalars)[...])
    }

    private mutating func similarityOfSymbols<Symbol: Hashable>(
        _ one: ArraySlice<Symbol>, _ other: ArraySlice<Symbol>
    ) throws(RowFault) -> Double {
        let longer = max(one.count, other.count)
        if longer == 0 { return 1 }
        return 1 - Double(try distance(one, other)) / Double(longer)
    }

    private mutating func distance<Symbol: Hashable>(
        _ one: ArraySlice<Symbol>, _ other: ArraySlice<Symbol>
    ) throws(RowFault) -> Int {
        var (short, long) = one.count <= other.count ? (one, other) : (other, one)
        // What both begin or end with costs nothing.
        let prefix = zip(short, long).prefix { $0 == $1 }.count
        (short, long) = (short.dropFirst(prefix), long.dropFirst(prefix))
        let suffix = zip(short.reversed(), long.reversed()).prefix { $0 == $1 }.count
        (short, long) = (short.dropLast(suffix), long.dropLast(suffix))
        if short.isEmpty { return long.count }
        let (cells, overflow) = ((short.count + 63) / 64 * 64).multipliedReportingOverflow(by: long.count)
        guard !overflow, cells <= allowance else {
            throw RowFault(
                .inputError,
                "the texts have \(one.count) and \(other.count) characters, too many to compute their distance")
        }
        allowance -= cells
        if let short = short as? ArraySlice<UInt8>, let long = long as? ArraySlice<UInt8>, short.count <= 64 {
            return Self.distance(ofFew: short, long)
        }
        return Self.bitParallelDistance(Array(short), long)
    }

    /// The algorithm of `bitParallelDistance` for one block of ASCII.
    private static func distance(ofFew pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Int {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 0x80) { masks in
            masks.initialize(repeating: 0)
            for (bit, letter) in pattern.enumerated() { masks[Int(letter)] |= 1 << UInt64(bit) }
            let last = UInt64(1) << UInt64(pattern.count - 1)
            var (positive, negative, score) = (UInt64.max, UInt64(0), pattern.count)
            for letter in text {
                let mask = masks[Int(letter)]
                let vertical = mask | negative
                let horizontal = (((mask & positive) &+ positive) ^ positive) | mask
                let positiveChange = negative | ~(horizontal | positive)
                let negativeChange = positive & horizontal
                score += positiveChange & last != 0 ? 1 : 0
                score -= negativeChange & last != 0 ? 1 : 0
                let shifted = positiveChange << 1 | 1
                positive = negativeChange << 1 | ~(vertical | shifted)
                negative = shifted & vertical
            }
            return score
        }
    }

    /// The algorithm of Myers (A fast bit-vector algorithm for approximate string matching, J. ACM 46, 1999), in the form of
    /// Hyyrö (2003), in blocks of 64 rows.
    private static func bitParallelDistance<Symbol: Hashable>(_ pattern: [Symbol], _ text: ArraySlice<Symbol>) -> Int {
        let blocks = (pattern.count + 63) / 64
        // For each code point of the pattern, the blocks in which it occurs: a row of all blocks for each would take memory in
        // proportion to the square of the length.
        var places: [Symbol: Int] = [:]
        var occurrences: [[(block: Int, mask: UInt64)]] = []
        for (index, symbol) in pattern.enumerated() {
            let (block, bit) = (index / 64, UInt64(1) << UInt64(index % 64))
            let place = places[symbol] ?? occurrences.count
            if place == occurrences.count {
                places[symbol] = place
                occurrences.append([])
            }
            let last = occurrences[place].count - 1
            if last >= 0, occurrences[place][last].block == block {
                occurrences[place][last].mask |= bit
            } else {
                occurrences[place].append((block, bit))
            }
        }
        var masks = [UInt64](repeating: 0, count: blocks)
        var positive = [UInt64](repeating: .max, count: blocks)
        var negative = [UInt64](repeating: 0, count: blocks)
        let last = UInt64(1) << UInt64((pattern.count - 1) % 64)
        var score = pattern.count
        for symbol in text {
            let here = places[symbol].map { occurrences[$0] } ?? []
            for (block, mask) in here { masks[block] = mask }
            // The change along the top row is +1.
            var (positiveCarry, negativeCarry): (UInt64, UInt64) = (1, 0)
            for block in 0..<blocks {
                let (mask, up, down) = (masks[block], positive[block], negative[block])
                let vertical = mask | down
                let matches = mask | negativeCarry
                let horizontal = (((matches & up) &+ up) ^ up) | matches
                var positiveChange = down | ~(horizontal | up)
                var negativeChange = up & horizontal
                if block == blocks - 1 {
                    if positiveChange & last != 0 { score += 1 }
                    if negativeChange & last != 0 { score -= 1 }
                }
                let (positiveOut, negativeOut) = (positiveChange >> 63, negativeChange >> 63)
                positiveChange = positiveChange << 1 | positiveCarry
                negativeChange = negativeChange << 1 | negativeCarry
                positive[block] = negativeChange | ~(vertical | positiveChange)
                negative[block] = positiveChange & vertical
                (positiveCarry, negativeCarry) = (positiveOut, negativeOut)
            }
            for (block, _) in here { masks[block] = 0 }
        }
        return score
    }
}
