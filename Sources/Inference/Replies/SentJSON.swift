import JSON

extension JSONValue {
    /// The most values of a text that a server sends: 256 vectors of 7,000 numbers. Each takes some 70 bytes of memory.
    private static let mostSentValues = 2 << 20

    /// Parses a text that a server has sent, unless it has so many values that they would take much more memory than the text.
    init(sent bytes: [UInt8]) throws(JSONError) {
        // Each value but the last takes two bytes.
        if bytes.count > 2 * Self.mostSentValues,
            bytes.withUnsafeBytes({ Self.mostValues(in: $0) }) > Self.mostSentValues
        {
            throw JSONError(ofWhole: "too large: it has more than \(Self.mostSentValues) values")
        }
        try self.init(parsing: bytes)
    }
}
