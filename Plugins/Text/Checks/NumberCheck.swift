import ScorerKit
import ScorerParameters

/// Compares the last numbers of two texts, as NeMo Evaluator's number-check does.
struct NumberCheck: Scorer {
    static let declaration = ScorerDeclaration(
        id: "number-check",
        description: "1.0 if a comparison of the last numbers of two texts holds, otherwise 0.0",
        inputs: [
            .required("generated_answer", .text, "the answer"),
            .required("expected_answer", .text, "what it is compared with"),
        ],
        outputs: [.output("score", .f64, "1.0 or 0.0", range: 0...1)],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "properties": {
            "epsilon": {"type": "number", "minimum": 0}, \#(CheckSides.schema)}}
            """#)

    private enum Operation: Sendable {
        /// Holds for these results of a comparison.
        case order(Set<Int>)
        case difference
    }

    private static let operations: [(name: String, operation: Operation)] = [
        ("equals", .order([0])), ("==", .order([0])), ("eq", .order([0])),
        ("not equals", .order([-1, 1])), ("!=", .order([-1, 1])), ("<>", .order([-1, 1])), ("ne", .order([-1, 1])),
        ("greater than", .order([1])), (">", .order([1])), ("gt", .order([1])),
        ("greater than or equal", .order([0, 1])), (">=", .order([0, 1])), ("gte", .order([0, 1])),
        ("less than", .order([-1])), ("<", .order([-1])), ("lt", .order([-1])),
        ("less than or equal", .order([-1, 0])), ("<=", .order([-1, 0])), ("lte", .order([-1, 0])),
        ("absolute difference", .difference),
    ]

    let declaration: ScorerDeclaration
    private let sides: CheckSides
    private let operation: Operation
    private let epsilon: Double

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        let sides = try CheckSides(&parameters)
        let epsilon = try parameters.number("epsilon", in: 0...Double.greatestFiniteMagnitude)
        try parameters.finish()
        guard let found = Self.operations.first(where: { $0.name == sides.operation }) else {
            throw sides.unknownOperation(parameters, Self.operations.map(\.name))
        }
        if case .difference = found.operation {
            if epsilon == nil {
                throw ParameterRejection(
                    of: "epsilon", "it is missing; \"absolute difference\" needs the largest difference that is allowed"
                )
            }
        } else if epsilon != nil {
            throw ParameterRejection(of: "epsilon", "only the operation \"absolute difference\" has it")
        }
        operation = found.operation
        self.epsilon = epsilon ?? 0
        self.sides = sides
        declaration = sides.declaration(Self.declaration)
    }

    func score(_ rows: Rows, _ results: Results) {
        scoreSides(sides, rows, results) { _, left, right throws(RowFault) in
            guard let one = LastNumber(in: left) else { throw RowFault(.unparsed, "the left side contains no number") }
            guard let other = LastNumber(in: right) else {
                throw RowFault(.unparsed, "the right side contains no number")
            }
            switch operation {
            case .order(let orders): return orders.contains(one.compared(with: other)) ? 1 : 0
            case .difference: return abs(one.double - other.double) <= epsilon ? 1 : 0
            }
        }
    }
}
