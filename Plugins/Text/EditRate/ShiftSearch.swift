import ScorerParameters

/// The least number of edits that turn words into a reference: insertions, deletions, substitutions, and shifts of runs of
/// words, which are searched for as sacrebleu 2.6.0 does, within Tercom's limits.
///
/// A shift moves at most 10 words, by at most 50; at most some 1,000 shifts are tried for a text, and each of them costs an
/// edit distance along the diagonal.
enum ShiftSearch {
    private static let longestShift = 10
    private static let farthestShift = 50
    private static let mostCandidates = 1000

    static func edits(_ words: [UInt32], _ reference: [UInt32], _ watch: Watch) throws(RowFault) -> Int {
        if reference.isEmpty { return words.count }
        var distance = BeamEditDistance(reference, wordCount: words.count)
        var words = words
        var shifts = 0
        var candidates = 0
        while true {
            try watch.note(distance.cellCount)
            let cost = distance.prepare(words)
            let shift = try bestShift(of: words, reference, &distance, cost, &candidates, watch)
            guard candidates < mostCandidates, let shift, shift.gain > 0 else { return shifts + cost }
            words = shift.words
            shifts += 1
        }
    }

    private struct Shift {
        var gain: Int
        var length: Int
        var start: Int
        var target: Int
        var words: [UInt32]

        /// The better one has the greater gain, then is the longer one, the earlier one, and goes to the earlier place.
        func isBetter(than other: Shift) -> Bool {
            (gain, length, -start, -target) > (other.gain, other.length, -other.start, -other.target)
        }
    }

    private static func bestShift(
        of words: [UInt32], _ reference: [UInt32], _ distance: inout BeamEditDistance, _ cost: Int,
        _ candidates: inout Int, _ watch: Watch
    ) throws(RowFault) -> Shift? {
        guard let path = distance.path() else { return nil }
        let alignment = Alignment(path)
        var best: Shift?
        for start in words.indices {
            let nearest = max(0, start - farthestShift)
            let farthest = min(reference.count, start + farthestShift + 1)
            try watch.note(farthest - nearest)
            for place in nearest..<max(nearest, farthest) where words[start] == reference[place] {
                var length = 0
                while length < longestShift, start + length < words.count, place + length < reference.count,
                    words[start + length] == reference[place + length]
                {
                    length += 1
                    // Only words that are wrong where they are, and lacking where they go.
                    guard alignment.hasErrors(words: start..<start + length),
                        alignment.hasErrors(reference: place..<place + length)
                    else { continue }
                    // Not within themselves.
                    if (start..<start + length).contains(alignment.place(of: place)) { continue }
                    var previous = -1
                    for offset in -1..<length {
                        let target = place + offset < 0 ? 0 : alignment.place(of: place + offset) + 1
                        if target == previous { continue }
                        previous = target
                        let shifted = move(words, start..<start + length, to: target)
                        let shared = min(start, target)
                        try watch.note(distance.cellCount)
                        let shift = Shift(
                            gain: cost - distance.cost(of: shifted, sharing: shared), length: length, start: start,
                            target: target, words: shifted)
                        candidates += 1
                        if best.map({ shift.isBetter(than: $0) }) ?? true { best = shift }
                    }
                    if candidates >= mostCandidates { return best }
                }
            }
        }
        return best
    }

    /// The words with those of a range moved before the word that is at `target`.
    private static func move(_ words: [UInt32], _ range: Range<Int>, to target: Int) -> [UInt32] {
        let (start, end) = (range.lowerBound, range.upperBound)
        if target < start { return Array(words[..<target] + words[range] + words[target..<start] + words[end...]) }
        if target > end { return Array(words[..<start] + words[end..<target] + words[range] + words[target...]) }
        // A target inside counts from the words without the range, and may be beyond the end.
        let rest = words[..<start] + words[end...]
        let place = min(target, rest.count)
        return Array(rest.prefix(place) + words[range] + rest.dropFirst(place))
    }
}

/// Which word of a text each word of the reference belongs to, and which words are wrong.
private struct Alignment {
    private var places: [Int] = []
    /// The number of wrong words before each place.
    private var wordErrors = [0]
    private var referenceErrors = [0]

    init(_ path: [BeamEditDistance.Edit]) {
        var word = -1
        for edit in path {
            switch edit {
            case .same, .substitution:
                word += 1
                places.append(word)
                let error = edit == .same ? 0 : 1
                wordErrors.append((wordErrors.last ?? 0) + error)
                referenceErrors.append((referenceErrors.last ?? 0) + error)
            case .deletion:
                word += 1
                wordErrors.append((wordErrors.last ?? 0) + 1)
            case .insertion:
                places.append(word)
                referenceErrors.append((referenceErrors.last ?? 0) + 1)
            case .unreached: break
            }
        }
    }

    func place(of reference: Int) -> Int { places[reference] }

    func hasErrors(words: Range<Int>) -> Bool { wordErrors[words.upperBound] > wordErrors[words.lowerBound] }

    func hasErrors(reference: Range<Int>) -> Bool {
        referenceErrors[reference.upperBound] > referenceErrors[reference.lowerBound]
    }
}
