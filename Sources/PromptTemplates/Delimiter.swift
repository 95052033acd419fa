/// What begins or ends a block of a prompt.
enum Delimiter: Sendable, Hashable {
    /// `<name attributes>`, or `</name>`.
    case tag(name: String, attributes: String, isEnd: Bool)
    /// A line of three or more backticks or tildes, with what follows them.
    case fence(character: Character, count: Int, rest: String)
    /// A line in square brackets; without these.
    case line(String)

    var text: String {
        switch self {
        case .tag(let name, let attributes, let isEnd): "<\(isEnd ? "/" : "")\(name)\(attributes)>"
        case .fence(let character, let count, let rest): String(repeating: character, count: count) + rest
        case .line(let words): "[\(words)]"
        }
    }

    /// The delimiter with a number that tells it from itself; a fence is that much longer instead.
    func numbered(_ number: Int) -> String {
        switch self {
        case .tag(let name, let attributes, let isEnd): "<\(isEnd ? "/" : "")\(name)_\(number)\(attributes)>"
        case .fence(let character, let count, let rest): String(repeating: character, count: count + number) + rest
        case .line(let words): "[\(words) \(number)]"
        }
    }

    var mayOpen: Bool {
        switch self {
        case .tag(_, _, let isEnd): !isEnd
        case .fence, .line: true
        }
    }

    func isClosed(by other: Delimiter) -> Bool {
        switch (self, other) {
        case (.tag(let name, _, false), .tag(let end, _, true)): name == end
        case (.fence(let character, let count, _), .fence(let end, let endCount, let rest)):
            character == end && endCount >= count && rest.allSatisfy { $0 == " " }
        case (.line, .line): true
        default: false
        }
    }

    // MARK: Finding delimiters

    /// The first delimiter in a text.
    ///
    /// - Parameter isAtStart: whether the text begins a line.
    static func first(in text: Substring, isAtStart: Bool) -> (Delimiter, Range<Substring.Index>)? {
        var place = text.startIndex
        var isLineStart = isAtStart
        while place < text.endIndex {
            let character = text[place]
            if isLineStart, let found = line(in: text[place...]) { return found }
            if character == "<", let found = tag(in: text[place...]) { return found }
            isLineStart = character.isNewline
            place = text.index(after: place)
        }
        return nil
    }

    private static func tag(in text: Substring) -> (Delimiter, Range<Substring.Index>)? {
        let inner = text.dropFirst().prefix(100).prefix { $0 != ">" && $0 != "<" && !$0.isNewline }
        guard inner.endIndex < text.endIndex, text[inner.endIndex] == ">" else { return nil }
        let isEnd = inner.first == "/"
        let rest = isEnd ? inner.dropFirst() : inner
        let name = rest.prefix { $0 == "_" || $0 == "-" || $0 == "." || $0 == ":" || $0.isLetter || $0.isNumber }
        guard let first = name.first, first.isLetter || first == "_" else { return nil }
        let attributes = rest[name.endIndex...]
        guard attributes.isEmpty || attributes.first == " " && attributes.last != "/" else { return nil }
        return (
            .tag(name: String(name), attributes: String(attributes), isEnd: isEnd),
            text.startIndex..<text.index(after: inner.endIndex)
        )
    }

    private static func line(in text: Substring) -> (Delimiter, Range<Substring.Index>)? {
        let line = text.prefix { !$0.isNewline }
        guard let first = line.first else { return nil }
        if first == "`" || first == "~" {
            let fence = line.prefix { $0 == first }
            guard fence.count >= 3, !line[fence.endIndex...].contains(first) else { return nil }
            return (
                .fence(character: first, count: fence.count, rest: String(line[fence.endIndex...])),
                line.startIndex..<line.endIndex
            )
        }
        guard first == "[", line.last == "]", line.count > 2 else { return nil }
        let words = line.dropFirst().dropLast()
        guard !words.contains(where: { $0 == "[" || $0 == "]" }) else { return nil }
        return (.line(String(words)), line.startIndex..<line.endIndex)
    }

    // MARK: Ends in values

    /// What a value has that may be read as this end of a block, in any case and with any spaces.
    struct Ends {
        /// Whether it has the end itself.
        var isThere = false
        /// The numbers with which it has the end.
        var numbers: Set<Int> = []
        /// The least number that it does not have, besides `numbers`.
        var least = 2
    }

    /// Adds what a value has. The time is proportional to the length of the value.
    func find(in value: UnsafeRawBufferPointer, _ ends: inout Ends) {
        switch self {
        case .tag(let name, _, _): Self.findTags(Array(name.utf8).map(Self.lowered), in: value, &ends)
        case .fence(let character, let count, _):
            let byte = character.asciiValue ?? 0
            Self.forEachLine(in: value) { line in
                let length = line.prefix { $0 == byte }.count
                if length >= count { ends.isThere = true }
                ends.least = max(ends.least, length - count + 1)
            }
        case .line(let words):
            let wanted = Array("[\(words)".utf8).map(Self.lowered)
            Self.forEachLine(in: value) { line in
                guard line.last == UInt8(ascii: "]"),
                    line.prefix(wanted.count).lazy.map(Self.lowered).elementsEqual(wanted)
                else { return }
                Self.note(line.dropFirst(wanted.count).dropLast(), after: UInt8(ascii: " "), &ends)
            }
        }
    }

    /// Notes what follows the words of an end: nothing, or a number.
    private static func note(_ rest: Slice<UnsafeRawBufferPointer>, after separator: UInt8, _ ends: inout Ends) {
        if rest.isEmpty { ends.isThere = true }
        guard rest.first == separator, rest.count < 12 else { return }
        if let number = Int(String(decoding: rest.dropFirst(), as: UTF8.self)) { ends.numbers.insert(number) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    private static func findTags(_ name: [UInt8], in value: UnsafeRawBufferPointer, _ ends: inout Ends) {
        var place = value.startIndex
        while let start = value[place...].firstIndex(of: UInt8(ascii: "<")) {
            place = start + 1
            // No more spaces than anybody takes for a tag, so that the time stays proportional to the length.
            func skipSpaces(_ rest: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
                rest.dropFirst(rest.prefix(16).prefix { $0 <= 0x20 }.count)
            }
            var rest = skipSpaces(value[place...])
            guard rest.first == UInt8(ascii: "/") else { continue }
            rest = skipSpaces(rest.dropFirst())
            guard rest.prefix(name.count).lazy.map(lowered).elementsEqual(name) else { continue }
            let tail = rest.dropFirst(name.count).prefix(12).prefix { $0 > 0x20 && $0 != UInt8(ascii: ">") }
            note(tail, after: UInt8(ascii: "_"), &ends)
        }
    }

    private static func forEachLine(in value: UnsafeRawBufferPointer, _ body: (Slice<UnsafeRawBufferPointer>) -> Void) {
        var start = value.startIndex
        while start <= value.endIndex {
            let end = value[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? value.endIndex
            var line = value[start..<end].drop { $0 == 0x20 || $0 == 0x09 }
            while let last = line.last, last == 0x20 || last == 0x09 { line.removeLast() }
            body(line)
            start = end + 1
        }
    }
}
