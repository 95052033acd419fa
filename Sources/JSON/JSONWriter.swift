import CSimdJSON

extension JSONValue {
    /// The value on one line, spaced like Python's `json.dumps`, with non-ASCII text unescaped.
    public var text: String {
        var out = ""
        write(to: &out, indent: nil, depth: 0)
        return out
    }

    /// The value over several lines, with two spaces per level.
    public var prettyText: String {
        var out = ""
        write(to: &out, indent: 2, depth: 0)
        return out
    }

    private func write(to out: inout String, indent: Int?, depth: Int) {
        switch self {
        case .null: out += "null"
        case .bool(let value): out += value ? "true" : "false"
        case .number(let value): out += value.text
        case .string(let value): out += quoted(value)
        case .array(let elements):
            out += "["
            for (index, element) in elements.enumerated() {
                separate(&out, first: index == 0, indent: indent, depth: depth + 1)
                element.write(to: &out, indent: indent, depth: depth + 1)
            }
            if !elements.isEmpty { breakLine(&out, indent: indent, depth: depth) }
            out += "]"
        case .object(let object):
            out += "{"
            for (index, member) in object.members.enumerated() {
                separate(&out, first: index == 0, indent: indent, depth: depth + 1)
                out += quoted(member.key) + ": "
                member.value.write(to: &out, indent: indent, depth: depth + 1)
            }
            if !object.isEmpty { breakLine(&out, indent: indent, depth: depth) }
            out += "}"
        }
    }

    private func separate(_ out: inout String, first: Bool, indent: Int?, depth: Int) {
        if !first { out += indent == nil ? ", " : "," }
        breakLine(&out, indent: indent, depth: depth)
    }

    private func breakLine(_ out: inout String, indent: Int?, depth: Int) {
        guard let indent else { return }
        out += "\n" + String(repeating: " ", count: indent * depth)
    }
}

/// `text` as a JSON string, including the quotes.
public func quoted(_ text: String) -> String {
    var text = text
    return text.withUTF8 { bytes in
        String(unsafeUninitializedCapacity: 6 * bytes.count + 2) { out in
            out[0] = UInt8(ascii: "\"")
            var length = 1
            bytes.withMemoryRebound(to: CChar.self) { bytes in
                guard let from = bytes.baseAddress, let to = out.baseAddress else { return }
                let target = UnsafeMutableRawPointer(to + 1).assumingMemoryBound(to: CChar.self)
                length += csj_escape(target, csj_text(ptr: from, len: UInt64(bytes.count)))
            }
            out[length] = UInt8(ascii: "\"")
            return length + 1
        }
    }
}
