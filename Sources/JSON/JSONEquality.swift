import CSimdJSON

extension JSONParser {
    /// Decides whether two JSON texts are the same value, like Python's `==` on the parsed values, except that a boolean
    /// is never a number: numbers by value (`18` is `18.0`), objects regardless of the order of their members, strings by
    /// their code points. Integers are compared exactly at any length, an integer beyond 64 bits with a fraction as the
    /// nearest double.
    ///
    /// Cost: a byte comparison; where escapes, containers or differently written numbers make the texts differ, a parse
    /// of both.
    ///
    /// - Throws: `JSONError` if a text had to be parsed and is not valid.
    public mutating func areEqual(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
    ) throws(JSONError) -> Bool {
        guard let first = left.first, let second = right.first else { return left.isEmpty && right.isEmpty }
        let kind = ScalarKind(startingWith: first)
        guard kind == ScalarKind(startingWith: second) else { return false }
        if kind == .string, let equal = sameString(left, right) { return equal }
        if kind != nil, left.elementsEqual(right) { return true }
        return try comparable(left) == comparable(right)
    }

    /// Whether `right` is an element of the array `left`, or a text that is a key of the object `left`; equality as above.
    public mutating func contains(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
    ) throws(JSONError) -> Bool {
        let value = try comparable(right)
        switch (try comparable(left), value) {
        case (.array(let elements), _): return elements.contains(value)
        case (.object(let members), .string(let key)): return members[key] != nil
        default: return false
        }
    }

    /// Whether `left` contains any element of the array `parts`, as `contains` tells of one of them. Each text is parsed once.
    ///
    /// Cost: each element is compared with each of `left`, up to where they differ.
    ///
    /// - Parameter isStopped: is asked between elements; if it says so, the result is nil.
    public mutating func containsAny(
        _ left: UnsafeRawBufferPointer, of parts: UnsafeRawBufferPointer, isStopped: () -> Bool
    ) throws(JSONError) -> Bool? {
        guard case .array(let wanted) = try comparable(parts) else { return false }
        switch try comparable(left) {
        case .array(let elements):
            for part in wanted {
                if isStopped() { return nil }
                if elements.contains(part) { return true }
            }
            return false
        case .object(let members):
            return wanted.contains { part in
                if case .string(let key) = part { members[key] != nil } else { false }
            }
        default: return false
        }
    }

    private mutating func comparable(_ text: UnsafeRawBufferPointer) throws(JSONError) -> ComparableValue {
        try withNodes(of: text) { nodes in
            var position = 0
            return ComparableValue(nodes, at: &position)
        }
    }
}

/// Whether two JSON strings are equal, if that can be decided before the first escape of either.
private func sameString(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool? {
    for (one, other) in zip(left, right) {
        if one == UInt8(ascii: "\\") || other == UInt8(ascii: "\\") { return nil }
        if one != other { return false }
    }
    return left.count == right.count
}

private enum ScalarKind {
    case string, number, boolean, null

    init?(startingWith byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["): return nil
        case UInt8(ascii: "\""): self = .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .boolean
        case UInt8(ascii: "n"): self = .null
        default: self = .number
        }
    }
}

/// A value to compare. Its texts are bytes: Swift's strings would be equal where only their normal forms are.
private enum ComparableValue: Equatable {
    case null
    case bool(Bool)
    case integer(digits: [UInt8])
    case fraction(Double)
    case string([UInt8])
    case array([ComparableValue])
    case object([[UInt8]: ComparableValue])

    init(_ nodes: UnsafeBufferPointer<csj_node>, at position: inout Int) {
        let node = nodes[position]
        position += 1
        switch Int(node.kind) {
        case CSJ_NODE_TRUE: self = .bool(true)
        case CSJ_NODE_FALSE: self = .bool(false)
        case CSJ_NODE_NUMBER: self.init(number: Array(node.text))
        case CSJ_NODE_STRING: self = .string(Array(node.text))
        case CSJ_NODE_ARRAY:
            self = .array((0..<node.count).map { _ in ComparableValue(nodes, at: &position) })
        case CSJ_NODE_OBJECT:
            var members: [[UInt8]: ComparableValue] = [:]
            for _ in 0..<node.count {
                let key = Array(nodes[position].text)
                position += 1
                members[key] = ComparableValue(nodes, at: &position)
            }
            self = .object(members)
        default: self = .null
        }
    }

    private init(number text: [UInt8]) {
        if !text.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }) {
            self = .integer(digits: text == Array("-0".utf8) ? [UInt8(ascii: "0")] : text)
            return
        }
        let value = Double(String(decoding: text, as: UTF8.self)) ?? .infinity
        // A fraction with an integer value becomes an integer, so that the comparison stays exact.
        if let whole = Int64(exactly: value) {
            self = .integer(digits: Array(String(whole).utf8))
        } else if let whole = UInt64(exactly: value) {
            self = .integer(digits: Array(String(whole).utf8))
        } else {
            self = .fraction(value)
        }
    }

    static func == (one: ComparableValue, other: ComparableValue) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.integer(let one), .integer(let other)): one == other
        case (.fraction(let one), .fraction(let other)): one == other
        case (.integer(let digits), .fraction(let value)), (.fraction(let value), .integer(let digits)):
            Double(String(decoding: digits, as: UTF8.self)) == value
        case (.string(let one), .string(let other)): one == other
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        default: false
        }
    }
}

extension Array where Element == UInt8 {
    init(_ text: csj_text) {
        self.init(UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len)))
    }
}
