import ScoringCore
import Statistics

/// The scores of each value of a column, against all other rows.
struct Slices {
    struct Slice {
        var value: String
        var estimate: Estimate
        var count: Int
        /// The mean less that of the other rows.
        var difference: Double?
        /// That there is none, adjusted for the number of values (Benjamini–Hochberg).
        var p: Double?
    }

    /// The surest difference first.
    let slices: [Slice]

    /// - Parameters:
    ///   - values: the scores of each value.
    ///   - all: those of all rows.
    init(_ values: [String: Moments], all: Moments) {
        let sorted = values.sorted { $0.key < $1.key }
        let tests = sorted.map { Self.test($0.value, all) }
        let adjusted = Adjustment.bh.adjust(tests.map(\.p))
        slices = zip(sorted, zip(tests, adjusted)).map { entry, test in
            Slice(
                value: entry.key, estimate: .mean(of: entry.value), count: entry.value.count,
                difference: test.0.difference, p: test.1)
        }.sorted { ($0.p ?? 2, $0.value) < ($1.p ?? 2, $1.value) }
    }

    /// Two proportions with a pooled error where all scores are 0 or 1; else B. L. Welch's t test (1947).
    private static func test(_ slice: Moments, _ all: Moments) -> (difference: Double?, p: Double?) {
        let (n, rest) = (Double(slice.count), Double(all.count - slice.count))
        guard n > 0, rest > 0, let mean = slice.mean(), let whole = all.mean() else { return (nil, nil) }
        let other = (whole * Double(all.count) - mean * n) / rest
        let difference = mean - other
        if all.isBinary {
            let error = (whole * (1 - whole) * (1 / n + 1 / rest)).squareRoot()
            return (difference, error > 0 ? Normal.twoSidedP(difference / error) : nil)
        }
        func squares(_ moments: Moments) -> Double {
            let deviation = moments.standardDeviation ?? 0
            return deviation * deviation * Double(max(0, moments.count - 1))
        }
        guard n > 1, rest > 1 else { return (difference, nil) }
        let between = n * (mean - whole) * (mean - whole) + rest * (other - whole) * (other - whole)
        let (inside, outside) = (squares(slice) / (n - 1), max(0, squares(all) - squares(slice) - between) / (rest - 1))
        let (a, b) = (inside / n, outside / rest)
        guard a + b > 0 else { return (difference, nil) }
        let degrees = (a + b) * (a + b) / (a * a / (n - 1) + b * b / (rest - 1))
        return (
            difference, StudentT.twoSidedP(difference / (a + b).squareRoot(), degreesOfFreedom: max(1, degrees))
        )
    }
}
