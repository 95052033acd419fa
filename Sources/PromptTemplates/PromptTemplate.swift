/// A prompt with placeholders for a row's values.
///
/// `{name}` is the row's column `name` if the name starts with a letter or `_`, ends with one or a digit, and has only
/// those, `-` and `.` in between; letters and digits of any script are allowed. `{turns[0]}` and `{messages[-1].content}` are
/// paths into a column. Anything else in braces on one line, such as `{Best Answer}`, is a column if the data has one with
/// exactly that name (``naming(_:)``); otherwise it stays unchanged, and is reported if it looks like a placeholder
/// (`doubts`). `{{` and `}}` are literal braces; any other brace stays unchanged. Values are inserted unchanged and never
/// interpreted: they cannot contain placeholders.
public struct PromptTemplate: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case literal(String)
        /// A value, by the index of its column.
        case value(Int)
        /// Text in braces that is a placeholder if the data has a column with that name.
        case open(String)
    }

    /// The columns that it names, each once, in the order of their first occurrence.
    public private(set) var columns: [String] = []
    private(set) var parts: [Part] = []
    /// Text in braces that its author may have misunderstood, by its position.
    private var remarks: [Remark] = []

    /// The bytes that a prompt may have, unless its user has set another limit: more than any model reads. A template can name a
    /// column thousands of times.
    public static let longestPrompt = 16 << 20

    /// What is wrong with a prompt of so many bytes, or of more.
    public static func fault(size: Int, limit: Int) -> String {
        "its prompt would have \(text(size)); a prompt may have \(text(limit)) (--max-prompt-size)"
    }

    /// A number of bytes for messages.
    public static func text(_ bytes: Int) -> String { bytes < 1 << 20 ? "\(bytes) bytes" : "\(bytes >> 20) MiB" }

    public init(_ text: String) {
        var places: [[UInt8]: Int] = [:]
        let bytes = Array(text.utf8)
        var literal: [UInt8] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            let isBrace = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}")
            if isBrace, position + 1 < bytes.count, bytes[position + 1] == byte {
                if byte == UInt8(ascii: "{"), let inner = Braces.content(of: bytes, at: position + 2, closing: 2) {
                    remarks.append(Remark(.doubled, inner, behind: literal))
                }
                literal.append(byte)
                position += 2
            } else if byte == UInt8(ascii: "{"), let inner = Braces.content(of: bytes, at: position + 1, closing: 1) {
                if Braces.isName(inner) || Braces.isPath(inner) {
                    remarks.append(Remark(.place, inner, behind: literal))
                    appendLiteral(&literal)
                    parts.append(.value(index(of: inner, &places)))
                } else if bytes.dropFirst(position + inner.utf8.count + 2).first == UInt8(ascii: "}") {
                    // The braces after it are a literal one, which may be its end.
                    literal.append(byte)
                    position += 1
                    continue
                } else {
                    remarks.append(Remark(.open, inner, behind: literal))
                    appendLiteral(&literal)
                    parts.append(.open(inner))
                }
                position += inner.utf8.count + 2
            } else {
                literal.append(byte)
                position += 1
            }
        }
        appendLiteral(&literal)
    }

    /// The template with placeholders for those columns of the data that have unusual names, such as `{Best Answer}`.
    public func naming(_ columns: some Collection<String>) -> PromptTemplate {
        var template = self
        template.columns = []
        var places: [[UInt8]: Int] = [:]
        let known = Set(columns.map { Array($0.utf8) })
        var named: Set<[UInt8]> = []
        for (index, part) in parts.enumerated() {
            switch part {
            case .literal: break
            case .value(let column): template.parts[index] = .value(template.index(of: self.columns[column], &places))
            case .open(let name):
                guard known.contains(Array(name.utf8)) else { continue }
                template.parts[index] = .value(template.index(of: name, &places))
                named.insert(Array(name.utf8))
            }
        }
        if !named.isEmpty {
            template.remarks.removeAll { $0.kind == .open && named.contains(Array($0.inner.utf8)) }
        }
        return template
    }

    /// What stands in braces and is a place where the data has a column of that name.
    public var openNames: [String] {
        parts.compactMap { if case .open(let name) = $0 { name } else { nil } }
    }

    /// Whether the placeholders or the doubts can depend on the names of the data's columns.
    public var dependsOnColumns: Bool { remarks.contains { $0.kind != .place } }

    /// The texts that look like placeholders but are not, each once.
    ///
    /// - Parameter known: the columns of the data; nil if they are not known.
    public func doubts(among known: [String]? = nil) -> [Doubt] {
        var doubts: [Doubt] = []
        // A price is "${price}"; if every placeholder has the sign, it is the syntax of another template language.
        let places = remarks.filter { $0.kind == .place }
        if let first = places.first, places.allSatisfy(\.followsDollar) {
            doubts.append(
                Doubt(text: "${\(first.inner)}", advice: "the dollar sign stays in the prompt; write {\(first.inner)}"))
        }
        var told = Set(doubts)
        for remark in remarks {
            if let doubt = remark.doubt(among: known), told.insert(doubt).inserted { doubts.append(doubt) }
        }
        return doubts
    }

    /// The bytes of the prompt with values of such sizes for `columns`, in their order.
    public func size(withValuesOf sizes: [Int]) -> Int {
        parts.reduce(0) { size, part in
            switch part {
            case .literal(let text): size + text.utf8.count
            case .value(let index): size + sizes[index]
            case .open(let name): size + name.utf8.count + 2
            }
        }
    }

    /// The prompt with the values of `columns`, in their order.
    public func rendered(_ values: [UnsafeRawBufferPointer]) -> String {
        rendered { String(decoding: values[$0], as: UTF8.self) }
    }

    /// The prompt with the value that `value` has for each column, by its index in `columns`.
    public func rendered<Failure>(_ value: (Int) throws(Failure) -> String) throws(Failure) -> String {
        var prompt = ""
        for part in parts {
            switch part {
            case .literal(let text): prompt += text
            case .value(let index): prompt += try value(index)
            case .open(let name): prompt += "{\(name)}"
            }
        }
        return prompt
    }

    private mutating func appendLiteral(_ bytes: inout [UInt8]) {
        if !bytes.isEmpty { parts.append(.literal(String(decoding: bytes, as: UTF8.self))) }
        bytes = []
    }

    /// The place of a name among the columns.
    ///
    /// - Parameter places: those of the names so far, by their bytes: by Swift's equality of texts, two columns of different
    ///   bytes may be one.
    private mutating func index(of name: String, _ places: inout [[UInt8]: Int]) -> Int {
        let bytes = Array(name.utf8)
        if let index = places[bytes] { return index }
        places[bytes] = columns.count
        columns.append(name)
        return columns.count - 1
    }
}
