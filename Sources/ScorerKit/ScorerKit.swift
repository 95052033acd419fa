import CScorerPlugin

/// A scorer written in Swift. One instance serves one scoring function with its parameters; `score` may run on several
/// threads at once.
///
/// A plugin in Swift is a dynamic library whose one exported function hands out its table:
///
///     private let plugin = ScorerPlugin(id: "org.example.words", version: "1.0", description: "…", scorers: [WordCount.self])
///
///     @c @implementation
///     public func assay_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<assay_plugin>? {
///         plugin.table(forHostMajor: major)
///     }
///
/// It shares no type with the host: the package is compiled into each side, and only what the plugin header describes
/// passes between them.
public protocol Scorer: Sendable {
    /// What the scorer is, reads and gives.
    static var declaration: ScorerDeclaration { get }

    /// Makes an instance.
    ///
    /// - Parameter configuration: JSON text as `create` of the plugin header describes it.
    /// - Throws: what is wrong with the parameters.
    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection)

    /// Scores a batch: gives each row a score or a reason why it has none.
    func score(_ rows: Rows, _ results: Results)
}

/// Parameters that a scorer does not take.
public struct ParameterRejection: Error, Sendable {
    /// A JSON Pointer (RFC 6901) into the configuration, such as "/params/parsing_regexes/0".
    public var pointer: String
    /// What was found there, and what was expected.
    public var message: String

    public init(pointer: String, _ message: String) {
        self.pointer = pointer
        self.message = message
    }
}

/// The types of cells and of outputs.
public enum CellType: UInt32, Sendable {
    case text = 1
    case f64 = 2
    case i64 = 3
    case bool = 4
    case json = 5
    case textList = 6
}

/// What a scorer is, reads and gives.
public struct ScorerDeclaration: Sendable {
    public struct Column: Sendable {
        var name: String
        var type: CellType
        var description: String
        var flags: Int
        var range: ClosedRange<Double>?

        /// An input that each row has; rows without it do not reach the scorer.
        public static func required(_ name: String, _ type: CellType, _ description: String) -> Column {
            Column(name: name, type: type, description: description, flags: ASSAY_COLUMN_REQUIRED)
        }

        /// An input that rows may lack.
        ///
        /// - Parameter isLenient: whether a value of another type counts as none, instead of as an error of its row.
        public static func optional(
            _ name: String, _ type: CellType, _ description: String, isLenient: Bool = false
        ) -> Column {
            let flags = ASSAY_COLUMN_OPTIONAL | (isLenient ? ASSAY_COLUMN_LENIENT : 0)
            return Column(name: name, type: type, description: description, flags: flags)
        }

        public static func output(
            _ name: String, _ type: CellType, _ description: String, range: ClosedRange<Double>? = nil
        ) -> Column {
            Column(
                name: name, type: type, description: description, flags: ASSAY_COLUMN_REQUIRED, range: range)
        }
    }

    var id: String
    var description: String
    var inputs: [Column]
    var outputs: [Column]
    var parametersSchema: String?

    public init(
        id: String, description: String, inputs: [Column], outputs: [Column], parametersSchema: String? = nil
    ) {
        self.id = id
        self.description = description
        self.inputs = inputs
        self.outputs = outputs
        self.parametersSchema = parametersSchema
    }
}

/// What a row has when it has no score.
public enum Unscored: Int32, Sendable {
    case unparsed = 1
    case inputError = 2
    case scorerError = 3
}

/// Where the results of a batch go. Valid during `score` only.
public struct Results {
    let host: UnsafePointer<assay_host>
    let call: OpaquePointer

    /// Gives a number to each row.
    public func emit(_ numbers: UnsafeBufferPointer<Double>, output: Int) {
        emit(UnsafeRawPointer(numbers.baseAddress), .f64, numbers.count, nil, output)
    }

    /// Gives an integer to each row.
    public func emit(_ integers: UnsafeBufferPointer<Int64>, output: Int) {
        emit(UnsafeRawPointer(integers.baseAddress), .i64, integers.count, nil, output)
    }

    /// Gives a boolean to each row.
    public func emit(_ booleans: UnsafeBufferPointer<Bool>, output: Int) {
        emit(UnsafeRawPointer(booleans.baseAddress), .bool, booleans.count, nil, output)
    }

    /// Gives a text to each row, or none (`TextSlice.none`).
    ///
    /// - Parameter type: `json` for an output that is declared so.
    public func emit(_ texts: UnsafeBufferPointer<TextSlice>, output: Int, as type: CellType = .text) {
        let count = texts.count
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: (count + 7) / 8) { validity in
            validity.initialize(repeating: 0)
            for row in 0..<count where texts[row].isPresent { validity[row >> 3] |= 1 << (row & 7) }
            emit(UnsafeRawPointer(texts.baseAddress), type, count, UnsafePointer(validity.baseAddress), output)
        }
    }

    /// Gives a text to each row.
    ///
    /// - Parameter type: `json` for an output that is declared so.
    public func emit(_ texts: [[UInt8]], output: Int, as type: CellType = .text) {
        for (row, text) in texts.enumerated() {
            text.withUnsafeBytes { bytes in
                var slice = TextSlice(bytes)
                emit(&slice, type, 1, nil, output, from: row)
            }
        }
    }

    private func emit(
        _ values: UnsafeRawPointer?, _ type: CellType, _ count: Int, _ validity: UnsafePointer<UInt8>?, _ output: Int,
        from row: Int = 0
    ) {
        var column = assay_column(
            struct_size: UInt32(MemoryLayout<assay_column>.size), type: type.rawValue, validity: validity,
            values: values, list_offsets: nil)
        _ = host.pointee.emit(host, call, UInt32(output), UInt64(row), UInt64(count), &column)
    }

    /// Says that a row has no score, and why.
    public func fail(_ row: Int, _ outcome: Unscored, _ reason: String) {
        withStr(reason) { _ = host.pointee.fail(host, call, Int64(row), outcome.rawValue, $0) }
    }
}

/// A text that lies in a row's cell, or anywhere else that stays during `score`; or none.
public struct TextSlice {
    // The layout of assay_str. No text is NULL with a length, which no text that is there can be.
    private var slice: assay_str

    public static var none: TextSlice { TextSlice(slice: assay_str(ptr: nil, len: .max)) }

    @inline(__always)
    public init(_ bytes: UnsafeRawBufferPointer) {
        slice = assay_str(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: UInt64(bytes.count))
    }

    private init(slice: assay_str) {
        self.slice = slice
    }

    var isPresent: Bool { slice.len != .max }
}

func withStr<Result>(_ text: String, _ body: (assay_str) -> Result) -> Result {
    var text = text
    return text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { body(assay_str(ptr: $0.baseAddress, len: UInt64($0.count))) }
    }
}
