import JSON

/// The JSON object that a reply is, or holds.
enum JSONReply: Equatable {
    case object(JSONObject, text: String)
    /// None.
    case none
    /// There is no telling which is meant, or whose it is.
    case unclear(String)

    /// Finds the object: the whole reply, white space around it aside, or what stands in its one code block.
    ///
    /// Code blocks are those of Markdown between lines of three backticks or more, with "json" behind them or nothing,
    /// also on one line; those that hold no JSON object are passed over, but one that begins like an object and is none
    /// makes another unclear. One between other words that stands in the row (`values`), however it is written there, is a
    /// quotation, not the reply.
    init(in reply: String, quoting values: [UnsafeRawBufferPointer]) {
        let whole = reply.trimmed
        if let object = Self.object(whole) {
            self = .object(object, text: String(whole))
            return
        }
        var found: [(object: JSONObject, text: Substring)] = []
        var hasBroken = false
        for block in Self.blocks(of: whole) {
            if let object = Self.object(block) {
                found.append((object, block))
            } else if block.trimmed.utf8.first == UInt8(ascii: "{") {
                hasBroken = true
            }
        }
        switch found.count {
        case 0: self = .none
        case 1 where hasBroken: self = .unclear("the reply holds a JSON object, and a code block of broken JSON")
        case 1 where Self.isQuotation(found[0].text, in: whole, of: values):
            self = .unclear("the only JSON object in the reply repeats a passage of the row")
        case 1: self = .object(found[0].object, text: String(found[0].text))
        default: self = .unclear("the reply holds \(found.count) JSON objects")
        }
    }

    private static func object(_ text: Substring) -> JSONObject? {
        let text = text.trimmed
        guard text.utf8.first == UInt8(ascii: "{") else { return nil }
        return (try? JSONValue(parsing: String(text)))?.object
    }

    /// What stands in the reply's code blocks. A block that does not end goes on to the end of the reply.
    private static func blocks(of reply: Substring) -> [Substring] {
        var blocks: [Substring] = []
        /// The block at hand: where its content starts, how many backticks end it, and whether it may hold JSON.
        var open: (start: Substring.Index, fence: Int, isJSON: Bool)?
        for line in reply.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let words = Substring(line).trimmed
            guard words.hasPrefix("```") else { continue }
            let label = words.drop { $0 == "`" }
            let fence = words.utf8.count - label.utf8.count
            if let block = open {
                guard label.isEmpty, fence >= block.fence else { continue }
                if block.isJSON { blocks.append(reply[block.start..<line.startIndex]) }
                open = nil
            } else if label.contains("`") {
                // A block on one line, or else code in a line of words.
                guard label.hasSuffix("```") else { continue }
                var content = label
                while content.last == "`" { content.removeLast() }
                blocks.append(content.prefix(4).lowercased() == "json" ? content.dropFirst(4) : content)
            } else {
                open = (line.endIndex, fence, ["", "json"].contains(label.trimmed.lowercased()))
            }
        }
        if let open, open.isJSON { blocks.append(reply[open.start...]) }
        return blocks
    }

    /// Whether a code block, among other words, repeats a passage of the row.
    private static func isQuotation(
        _ block: Substring, in reply: Substring, of values: [UnsafeRawBufferPointer]
    ) -> Bool {
        let around = reply[..<block.startIndex] + reply[block.endIndex...]
        guard !["", "json"].contains(around.filter { $0 != "`" }.trimmed.lowercased()) else { return false }
        let content = Array(block.trimmed.utf8)
        var passages = PassageFinder(values, replyLength: reply.utf8.count, leastAllowance: 16 << 20)
        // Where too much would have to be compared, it is taken for one.
        return passages.contains(content[...]) || passages.containsObject(equalTo: content) || passages.isExhausted
    }

    /// How often a valid JSON object has the member `name` itself, not counting what is inside its members.
    static func occurrences(of name: String, inObject text: String) -> Int {
        var count = 0
        var depth = 0
        let bytes = Array(text.utf8)
        var position = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""):
                let start = position
                position += 1
                while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                    position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                }
                guard depth == 1, position < bytes.count, isKey(endingAt: position, of: bytes) else { break }
                let key = try? JSONValue(parsing: Array(bytes[start...position]))
                if key == .string(name) { count += 1 }
            default: break
            }
            position += 1
        }
        return count
    }

    private static func isKey(endingAt end: Int, of bytes: [UInt8]) -> Bool {
        bytes[(end + 1)...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: ":")
    }
}
