import ScorerKit
import ScorerParameters

/// Compares two texts, as NeMo Evaluator's string-check does.
struct StringCheck: Scorer {
    static let declaration = ScorerDeclaration(
        id: "string-check",
        description: "1.0 if a comparison of two texts holds, otherwise 0.0",
        inputs: [
            .required("generated_answer", .text, "the answer"),
            .required("expected_answer", .text, "what it is compared with"),
        ],
        outputs: [.output("score", .f64, "1.0 or 0.0", range: 0...1)],
        parametersSchema: #"{"type": "object", "additionalProperties": false, "properties": {\#(CheckSides.schema)}}"#)

    private enum Operation: Sendable { case equals, contains, starts, ends }

    private static let operations: [(name: String, operation: Operation, holds: Bool)] = [
        ("equals", .equals, true), ("==", .equals, true), ("not equals", .equals, false), ("!=", .equals, false),
        ("<>", .equals, false), ("contains", .contains, true), ("not contains", .contains, false),
        ("startswith", .starts, true), ("endswith", .ends, true),
    ]

    let declaration: ScorerDeclaration
    private let sides: CheckSides
    private let operation: Operation
    private let holds: Bool

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        let sides = try CheckSides(&parameters)
        try parameters.finish()
        guard let found = Self.operations.first(where: { $0.name == sides.operation }) else {
            throw sides.unknownOperation(parameters, Self.operations.map(\.name))
        }
        (operation, holds) = (found.operation, found.holds)
        self.sides = sides
        declaration = sides.declaration(Self.declaration)
    }

    func score(_ rows: Rows, _ results: Results) {
        scoreSides(sides, rows, results) { _, left, right throws(RowFault) in
            let isTrue =
                switch operation {
                case .equals: left == right
                case .contains: left.contains(right)
                case .starts: left.starts(with: right)
                case .ends: left.reversed().starts(with: right.reversed())
                }
            return isTrue == holds ? 1 : 0
        }
    }
}

extension Scalars {
    /// Whether `other` occurs in it. Linear in both lengths (Knuth, Morris and Pratt).
    fileprivate func contains(_ other: Scalars) -> Bool {
        if other.isEmpty { return true }
        var borders = [0]
        var length = 0
        for index in 1..<Swift.max(1, other.count) {
            while length > 0, other[index] != other[length] { length = borders[length - 1] }
            if other[index] == other[length] { length += 1 }
            borders.append(length)
        }
        length = 0
        for value in self {
            while length > 0, value != other[length] { length = borders[length - 1] }
            if value == other[length] { length += 1 }
            if length == other.count { return true }
        }
        return false
    }
}
