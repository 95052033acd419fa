import ScorerKit

/// The statistics of a row from which a corpus score tells how many references rows had.
enum ReferenceCount {
    static let statistics = ["references", "squared references"]

    /// Sets both, at `place` and behind it.
    static func set(_ count: Int, in statistics: UnsafeMutableBufferPointer<Double>, at place: Int) {
        statistics[place] = Double(count)
        statistics[place + 1] = Double(count) * Double(count)
    }

    /// sacrebleu's `nrefs`: the number of references, or "var" if it varies.
    static func text(_ sums: Sums, at place: Int) -> String {
        let (count, squares, rows) = (sums[place], sums[place + 1], Double(sums.rows))
        // The mean of squares is the square of the mean only if all are the same (Cauchy and Schwarz).
        return count * count == squares * rows ? String(Sums.integer(count / rows)) : "var"
    }
}

/// The signatures of corpus scores, in sacrebleu's form.
struct Signature {
    /// The version whose results the scores are.
    private static let version = "2.6.0"
    private let members: [(String, String)]

    init(_ members: KeyValuePairs<String, String>) {
        self.members = members.map { ($0.key, $0.value) }
    }

    func text(references: String) -> String {
        ([("nrefs", references)] + members + [("version", Self.version)]).map { "\($0):\($1)" }.joined(separator: "|")
    }

    static func yes(_ truth: Bool) -> String { truth ? "yes" : "no" }
}
