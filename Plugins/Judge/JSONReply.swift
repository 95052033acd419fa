import JSON

/// The JSON object that a reply is, or holds.
enum JSONReply: Equatable {
    case object(JSONObject, text: String)
    /// None.
    case none
    /// There is no telling which is meant, or whose it is.
    case unclear(String)

    /// Finds the object: the whole reply, white space around it aside, what stands in its one code block, or else the one
    /// object among its words.
    ///
    /// Code blocks are those of Markdown between lines of three backticks or more, with "json" behind them or nothing,
    /// also on one line; those that hold no JSON object are passed over. Among words, outside of all code blocks, an
    /// object is what its braces enclose; objects inside of it are its own. What begins like an object and is none makes
    /// another unclear, and so do objects that differ. One between other words that stands in the row (`values`), however
    /// it is written there, is a quotation, not the reply.
    init(in reply: String, quoting values: [UnsafeRawBufferPointer]) {
        let whole = reply.trimmed
        if let object = Self.object(whole) {
            self = .object(object, text: String(whole))
            return
        }
        let (blocks, words) = Self.blocks(of: whole)
        var found: [(object: JSONObject, text: Substring)] = []
        var hasBroken = false
        for block in blocks {
            if let object = Self.object(block) {
                found.append((object, block))
            } else if block.trimmed.utf8.first == UInt8(ascii: "{") {
                hasBroken = true
            }
        }
        var broken = "a code block of broken JSON"
        if found.isEmpty && !hasBroken {
            broken = "something that looks like a broken one"
            for text in words {
                let inWords = EmbeddedObjects(in: text)
                found += inWords.objects
                hasBroken = hasBroken || inWords.hasBroken
            }
        }
        guard let first = found.first else {
            self = .none
            return
        }
        if hasBroken {
            self = .unclear("the reply contains a JSON object and \(broken)")
        } else if found.contains(where: { $0.object != first.object }) {
            self = .unclear("the reply contains \(found.count) JSON objects")
        } else if Self.isQuotation(first.text, in: whole, of: values) {
            self = .unclear("the only JSON object in the reply repeats a passage of the row")
        } else {
            self = .object(first.object, text: String(first.text))
        }
    }

    fileprivate static func object(_ text: Substring) -> JSONObject? {
        let text = text.trimmed
        guard text.utf8.first == UInt8(ascii: "{") else { return nil }
        return (try? JSONValue(parsing: String(text)))?.object
    }

    /// What stands in the reply's code blocks that may hold JSON, and what stands outside of all code blocks. A block that
    /// does not end goes on to the end of the reply.
    private static func blocks(of reply: Substring) -> (blocks: [Substring], words: [Substring]) {
        var blocks: [Substring] = []
        var words: [Substring] = []
        /// Where the words at hand start.
        var start = reply.startIndex
        /// The block at hand: where its content starts, how many backticks end it, and whether it may hold JSON.
        var open: (start: Substring.Index, fence: Int, isJSON: Bool)?
        for line in reply.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let text = Substring(line).trimmed
            guard text.hasPrefix("```") else { continue }
            let label = text.drop { $0 == "`" }
            let fence = text.utf8.count - label.utf8.count
            if let block = open {
                guard label.isEmpty, fence >= block.fence else { continue }
                if block.isJSON { blocks.append(reply[block.start..<line.startIndex]) }
                open = nil
                start = line.endIndex
                continue
            }
            if label.contains("`") {
                // A block on one line, or else code in a line of words.
                guard label.hasSuffix("```") else { continue }
                var content = label
                while content.last == "`" { content.removeLast() }
                blocks.append(content.prefix(4).lowercased() == "json" ? content.dropFirst(4) : content)
                words.append(reply[start..<line.startIndex])
                start = line.endIndex
            } else {
                open = (line.endIndex, fence, ["", "json"].contains(label.trimmed.lowercased()))
                words.append(reply[start..<line.startIndex])
            }
        }
        if let open {
            if open.isJSON { blocks.append(reply[open.start...]) }
        } else {
            words.append(reply[start...])
        }
        return (blocks, words)
    }

    /// Whether an object, among other words, repeats a passage of the row.
    private static func isQuotation(
        _ object: Substring, in reply: Substring, of values: [UnsafeRawBufferPointer]
    ) -> Bool {
        let around = reply[..<object.startIndex] + reply[object.endIndex...]
        guard !["", "json"].contains(around.filter { $0 != "`" }.trimmed.lowercased()) else { return false }
        let content = Array(object.trimmed.utf8)
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

/// The JSON objects that stand among words.
private struct EmbeddedObjects {
    private(set) var objects: [(object: JSONObject, text: Substring)] = []
    /// Whether anything begins like an object and is none, or does not end.
    private(set) var hasBroken = false

    /// Looks at each byte once or twice: what its braces enclose is passed over, be it an object or not.
    init(in words: Substring) {
        let bytes = words.utf8
        var position = bytes.startIndex
        while let brace = bytes[position...].firstIndex(of: UInt8(ascii: "{")) {
            position = bytes.index(after: brace)
            // Nothing else can follow in an object that has members; one without says nothing.
            guard bytes[position...].first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: "\"")
            else { continue }
            guard let end = Self.end(ofObjectFrom: brace, in: bytes) else {
                hasBroken = true
                return
            }
            if let object = JSONReply.object(words[brace..<end]) {
                objects.append((object, words[brace..<end]))
            } else {
                hasBroken = true
            }
            position = end
        }
    }

    /// Where the braces that one opens are all closed, strings aside.
    private static func end(
        ofObjectFrom start: Substring.UTF8View.Index, in bytes: Substring.UTF8View
    ) -> Substring.UTF8View.Index? {
        var depth = 0
        var isString = false
        var isEscaped = false
        var position = start
        while position < bytes.endIndex {
            let byte = bytes[position]
            position = bytes.index(after: position)
            if isEscaped {
                isEscaped = false
                continue
            }
            switch byte {
            case UInt8(ascii: "\\") where isString: isEscaped = true
            case UInt8(ascii: "\""): isString.toggle()
            case UInt8(ascii: "{") where !isString: depth += 1
            case UInt8(ascii: "}") where !isString:
                depth -= 1
                if depth == 0 { return position }
            default: break
            }
        }
        return nil
    }
}
