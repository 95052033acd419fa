import CSimdJSON

/// Why a text is not a valid JSON value.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String
    /// The byte at which the fault was noticed, if that is known.
    public var offset: Int?
    /// The same place as a line and a column in bytes, both from 1.
    public var line: Int?
    public var column: Int?

    public var description: String {
        guard let line, let column else { return message }
        return "line \(line), column \(column): \(message)"
    }
}

extension JSONError {
    /// A fault of the text as a whole.
    package init(ofWhole message: String) {
        self.init(message: message, offset: nil, line: nil, column: nil)
    }
}

/// Parses and validates whole JSON values with simdjson. At most 1,000 levels deep. One thread at a time.
public struct JSONParser: ~Copyable {
    private let parser: OpaquePointer
    private var input: UnsafeMutableRawBufferPointer

    public init() {
        guard let parser = csj_parser_new() else {
            fatalError("out of memory")  // Nothing can continue without these few hundred bytes.
        }
        self.parser = parser
        input = .allocate(byteCount: 4096, alignment: 16)
    }

    deinit {
        csj_parser_free(parser)
        input.deallocate()
    }

    /// Parses one value and passes its nodes to `body`; they are valid while it runs.
    ///
    /// - Parameter repairs: counts repairs; nil means that repairable faults are errors.
    mutating func withNodes<Result>(
        of text: UnsafeRawBufferPointer, repairs: UnsafeMutablePointer<UInt64>? = nil,
        _ body: (UnsafeBufferPointer<csj_node>) -> Result
    ) throws(JSONError) -> Result {
        if text.count + Int(CSJ_PADDING) > input.count {
            input.deallocate()
            input = .allocate(byteCount: 2 * text.count + Int(CSJ_PADDING), alignment: 16)
        }
        input.copyMemory(from: text)
        // If the text is truncated, old bytes after it would be read as its end.
        UnsafeMutableRawBufferPointer(rebasing: input[text.count..<text.count + Int(CSJ_PADDING)])
            .initializeMemory(as: UInt8.self, repeating: 0)
        let start = UnsafePointer(input.baseAddress?.assumingMemoryBound(to: CChar.self))
        var nodes: UnsafePointer<csj_node>?
        var count = 0
        var offset: Int64 = -1
        var unpaired = false
        let error = csj_parse(
            parser, csj_text(ptr: start, len: UInt64(text.count)), &nodes, &count, &offset, &unpaired,
            repairs)
        if error != 0 {
            throw JSONError(error, at: offset < 0 ? nil : Int(offset), in: text)
        }
        return body(UnsafeBufferPointer(start: nodes, count: count))
    }

    /// The same for the nodes of an outline, and a text with zero bytes behind it.
    mutating func withOutlineNodes<Result>(
        of text: UnsafeRawBufferPointer, levels: Int,
        _ body: (UnsafeBufferPointer<csj_node>, _ objects: UnsafePointer<UInt32>?) -> Result
    ) throws(JSONError) -> Result {
        let start = text.baseAddress?.assumingMemoryBound(to: CChar.self)
        var nodes: UnsafePointer<csj_node>?
        var count = 0
        var offset: Int64 = -1
        var objects: UnsafePointer<UInt32>?
        let error = csj_outline(
            parser, csj_text(ptr: start, len: UInt64(text.count)), UInt32(levels), &nodes, &count, &objects, &offset)
        if error != 0 {
            throw JSONError(error, at: offset < 0 ? nil : Int(offset), in: text)
        }
        return body(UnsafeBufferPointer(start: nodes, count: count), objects)
    }

    /// Parses one value.
    public mutating func parse(_ text: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
        try withNodes(of: text) { nodes in
            var position = 0
            return JSONValue(nodes, at: &position)
        }
    }

    /// Parses one value, and repairs faults inside it: invalid numbers, such as Python's NaN, and values nested more than
    /// 1,000 levels deep become null, and strings with invalid escapes stay as written.
    ///
    /// - Parameter repairs: is increased by the number of such places.
    public mutating func parse(
        _ text: UnsafeRawBufferPointer, repairs: inout Int
    ) throws(JSONError) -> JSONValue {
        var count: UInt64 = 0
        let value = try withNodes(of: text, repairs: &count) { nodes in
            var position = 0
            return JSONValue(nodes, at: &position)
        }
        repairs += Int(count)
        return value
    }
}

extension JSONValue {
    /// Parses one value.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Parses one value.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var parser = JSONParser()
        let result: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { bytes in
            do throws(JSONError) {
                return .success(try parser.parse(bytes))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// Reads the value whose nodes start at `position`, and moves `position` past it. The parser limits the depth.
    init(_ nodes: UnsafeBufferPointer<csj_node>, at position: inout Int) {
        let node = nodes[position]
        position += 1
        switch Int(node.kind) {
        case CSJ_NODE_TRUE: self = .bool(true)
        case CSJ_NODE_FALSE: self = .bool(false)
        case CSJ_NODE_NUMBER: self = .number(JSONNumber(unchecked: String(node.text)))
        case CSJ_NODE_STRING: self = .string(String(node.text))
        case CSJ_NODE_ARRAY:
            var elements: [JSONValue] = []
            elements.reserveCapacity(Int(node.count))
            for _ in 0..<node.count { elements.append(JSONValue(nodes, at: &position)) }
            self = .array(elements)
        case CSJ_NODE_OBJECT:
            var object = JSONObject()
            for _ in 0..<node.count {
                let key = String(nodes[position].text)
                position += 1
                object[key] = JSONValue(nodes, at: &position)
            }
            self = .object(object)
        default: self = .null
        }
    }
}

extension String {
    init(_ text: csj_text) {
        self.init(decoding: UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len)), as: UTF8.self)
    }
}

extension JSONError {
    init(_ code: Int32, at offset: Int?, in text: UnsafeRawBufferPointer) {
        self.init(message: JSONError.message(of: code), offset: offset)
        guard let offset else { return }
        let before = text.prefix(offset)
        line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        column = 1 + (before.lastIndex(of: UInt8(ascii: "\n")).map { offset - $0 - 1 } ?? offset)
    }

    /// The meaning of a simdjson error code for users.
    public static func message(of code: Int32) -> String {
        let known = csj_error_message(code).map { String(cString: $0) } ?? "error \(code)"
        // simdjson's messages are sentences; here they become part of one. Acronyms stay in upper case.
        var clause = known.hasSuffix(".") ? String(known.dropLast()) : known
        if let second = clause.dropFirst().first, second.isLowercase || second == " " {
            clause = clause.prefix(1).lowercased() + clause.dropFirst()
        }
        return "not valid JSON: \(clause)"
    }
}
