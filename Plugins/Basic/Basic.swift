public import CScorerPlugin
import Glibc
import ScorerKit

private let plugin = ScorerPlugin(
    id: "basic", version: "0.1.0",
    description:
        "Deterministic scorers: equality, containment, answers extracted by regular expressions, normalised answers.",
    scorers: [
        Equality.self, SubsetOf.self, MultipleChoice.self, NumberAnswer.self, RegexAnswer.self, MathResponse.self,
        DocVQAnswer.self, IFEval.self, BFCL.self,
    ])

// The name is the one in the plugin header.
// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func assay_plugin_entry(_ hostMajor: UInt32, _ hostMinor: UInt32) -> UnsafePointer<assay_plugin>? {
    plugin.table(forHostMajor: hostMajor)
}

extension ScorerDeclaration.Column {
    /// The score of a scorer that only tells right from wrong.
    static let verdict = output("score", .f64, "1.0 if the answer is correct, otherwise 0.0", range: 0...1)
}

/// Calls `body` with a zero for each row, and emits the resulting scores as the output "score".
func withScores(of rows: Rows, _ results: Results, _ body: (UnsafeMutableBufferPointer<Double>) -> Void) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: rows.count) { scores in
        scores.initialize(repeating: 0)
        body(scores)
        results.emit(UnsafeBufferPointer(scores), output: 0)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are the same.
    @inline(__always)
    func hasSameBytes(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let one = baseAddress, let another = other.baseAddress else { return true }
        return memcmp(one, another, count) == 0
    }

    /// The bytes in the form that the normalisations read.
    var utf8: UnsafeBufferPointer<UInt8> { bindMemory(to: UInt8.self) }
}
