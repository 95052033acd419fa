import CScorerPlugin

/// The types of cells and of outputs.
public enum CellType: UInt32, Sendable {
    case text = 1
    case f64 = 2
    case i64 = 3
    case bool = 4
    case json = 5
    case textList = 6
}

/// The declaration of a scorer: its id, inputs, outputs and models.
public struct ScorerDeclaration: Sendable {
    public struct Column: Sendable {
        var name: String
        var type: CellType
        var description: String
        var flags: Int
        var range: ClosedRange<Double>?

        /// A required input; rows without it do not reach the scorer.
        public static func required(_ name: String, _ type: CellType, _ description: String) -> Column {
            Column(name: name, type: type, description: description, flags: ASSAY_COLUMN_REQUIRED)
        }

        /// An optional input.
        ///
        /// - Parameter isLenient: whether a value of another type counts as missing, instead of as an input error.
        public static func optional(
            _ name: String, _ type: CellType, _ description: String, isLenient: Bool = false
        ) -> Column {
            let flags = ASSAY_COLUMN_OPTIONAL | (isLenient ? ASSAY_COLUMN_LENIENT : 0)
            return Column(name: name, type: type, description: description, flags: flags)
        }

        /// An output.
        ///
        /// - Parameters:
        ///   - range: the smallest and the largest number, for a numeric output.
        ///   - isOptional: whether results omit a missing value, instead of writing null.
        public static func output(
            _ name: String, _ type: CellType, _ description: String, range: ClosedRange<Double>? = nil,
            isOptional: Bool = false
        ) -> Column {
            Column(
                name: name, type: type, description: description,
                flags: isOptional ? ASSAY_COLUMN_OPTIONAL : ASSAY_COLUMN_REQUIRED, range: range)
        }

        /// An output that is a score of its own beside "score", such as one of several criteria: results have aggregates, a
        /// range and an outcome for it, under FUNCTION/NAME. A row without a value does not have this score: it has
        /// the outcome of `fail`, or else is unparsed. Hosts before version 1.4 of the plugin header treat it as any other output.
        public static func score(
            _ name: String, _ type: CellType, _ description: String, range: ClosedRange<Double>? = nil
        ) -> Column {
            Column(
                name: name, type: type, description: description, flags: ASSAY_COLUMN_SCORE | ASSAY_COLUMN_OPTIONAL,
                range: range)
        }
    }

    /// An aggregation that the scorer computes from the sums of its statistics.
    public struct Aggregation: Sendable {
        var name: String
        var description: String

        /// - Parameter name: lower-case letters and digits with at least one underscore, such as "corpus_f1".
        public init(_ name: String, _ description: String) {
            self.name = name
            self.description = description
        }
    }

    var id: String
    var description: String
    var inputs: [Column]
    var outputs: [Column]
    var roles: [String]
    var parametersSchema: String?
    var statistics: [String]
    var aggregations: [Aggregation]

    /// - Parameters:
    ///   - roles: the roles of the models that it asks. The host binds ROLE to the model that the
    ///     parameter ROLE_model names, and ROLE/1, ROLE/2, … to those of the list ROLE_models.
    ///   - parametersSchema: the JSON Schema of the parameters; nil means any object.
    ///   - statistics: the names of the numbers that the scorer sets for each row beside its outputs. The host adds them up.
    ///   - aggregations: what the scorer computes from the sums of the statistics.
    public init(
        id: String, description: String, inputs: [Column], outputs: [Column], roles: [String] = [],
        parametersSchema: String? = nil, statistics: [String] = [], aggregations: [Aggregation] = []
    ) {
        self.id = id
        self.description = description
        self.inputs = inputs
        self.outputs = outputs
        self.roles = roles
        self.parametersSchema = parametersSchema
        self.statistics = statistics
        self.aggregations = aggregations
    }

    /// The same declaration with other statistics, for an instance whose parameters change them.
    public func replacingStatistics(by statistics: [String]) -> ScorerDeclaration {
        var changed = self
        changed.statistics = statistics
        return changed
    }

    /// The same declaration with one input replaced by others, for an instance whose parameters change its inputs.
    public func replacingInput(_ index: Int, by inputs: [Column]) -> ScorerDeclaration {
        var changed = self
        changed.inputs.replaceSubrange(index...index, with: inputs)
        return changed
    }

    /// The same declaration with other inputs.
    public func replacingInputs(by inputs: [Column]) -> ScorerDeclaration {
        var changed = self
        changed.inputs = inputs
        return changed
    }

    /// The same declaration with more inputs at the end.
    public func addingInputs(_ inputs: [Column]) -> ScorerDeclaration {
        var changed = self
        changed.inputs += inputs
        return changed
    }
}
