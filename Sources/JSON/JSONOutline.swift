import CSimdJSON

/// The positions of the parts of a JSON text, so that they can be extracted unchanged.
///
/// Covers the value itself and the objects that are its members. For arrays, only the number of elements and the positions
/// of objects are known.
public struct JSONOutline: Sendable {
    /// The bytes of the value, without white space around it.
    public let range: Range<Int>
    public let parts: Parts

    /// The contents of a value.
    public enum Parts: Sendable {
        /// A number, string, boolean or null, or a value that is nested too deeply.
        case whole
        /// - Parameters:
        ///   - count: how many elements there are.
        ///   - objects: the start of each object at the beginning of the array.
        case array(count: Int, objects: [UInt32])
        /// The members in order. If a name occurs several times, only the last one is included.
        case object([Member])
    }

    /// A member of an object.
    public struct Member: Sendable {
        public let key: String
        public let value: JSONOutline
    }

    /// The member `key` of an object.
    public subscript(key: String) -> JSONOutline? {
        guard case .object(let members) = parts else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }
}

extension JSONParser {
    /// The number of zero bytes that must follow a text that is not copied.
    public static let padding = Int(CSJ_PADDING)

    /// Validates one whole value, and locates its parts. Each object in an array takes four bytes.
    ///
    /// - Parameter text: must be followed by `padding` readable zero bytes.
    public mutating func outline(padded text: UnsafeRawBufferPointer) throws(JSONError) -> JSONOutline {
        let levels = 2
        return try withOutlineNodes(of: text, levels: levels) { nodes, objects in
            var walk = OutlineWalk(text: text, nodes: nodes, objects: objects)
            return walk.value(upTo: text.count, levels: levels)
        }
    }

    /// The same for a text whose last `padding` bytes are zero and do not belong to it.
    public mutating func outline(padded bytes: [UInt8]) throws(JSONError) -> JSONOutline {
        let result: Result<JSONOutline, JSONError> = bytes.withUnsafeBytes { bytes in
            do throws(JSONError) {
                return .success(try outline(padded: UnsafeRawBufferPointer(rebasing: bytes.dropLast(Self.padding))))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Validates one whole value, and returns whether it is an object.
    ///
    /// - Parameter repairs: is increased by the number of places that ``parse(_:repairs:)`` repairs.
    public mutating func isObject(
        _ text: UnsafeRawBufferPointer, repairs: inout Int
    ) throws(JSONError) -> Bool {
        var count: UInt64 = 0
        let isObject = try withNodes(of: text, repairs: &count) { nodes in
            nodes.first.map { Int($0.kind) == CSJ_NODE_OBJECT } ?? false
        }
        repairs += Int(count)
        return isObject
    }
}

/// Walks through the nodes of a valid text, from start to end.
private struct OutlineWalk {
    let text: UnsafeRawBufferPointer
    let nodes: UnsafeBufferPointer<csj_node>
    /// The starts of the objects in the current and the following arrays.
    var objects: UnsafePointer<UInt32>?
    var position = 0

    /// The current value, which ends before the byte `limit`; only white space and a comma lie in between.
    mutating func value(upTo limit: Int, levels: Int) -> JSONOutline {
        let node = nodes[position]
        let range = Int(node.offset)..<end(before: limit)
        if Int(node.kind) == CSJ_NODE_ARRAY {
            position += 1
            let starts = UnsafeBufferPointer(start: objects, count: Int(node.text.len))
            objects = objects.map { $0 + starts.count }
            return JSONOutline(range: range, parts: .array(count: Int(node.count), objects: Array(starts)))
        }
        if Int(node.kind) == CSJ_NODE_OBJECT && levels > 0 {
            position += 1
            return JSONOutline(
                range: range, parts: .object(members(node.count, upTo: range.upperBound - 1, levels: levels - 1)))
        }
        skip()
        return JSONOutline(range: range, parts: .whole)
    }

    private mutating func members(_ count: UInt32, upTo limit: Int, levels: Int) -> [JSONOutline.Member] {
        var members: [JSONOutline.Member] = []
        var places: [ExactText: Int] = [:]
        for index in 0..<count {
            let key = String(nodes[position].text)
            let exact = ExactText(key)
            position += 1
            let start = position
            skip()
            let next = index + 1 < count ? Int(nodes[position].offset) : limit
            position = start
            let member = JSONOutline.Member(key: key, value: value(upTo: next, levels: levels))
            if let place = places[exact] {
                members[place] = member
            } else {
                places[exact] = members.count
                members.append(member)
            }
        }
        return members
    }

    /// Skips the current value. Elements of arrays have no nodes.
    private mutating func skip() {
        var open: UInt = 1
        while open > 0 {
            let node = nodes[position]
            position += 1
            open -= 1
            if Int(node.kind) == CSJ_NODE_OBJECT { open += 2 * UInt(node.count) }
        }
    }

    /// The end of the value that is separated from `limit` only by white space and at most one comma.
    private func end(before limit: Int) -> Int {
        var end = limit
        while end > 0, [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ",")].contains(text[end - 1]) { end -= 1 }
        return end
    }
}
