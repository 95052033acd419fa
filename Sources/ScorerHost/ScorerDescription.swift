import CScorerPlugin
public import ScoringCore

/// One input or output of a scorer.
public struct ColumnDescription: Sendable, Hashable {
    public var name: String
    public var description: String
    public var type: ValueType
    /// Whether rows without a value reach the scorer (inputs), or results may omit it (outputs).
    public var isOptional: Bool
    /// Whether a value of another type counts as missing (optional inputs).
    public var isLenient: Bool
    /// The least and greatest value of a numeric output, if the plugin states them.
    public var range: ClosedRange<Double>?
    /// Whether the output is a score of its own beside "score".
    public var isScore: Bool

    public init(
        name: String, description: String, type: ValueType, isOptional: Bool = false, isLenient: Bool = false,
        range: ClosedRange<Double>? = nil, isScore: Bool = false
    ) {
        self.name = name
        self.description = description
        self.type = type
        self.isOptional = isOptional
        self.isLenient = isLenient
        self.range = range
        self.isScore = isScore
    }
}

/// The names of scores beside "score": requirements and options name them as FUNCTION/NAME, so they have no white space.
public enum FurtherScore {
    public static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { scalar in
                scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                    || "_-.".unicodeScalars.contains(scalar)
            }
    }
}

/// An aggregation that a scorer computes from the sums of its statistics.
public struct AggregationDescription: Sendable, Hashable {
    public var name: String
    public var description: String

    public init(name: String, description: String) {
        self.name = name
        self.description = description
    }
}

/// How many calls of a scorer may run concurrently.
public enum ScorerConcurrency: UInt32, Sendable {
    case parallel = 0
    case instanceSerial = 1
    case processSerial = 2
}

/// The inputs, outputs and models of a scorer, copied from the plugin's table and checked.
public struct ScorerDescription: Sendable, Hashable {
    public var id: String
    public var description: String
    public var inputs: [ColumnDescription]
    public var outputs: [ColumnDescription]
    /// The index of the output "score".
    public var scoreOutput: Int
    /// The index of the output "weight", if there is one.
    public var weightOutput: Int?
    /// The indices of the outputs that are scores of their own.
    public var furtherScores: [Int] { outputs.indices.filter { outputs[$0].isScore } }
    /// The models that the scorer uses, by role.
    public var roles: [String]
    /// The JSON Schema of its parameters, as the plugin wrote it.
    public var parametersSchema: String?
    public var concurrency: ScorerConcurrency
    /// The names of the numbers that it gives for each row beside its outputs, to be added up.
    public var statistics: [String]
    /// The aggregations that it computes from the sums.
    public var aggregations: [AggregationDescription]

    /// Returns nil if no output is named "score".
    public init?(
        id: String, description: String, inputs: [ColumnDescription], outputs: [ColumnDescription],
        roles: [String] = [], parametersSchema: String? = nil, concurrency: ScorerConcurrency,
        statistics: [String] = [], aggregations: [AggregationDescription] = []
    ) {
        guard let scoreOutput = outputs.firstIndex(where: { $0.name == "score" }) else { return nil }
        self.id = id
        self.description = description
        self.inputs = inputs
        self.outputs = outputs
        self.scoreOutput = scoreOutput
        weightOutput = outputs.firstIndex { $0.name == "weight" && $0.type == .f64 }
        self.roles = roles
        self.parametersSchema = parametersSchema
        self.concurrency = concurrency
        self.statistics = statistics
        self.aggregations = aggregations
    }
}

/// A fault in a plugin's table; the caller adds the path.
struct TableFault: Error {
    var message: String
}

extension ScorerDescription {
    /// - Parameter abiMinor: the version of the plugin header that the table was made with.
    init(_ pointer: UnsafePointer<assay_scorer>, abiMinor: UInt32) throws(TableFault) {
        try checkSize(
            pointer.pointee.struct_size, MemoryLayout<assay_scorer>.offset(of: \.statistics), named: "assay_scorer")
        let table = known(pointer, size: pointer.pointee.struct_size, assay_scorer())
        let id = try text(table.id, "a scorer's id")
        let scorer = "scorer \"\(id)\""
        let description = try text(table.description, "the description of \(scorer)")
        let inputs = try columns(table.inputs, "an input of \(scorer)")
        var outputs = try columns(table.outputs, "an output of \(scorer)")
        // Earlier headers gave the flags of outputs no meaning.
        if abiMinor < 2 { for index in outputs.indices { outputs[index].isOptional = false } }
        if abiMinor < 4 { for index in outputs.indices { outputs[index].isScore = false } }
        for output in outputs where output.isScore {
            guard !["score", "weight"].contains(output.name), FurtherScore.isName(output.name) else {
                throw TableFault(
                    message: "output \"\(output.name)\" of \(scorer) is a score of its own, so its name must not be "
                        + "\"score\" or \"weight\", and may have letters, digits, \"_\", \"-\" and \".\" only")
            }
        }
        var roles: [String] = []
        for role in pointers(table.roles) { roles.append(try text(role, "a role of \(scorer)")) }
        let schema = try table.parameters_schema.map { schema throws(TableFault) in
            try text(schema, "the parameter schema of \(scorer)")
        }
        guard let concurrency = ScorerConcurrency(rawValue: table.concurrency) else {
            throw TableFault(message: "\(scorer): unknown concurrency \(table.concurrency)")
        }
        if let list = outputs.first(where: { $0.type == .textList }) {
            throw TableFault(
                message: "output \"\(list.name)\" of \(scorer) is a list of text; declare such an output as json")
        }
        guard
            let made = ScorerDescription(
                id: id, description: description, inputs: inputs, outputs: outputs, roles: roles,
                parametersSchema: schema, concurrency: concurrency,
                statistics: try readStatistics(table.statistics, scorer),
                aggregations: try readAggregations(table.aggregations, scorer))
        else { throw TableFault(message: "\(scorer) has no output named \"score\"") }
        if made.statistics.isEmpty && !made.aggregations.isEmpty {
            throw TableFault(message: "\(scorer) has aggregations, but no statistics to compute them from")
        }
        self = made
    }
}

private func readStatistics(
    _ list: UnsafePointer<UnsafePointer<CChar>?>?, _ scorer: String
) throws(TableFault) -> [String] {
    var names: [String] = []
    for name in pointers(list) {
        if names.count == ASSAY_MAX_STATISTICS {
            throw TableFault(message: "\(scorer) has more than \(ASSAY_MAX_STATISTICS) statistics")
        }
        names.append(try text(name, "the name of a statistic of \(scorer)"))
    }
    return names
}

private func readAggregations(
    _ list: UnsafePointer<UnsafePointer<assay_aggregation>?>?, _ scorer: String
) throws(TableFault) -> [AggregationDescription] {
    var aggregations: [AggregationDescription] = []
    for pointer in pointers(list) {
        try checkSize(pointer.pointee.struct_size, MemoryLayout<assay_aggregation>.size, named: "assay_aggregation")
        let name = try text(pointer.pointee.name, "the name of an aggregation of \(scorer)")
        guard AggregationFunction.isName(ofCorpus: name) else {
            throw TableFault(
                message:
                    "the aggregation \"\(name)\" of \(scorer): expected a name of lower-case letters and digits with "
                    + "at least one underscore, which the host does not use itself, such as corpus_\(name)")
        }
        if aggregations.contains(where: { $0.name == name }) {
            throw TableFault(message: "the aggregation \"\(name)\" of \(scorer) is listed twice")
        }
        aggregations.append(
            AggregationDescription(
                name: name,
                description: pointer.pointee.description == nil
                    ? "" : try text(pointer.pointee.description, "the description of aggregation \"\(name)\"")))
    }
    return aggregations
}

/// - Parameter least: the size that the struct had when it was first published.
func checkSize(_ size: UInt32, _ least: Int?, named name: String) throws(TableFault) {
    guard let least, Int(size) < least else { return }
    throw TableFault(message: "a struct \(name) has struct_size \(size), expected at least \(least)")
}

/// A copy of a struct that may be shorter than this host's, because its plugin was built with an older header.
///
/// - Parameter empty: what the copy has in fields that are missing.
func known<Struct: BitwiseCopyable>(_ pointer: UnsafePointer<Struct>, size: UInt32, _ empty: Struct) -> Struct {
    var copy = empty
    withUnsafeMutableBytes(of: &copy) { bytes in
        bytes.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: min(Int(size), bytes.count)))
    }
    return copy
}

func text(_ pointer: UnsafePointer<CChar>?, _ what: String) throws(TableFault) -> String {
    guard let pointer else { throw TableFault(message: "\(what) is NULL") }
    guard let text = String(validatingCString: pointer) else { throw TableFault(message: "\(what) is not UTF-8") }
    return text
}

private func columns(
    _ list: UnsafePointer<UnsafePointer<assay_column_spec>?>?, _ what: String
) throws(TableFault) -> [ColumnDescription] {
    var columns: [ColumnDescription] = []
    for spec in pointers(list).map(\.pointee) {
        try checkSize(spec.struct_size, MemoryLayout<assay_column_spec>.size, named: "assay_column_spec")
        let name = try text(spec.name, "the name of \(what)")
        guard let type = ValueType(rawValue: spec.type) else {
            throw TableFault(message: "\(what), \"\(name)\", has the unknown type \(spec.type)")
        }
        if columns.contains(where: { $0.name == name && $0.type == type }) {
            throw TableFault(message: "\(what), \"\(name)\", is listed twice")
        }
        columns.append(
            ColumnDescription(
                name: name,
                description: spec.description == nil
                    ? "" : try text(spec.description, "the description of \"\(name)\""),
                type: type,
                isOptional: spec.flags & UInt32(ASSAY_COLUMN_OPTIONAL) != 0,
                isLenient: spec.flags & UInt32(ASSAY_COLUMN_LENIENT) != 0,
                range: spec.minimum < spec.maximum ? spec.minimum...spec.maximum : nil,
                isScore: spec.flags & UInt32(ASSAY_COLUMN_SCORE) != 0))
    }
    return columns
}
