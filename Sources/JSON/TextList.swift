import CSimdJSON

/// Why a value is not an array of texts.
public enum TextListFault: Sendable, Hashable {
    /// It is of this kind (`JSONValue.kind`).
    case notArray(String)
    /// The first element that is not a text is of this kind.
    case otherElement(String)
}

extension JSONParser {
    /// Reads an array of strings without making values of them. Numbers and booleans count as the texts that they are
    /// written as.
    ///
    /// - Parameter body: receives the UTF-8 bytes of each text, which are valid during the call. An unpaired surrogate has three
    ///   bytes, as in WTF-8.
    /// - Returns: nil if all elements were passed to `body`.
    public mutating func readTexts(
        in json: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(JSONError) -> TextListFault? {
        try withNodes(of: json) { nodes in
            guard Int(nodes[0].kind) == CSJ_NODE_ARRAY else { return .notArray(kind(of: nodes[0])) }
            // Elements that are one node each follow the array.
            for index in 1..<Int(nodes[0].count) + 1 {
                switch Int(nodes[index].kind) {
                case CSJ_NODE_STRING, CSJ_NODE_NUMBER:
                    body(UnsafeRawBufferPointer(start: nodes[index].text.ptr, count: Int(nodes[index].text.len)))
                case CSJ_NODE_TRUE: "true".utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
                case CSJ_NODE_FALSE: "false".utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
                default: return .otherElement(kind(of: nodes[index]))
                }
            }
            return nil
        }
    }
}

/// The kind of a value, as `JSONValue.kind` names it.
private func kind(of node: csj_node) -> String {
    switch Int(node.kind) {
    case CSJ_NODE_ARRAY: JSONValue.array([]).kind
    case CSJ_NODE_OBJECT: JSONValue.object([:]).kind
    case CSJ_NODE_STRING: JSONValue.string("").kind
    case CSJ_NODE_NUMBER: JSONValue.number(JSONNumber(0)).kind
    case CSJ_NODE_TRUE, CSJ_NODE_FALSE: JSONValue.bool(true).kind
    default: JSONValue.null.kind
    }
}
