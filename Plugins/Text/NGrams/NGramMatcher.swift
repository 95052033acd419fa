import ScorerParameters

/// Counts the n-grams that texts have in common, of all orders at once.
///
/// The places of the texts are sorted by the n-gram of the highest order that begins there, one symbol after the other
/// (counting sort from the last symbol), so that equal n-grams of every order are neighbours. Takes time linear in the length of
/// the texts for each order, and some 20 bytes for each symbol.
struct NGramMatcher: ~Copyable {
    /// The symbols of all texts. `order` zeros follow each text; its own symbols are not 0.
    private var symbols = Buffer<UInt32>()
    /// The text of each symbol, and where each text starts and ends in `symbols`.
    private var texts = Buffer<UInt32>()
    private var starts = Buffer<Int>()
    private var ends = Buffer<Int>()
    /// The places that have a symbol, sorted so far, and memory for the next pass.
    private var places = Buffer<UInt32>()
    private var sorted = Buffer<UInt32>()
    /// How often each symbol is at the offset of a pass, and where the next one with a symbol goes.
    private var frequencies = Buffer<Int32>()
    private var targets = Buffer<UInt32>()
    /// The n-gram at each place, from the upper bits on, where a symbol has so few bits that it fits.
    private var keys = Buffer<UInt64>()
    private var hasKeys = false
    private var bits = 1
    /// 2^16 / `bits`, rounded up: the quotient of up to 64 by `bits` is the product shifted by 16.
    private var reciprocal = 1 << 16
    private var order = 1
    /// Symbols of the first text are at most this; the one above it stands for all others.
    private var known: UInt32 = 0

    // MARK: Two texts

    /// Counts, by order, the n-grams that are in both an answer and a reference, each as often as in the one that has it less
    /// often.
    ///
    /// - Parameter matches: receives a number for each order.
    mutating func match(
        _ answer: ScalarSlice, _ reference: ScalarSlice, into matches: UnsafeMutableBufferPointer<Double>,
        _ watch: Watch
    ) throws(RowFault) {
        begin(order: matches.count)
        add(answer)
        known = symbols.values.reduce(0, max)
        add(reference)
        try watch.note(4 * symbols.count)
        makeKeys()
        try sort(watch)
        for first in stride(from: 0, to: matches.count, by: Lanes.scalarCount) {
            let counts = countMatches(firstOrder: first)
            for lane in 0..<min(Lanes.scalarCount, matches.count - first) {
                matches[first + lane] = Double(counts[lane])
            }
            try watch.note(4 * symbols.count)
        }
    }

    /// Counts of n-grams of some orders, each in a lane.
    private typealias Lanes = SIMD8<Int32>

    /// For each number of lanes from the first on, ones in them and zeros in the others.
    private static let ones = (0...Lanes.scalarCount).map { count in
        Lanes((0..<Lanes.scalarCount).map { $0 < count ? 1 : 0 })
    }

    /// The difference of both has its sign spread over the lane, which every processor does at once for several lanes.
    @inline(__always)
    private func minimum(_ one: Lanes, _ other: Lanes) -> Lanes {
        let difference = other &- one
        return one &+ (difference & (difference &>> 31))
    }

    /// Walks along the sorted places. Where a place shares fewer symbols with the one before it, the n-grams of the orders above
    /// are counted: no further place has them.
    private func countMatches(firstOrder: Int) -> Lanes {
        var (inAnswer, inReference, total) = (Lanes.zero, Lanes.zero, Lanes.zero)
        let (answerEnd, referenceEnd) = (ends[0], ends[1])
        var previous = places.isEmpty ? 0 : Int(places[0])
        Self.ones.withUnsafeBufferPointer { ones in
            func lanes(_ count: Int) -> Int { max(0, min(count - firstOrder, Lanes.scalarCount)) }
            for place in places.values {
                let place = Int(place)
                let kept = Lanes.zero &- ones[lanes(sharedSymbols(previous, place))]
                total &+= minimum(inAnswer, inReference) & ~kept
                // N-grams that would reach over the end of the text are none.
                let isInAnswer = place < answerEnd
                inAnswer = (inAnswer & kept) &+ ones[isInAnswer ? lanes(answerEnd - place) : 0]
                inReference = (inReference & kept) &+ ones[isInAnswer ? 0 : lanes(referenceEnd - place)]
                previous = place
            }
        }
        return total &+ minimum(inAnswer, inReference)
    }

    // MARK: Several references

    /// Counts, by order, the n-grams of the first text that are in the others, each at most as often as in the one that has it
    /// most often.
    ///
    /// - Parameter matches: receives a number for each order.
    mutating func clip(
        _ texts: borrowing NumberedTexts, into matches: UnsafeMutableBufferPointer<Double>, _ watch: Watch
    ) throws(RowFault) {
        if texts.count == 2 { return try match(texts[0], texts[1], into: matches, watch) }
        for order in 1...matches.count {
            begin(order: order)
            add(texts[0])
            known = symbols.values.reduce(0, max)
            for reference in 1..<texts.count { add(texts[reference]) }
            try watch.note(4 * symbols.count)
            makeKeys()
            try sort(watch)
            matches[order - 1] = Double(clippedMatches())
        }
    }

    /// Walks along the sorted places of one order. Those of the same n-gram are in the order of their texts.
    private func clippedMatches() -> Int {
        var (total, inAnswer, inReference, most) = (0, 0, 0, 0)
        var text: UInt32 = 0
        var previous = places.isEmpty ? 0 : Int(places[0])
        func endText() {
            most = max(most, inReference)
            inReference = 0
        }
        func endNGram() {
            endText()
            total += min(inAnswer, most)
            (inAnswer, most) = (0, 0)
        }
        for place in places.values {
            let place = Int(place)
            if sharedSymbols(previous, place) < order { endNGram() }
            previous = place
            if texts[place] != text { endText() }
            text = texts[place]
            guard ends[Int(text)] - place >= order else { continue }
            if text == 0 { inAnswer += 1 } else { inReference += 1 }
        }
        endNGram()
        return total
    }

    // MARK: Texts

    private mutating func begin(order: Int) {
        self.order = order
        known = .max - 1
        symbols.removeAll()
        texts.removeAll()
        starts.removeAll()
        ends.removeAll()
        places.removeAll()
        sorted.removeAll()
        keys.removeAll()
    }

    /// Adds a text. Numbers that the first text does not have become one symbol.
    private mutating func add(_ text: ScalarSlice) {
        let (own, start) = (starts.count, symbols.count)
        let (known, order) = (known, order)
        starts.append(start)
        ends.append(start + text.count)
        places.append(capacity: text.count) { places in
            for index in places.indices { places[index] = UInt32(truncatingIfNeeded: start + index) }
            return places.count
        }
        symbols.append(capacity: text.count + order) { symbols in
            for index in text.indices { symbols[index] = min(text[index], known) &+ 1 }
            for index in text.count..<text.count + order { symbols[index] = 0 }
            return symbols.count
        }
        texts.append(capacity: text.count + order) { texts in
            texts.update(repeating: UInt32(truncatingIfNeeded: own))
            return texts.count
        }
    }

    private mutating func makeKeys() {
        bits = UInt32.bitWidth - (known + 1).leadingZeroBitCount
        reciprocal = (1 << 16) / bits + 1
        hasKeys = bits * order <= UInt64.bitWidth
        guard hasKeys else { return }
        keys.resize(symbols.count)
        let mask = UInt64.max << UInt64(UInt64.bitWidth - bits * order)
        let (shift, top) = (UInt64(bits), UInt64(UInt64.bitWidth - bits))
        var key: UInt64 = 0
        for place in stride(from: symbols.count - 1, through: 0, by: -1) {
            key = key &>> shift | UInt64(symbols[place]) &<< top
            keys[place] = key & mask
        }
    }

    /// How many symbols the n-grams at two places share from their start on.
    @inline(__always)
    private func sharedSymbols(_ one: Int, _ other: Int) -> Int {
        if hasKeys {
            let difference = keys[one] ^ keys[other]
            return difference == 0 ? order : (difference.leadingZeroBitCount &* reciprocal) >> 16
        }
        var shared = 0
        while shared < order, symbols[one + shared] == symbols[other + shared] { shared += 1 }
        return shared
    }

    /// Sorts the places by their n-grams; those of the same n-gram stay in their order.
    private mutating func sort(_ watch: Watch) throws(RowFault) {
        let symbolCount = Int(known) + 2
        sorted.resize(places.count)
        frequencies.fill(symbolCount, with: 0)
        targets.resize(symbolCount)
        for place in places.values { frequencies[Int(symbols[Int(place) + order - 1])] += 1 }
        for offset in stride(from: order - 1, through: 0, by: -1) {
            var target: UInt32 = 0
            for symbol in 0..<symbolCount {
                targets[symbol] = target
                target &+= UInt32(truncatingIfNeeded: frequencies[symbol])
            }
            let (symbols, targets, sorted) = (self.symbols.values, self.targets.values, self.sorted.values)
            for place in places.values {
                let symbol = Int(symbols[Int(place) + offset])
                let target = targets[symbol]
                targets[symbol] = target &+ 1
                sorted[Int(target)] = place
            }
            swap(&places, &self.sorted)
            try watch.note(4 * symbols.count)
            guard offset > 0 else { break }
            // One symbol further on to the left, each text has one that was not there, and one zero less behind it.
            for text in 0..<starts.count where ends[text] > starts[text] {
                frequencies[Int(symbols[starts[text] + offset - 1])] += 1
                frequencies[Int(symbols[ends[text] + offset - 1])] -= 1
            }
        }
    }
}
