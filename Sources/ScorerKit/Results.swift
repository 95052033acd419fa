import CScorerPlugin

/// Why a row has no score.
public enum Unscored: Int32, Sendable {
    case unparsed = 1
    case inputError = 2
    case scorerError = 3
    /// A model request for the row failed after all retries.
    case modelError = 4
    /// A model request for the row was never sent.
    case notAsked = 7
}

/// The severity of a log message.
public enum LogSeverity: Int32, Sendable {
    case debug = 0
    case info = 1
    case warning = 2
    case error = 3
}

/// Accepts the results of a batch. Only valid during the call that received it.
public struct Results {
    let host: UnsafePointer<assay_host>
    let call: OpaquePointer

    /// Sets a number for each row.
    public func emit(_ numbers: UnsafeBufferPointer<Double>, output: Int) {
        emit(UnsafeRawPointer(numbers.baseAddress), .f64, numbers.count, nil, output)
    }

    /// Sets an integer for each row.
    public func emit(_ integers: UnsafeBufferPointer<Int64>, output: Int) {
        emit(UnsafeRawPointer(integers.baseAddress), .i64, integers.count, nil, output)
    }

    /// Sets a boolean for each row.
    public func emit(_ booleans: UnsafeBufferPointer<Bool>, output: Int) {
        emit(UnsafeRawPointer(booleans.baseAddress), .bool, booleans.count, nil, output)
    }

    /// Sets a text, or none (`TextSlice.none`), for each row.
    ///
    /// - Parameter type: `json` for an output that is declared as JSON.
    public func emit(_ texts: UnsafeBufferPointer<TextSlice>, output: Int, as type: CellType = .text) {
        let count = texts.count
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: (count + 7) / 8) { validity in
            validity.initialize(repeating: 0)
            for row in 0..<count where texts[row].isPresent { validity[row >> 3] |= 1 << (row & 7) }
            emit(UnsafeRawPointer(texts.baseAddress), type, count, UnsafePointer(validity.baseAddress), output)
        }
    }

    /// Sets a text for each row.
    ///
    /// - Parameter type: `json` for an output that is declared as JSON.
    public func emit(_ texts: [[UInt8]], output: Int, as type: CellType = .text) {
        for (row, text) in texts.enumerated() {
            text.withUnsafeBytes { bytes in
                var slice = TextSlice(bytes)
                emit(&slice, type, 1, nil, output, from: row)
            }
        }
    }

    /// Sets a number for one row.
    public func emit(_ number: Double, output: Int, row: Int) {
        var number = number
        emit(&number, .f64, 1, nil, output, from: row)
    }

    /// Sets an integer for one row.
    public func emit(integer: Int64, output: Int, row: Int) {
        var integer = integer
        emit(&integer, .i64, 1, nil, output, from: row)
    }

    /// Sets a boolean for one row.
    public func emit(_ boolean: Bool, output: Int, row: Int) {
        var boolean = boolean
        emit(&boolean, .bool, 1, nil, output, from: row)
    }

    /// Sets a text for one row.
    ///
    /// - Parameter type: `json` for an output that is declared as JSON.
    public func emit(_ text: String, output: Int, row: Int, as type: CellType = .text) {
        withStr(text) { text in
            var text = text
            emit(&text, type, 1, nil, output, from: row)
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

    /// Whether the run was cancelled: the rest of the batch need not be scored.
    public var isCancelled: Bool { host.pointee.is_cancelled(host, call) != 0 }

    /// Writes a line to the host's log, which shows it with the plugin's id. Standard output belongs to the results.
    public func log(_ severity: LogSeverity, _ message: String) {
        withStr(message) { host.pointee.log(host, severity.rawValue, $0) }
    }

    /// Marks a row as having no score, with the reason.
    public func fail(_ row: Int, _ outcome: Unscored, _ reason: String) {
        // A host of version 1.0 does not know the outcome `notAsked`.
        let known = outcome == .notAsked && host.pointee.abi_minor < 1 ? .modelError : outcome
        withStr(reason) { _ = host.pointee.fail(host, call, Int64(row), known.rawValue, $0) }
    }
}

/// A text in a row's cell, or anywhere else that stays valid during the call to a scorer; or none.
public struct TextSlice {
    // The layout of assay_str. A missing text is NULL with a length, which no existing text can be.
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

/// Texts as the plugin header has them, all in one piece of memory.
func withStrs<Result>(_ texts: [String], _ body: ([assay_str]) -> Result) -> Result {
    var bytes: [CChar] = []
    for text in texts { bytes.append(contentsOf: text.utf8.lazy.map { CChar(bitPattern: $0) }) }
    return bytes.withUnsafeBufferPointer { bytes in
        var offset = 0
        return body(
            texts.map { text in
                defer { offset += text.utf8.count }
                return assay_str(ptr: bytes.baseAddress.map { $0 + offset }, len: UInt64(text.utf8.count))
            })
    }
}
