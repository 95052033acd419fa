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

    public init(
        name: String, description: String, type: ValueType, isOptional: Bool = false, isLenient: Bool = false,
        range: ClosedRange<Double>? = nil
    ) {
        self.name = name
        self.description = description
        self.type = type
        self.isOptional = isOptional
        self.isLenient = isLenient
        self.range = range
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
    /// The models that the scorer uses, by role.
    public var roles: [String]
    /// The JSON Schema of its parameters, as the plugin wrote it.
    public var parametersSchema: String?
    public var concurrency: ScorerConcurrency

    /// Returns nil if no output is named "score".
    public init?(
        id: String, description: String, inputs: [ColumnDescription], outputs: [ColumnDescription],
        roles: [String] = [], parametersSchema: String? = nil, concurrency: ScorerConcurrency
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
    }
}

/// A fault in a plugin's table; the caller adds the path.
struct TableFault: Error {
    var message: String
}

extension ScorerDescription {
    /// - Parameter abiMinor: the version of the plugin header that the table was made with.
    init(_ table: UnsafePointer<assay_scorer>, abiMinor: UInt32) throws(TableFault) {
        try checkSize(table.pointee.struct_size, of: assay_scorer.self, named: "assay_scorer")
        let id = try text(table.pointee.id, "a scorer's id")
        let scorer = "scorer \"\(id)\""
        let description = try text(table.pointee.description, "the description of \(scorer)")
        let inputs = try columns(table.pointee.inputs, "an input of \(scorer)")
        var outputs = try columns(table.pointee.outputs, "an output of \(scorer)")
        // Earlier headers gave the flags of outputs no meaning.
        if abiMinor < 2 { for index in outputs.indices { outputs[index].isOptional = false } }
        var roles: [String] = []
        for role in pointers(table.pointee.roles) { roles.append(try text(role, "a role of \(scorer)")) }
        let schema = try table.pointee.parameters_schema.map { schema throws(TableFault) in
            try text(schema, "the parameter schema of \(scorer)")
        }
        guard let concurrency = ScorerConcurrency(rawValue: table.pointee.concurrency) else {
            throw TableFault(message: "\(scorer): unknown concurrency \(table.pointee.concurrency)")
        }
        if let list = outputs.first(where: { $0.type == .textList }) {
            throw TableFault(
                message: "output \"\(list.name)\" of \(scorer) is a list of text; declare such an output as json")
        }
        guard
            let made = ScorerDescription(
                id: id, description: description, inputs: inputs, outputs: outputs, roles: roles,
                parametersSchema: schema, concurrency: concurrency)
        else { throw TableFault(message: "\(scorer) has no output named \"score\"") }
        self = made
    }
}

func checkSize<Struct>(_ size: UInt32, of type: Struct.Type, named name: String) throws(TableFault) {
    // Version 1.0 is the oldest, so every field that this host knows must be present.
    if Int(size) < MemoryLayout<Struct>.size {
        throw TableFault(
            message: "a struct \(name) has struct_size \(size), expected at least \(MemoryLayout<Struct>.size)")
    }
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
        try checkSize(spec.struct_size, of: assay_column_spec.self, named: "assay_column_spec")
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
                range: spec.minimum < spec.maximum ? spec.minimum...spec.maximum : nil))
    }
    return columns
}
