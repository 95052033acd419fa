import JSON

/// The JSON object that a reply consists of or contains.
enum JSONReply: Equatable {
    case object(JSONObject, text: String)
    /// None.
    case none
    /// It is unclear which object is meant, or whether it is the judge's.
    case unclear(String)

    /// Finds the object: the whole reply except for surrounding white space, the content of its only code block, or
    /// otherwise the only object among its words.
    ///
    /// A code block is Markdown's, between lines of three or more backticks, optionally followed by "json"; it may also
    /// be on one line. Code blocks without a JSON object are ignored. Among words, outside all code blocks, an object
    /// is what its braces enclose, including any objects inside it. Text that begins like an object but is not one
    /// makes another object unclear, and so do objects that differ. An object among words that also occurs in the row
    /// (`values`), in whatever notation, is a quotation and not the reply.
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

    /// The contents of the reply's code blocks that may contain JSON, and the text outside all code blocks. A block
    /// without an end extends to the end of the reply.
    private static func blocks(of reply: Substring) -> (blocks: [Substring], words: [Substring]) {
        var blocks: [Substring] = []
        var words: [Substring] = []
        /// Where the current words start.
        var start = reply.startIndex
        /// The current block: where its content starts, how many backticks end it, and whether it may contain JSON.
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
                // A block on one line, or code within a line of words.
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
        // If comparing would take too long, the object is treated as a quotation.
        return passages.contains(content[...]) || passages.containsObject(equalTo: content) || passages.isExhausted
    }

    /// How often a valid JSON object has the member `name`, not counting nested objects.
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

/// The JSON objects among words.
private struct EmbeddedObjects {
    private(set) var objects: [(object: JSONObject, text: Substring)] = []
    /// Whether anything begins like an object but is not one, or does not end.
    private(set) var hasBroken = false

    /// Looks at each byte at most twice: the text between braces is skipped, whether it is an object or not.
    init(in words: Substring) {
        let bytes = words.utf8
        var position = bytes.startIndex
        while let brace = bytes[position...].firstIndex(of: UInt8(ascii: "{")) {
            position = bytes.index(after: brace)
            // Nothing else can follow in an object with members; an empty object has no score.
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

    /// The place where all braces are closed, ignoring those in strings.
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
