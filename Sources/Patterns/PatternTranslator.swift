internal import CPCRE2

/// Reads a pattern of Python's `re` and writes it for PCRE2.
///
/// The grammar is that of Python 3.11 and 3.12, quirks included: only what Python takes as syntax is passed on as syntax,
/// and every other character is written so that PCRE2 takes it literally. Verbose mode, comments and names of groups are
/// resolved here. The reader goes from left to right once and writes as it goes; nothing is kept but the widths that
/// lookbehinds need and which groups there are.
struct PatternTranslator {
    let source: [Unicode.Scalar]
    var position = 0
    var output = ""

    /// The flags set at the start of the pattern.
    var globalFlags: PatternFlags = []
    var globalTypeFlag: Unicode.Scalar?

    /// The width of each group, nil while it is open. Group 0, the whole pattern, is never closed.
    var groupWidths: [PatternWidth?] = [nil]
    var groupNames: [String: Int] = [:]
    /// The number of groups when the outermost lookbehind began that is being read.
    var groupsBeforeLookbehind: Int?
    /// Conditions on groups by number, which may come later in the pattern.
    var conditions: [(group: Int, offset: Int)] = []

    private var marks: [PatternTranslation.Mark] = []
    private var depth = 0

    static let maximumDepth = 200

    /// What a quantifier would apply to.
    struct Item {
        enum Kind { case place, repeated, other }
        var kind = Kind.other
        var width = PatternWidth.one
    }

    private init(_ pattern: String) {
        source = Array(pattern.unicodeScalars)
    }

    static func translate(_ pattern: String) throws(PatternError) -> PatternTranslation {
        var translator = PatternTranslator(pattern)
        _ = try translator.alternatives([])
        guard translator.position == translator.source.count else {
            throw PatternError("\")\" closes no group; write \"\\)\" for the character", at: translator.position)
        }
        let captureCount = translator.groupWidths.count - 1
        for condition in translator.conditions where condition.group > captureCount {
            throw PatternError("there is no group \(condition.group)", at: condition.offset)
        }
        // In multiline mode Python's ^ matches after a final newline too: ALT_CIRCUMFLEX. UCP is only for \b and \B.
        var options = PCRE2_UTF | PCRE2_ALT_CIRCUMFLEX
        let flags = translator.globalFlags
        if !flags.contains(.ascii) { options |= PCRE2_UCP }
        if flags.forPCRE2.contains(.ignoreCase) { options |= PCRE2_CASELESS }
        if flags.contains(.multiline) { options |= PCRE2_MULTILINE }
        if flags.contains(.dotAll) { options |= PCRE2_DOTALL }
        return PatternTranslation(
            text: translator.output, options: options, captureCount: captureCount, marks: translator.marks)
    }

    // MARK: Reading

    /// The next character, nil at the end.
    var next: Unicode.Scalar? { position < source.count ? source[position] : nil }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    /// Skips one character, or a backslash and the character behind it. False at the end.
    mutating func skipToken() throws(PatternError) -> Bool {
        guard let scalar = next else { return false }
        position += 1
        guard scalar == "\\" else { return true }
        guard next != nil else { throw PatternError("a backslash ends the pattern", at: position - 1) }
        position += 1
        return true
    }

    mutating func digits(atMost limit: Int = .max, radix: UInt32 = 10) -> String {
        var digits = ""
        while digits.unicodeScalars.count < limit, let scalar = next, let value = scalar.digitValue, value < radix {
            digits.unicodeScalars.append(scalar)
            position += 1
        }
        return digits
    }

    /// The text up to `terminator`, which is skipped.
    mutating func name(until terminator: Unicode.Scalar, of what: String) throws(PatternError) -> String {
        let start = position
        while next != terminator {
            guard try skipToken() else {
                throw PatternError("\"\(terminator)\" is missing after the \(what)", at: start)
            }
        }
        guard position > start else { throw PatternError("the \(what) is missing", at: start) }
        position += 1
        var name = ""
        name.unicodeScalars.append(contentsOf: source[start..<position - 1])
        return name
    }

    // MARK: Structure

    /// Reads what is inside a group that was opened at `start`, with the closing parenthesis.
    mutating func groupBody<Result>(
        _ start: Int, _ read: (inout PatternTranslator) throws(PatternError) -> Result
    ) throws(PatternError) -> Result {
        guard depth < Self.maximumDepth else {
            throw PatternError("groups are nested more than \(Self.maximumDepth) deep", at: start)
        }
        depth += 1
        defer { depth -= 1 }
        let result = try read(&self)
        guard skip(")") else {
            throw PatternError("the group is not closed; write \"\\(\" for the character", at: start)
        }
        output += ")"
        return result
    }

    /// Reads `a|b|c` up to a closing parenthesis or the end.
    mutating func alternatives(_ flags: PatternFlags) throws(PatternError) -> PatternWidth {
        var width = try sequence(flags, isFirst: depth == 0)
        while skip("|") {
            output += "|"
            width = width.union(try sequence(depth == 0 ? globalFlags : flags))
        }
        return width
    }

    /// Reads one alternative. Only in the `isFirst` of a pattern may global flags stand, before anything else.
    mutating func sequence(_ inherited: PatternFlags, isFirst: Bool = false) throws(PatternError) -> PatternWidth {
        var flags = inherited
        var width = PatternWidth.zero
        var last: Item?
        while let scalar = next, scalar != "|", scalar != ")" {
            if flags.contains(.verbose), try skipVerboseSpace() { continue }
            let start = position
            marks.append(PatternTranslation.Mark(output: output.utf8.count, source: start))
            if let counts = try quantifier() {
                last = try repeated(last, counts, quantifierStart: start)
                continue
            }
            let item: Item?
            if skip("(") {
                item =
                    skip("?")
                    ? try extensionGroup(start, &flags, mayBeGlobal: isFirst && last == nil)
                    : try captureGroup(named: nil, start, flags)
            } else {
                item = try simpleItem(scalar, flags)
            }
            guard let item else { continue }
            width = width + (last?.width ?? .zero)
            last = item
        }
        return width + (last?.width ?? .zero)
    }

    private mutating func simpleItem(_ scalar: Unicode.Scalar, _ flags: PatternFlags) throws(PatternError) -> Item {
        switch scalar {
        case "\\":
            return try escape(flags)
        case "[":
            try characterClass(flags)
            return Item()
        case "^", "$":
            position += 1
            output.unicodeScalars.append(scalar)
            return Item(kind: .place, width: .zero)
        case ".":
            position += 1
            output += "."
            return Item()
        default:
            position += 1
            writeLiteral(scalar.value, flags)
            return Item()
        }
    }

    /// In verbose mode: skips a white space character of ASCII, or a comment up to the end of the line.
    private mutating func skipVerboseSpace() throws(PatternError) -> Bool {
        switch next {
        case " ", "\t", "\n", "\r", "\u{B}", "\u{C}":
            position += 1
            return true
        case "#":
            // As in Python, a backslash in front of the line's end makes the comment go on in the next line.
            while let scalar = next {
                _ = try skipToken()
                if scalar == "\n" { break }
            }
            return true
        default:
            return false
        }
    }

    // MARK: Quantifiers

    typealias Counts = (minimum: Int, maximum: Int?)

    /// Reads a quantifier but for its suffix. Nil, having read nothing, if none is here: `{` may be a character.
    private mutating func quantifier() throws(PatternError) -> Counts? {
        let start = position
        switch next {
        case "*":
            position += 1
            return (0, nil)
        case "+":
            position += 1
            return (1, nil)
        case "?":
            position += 1
            return (0, 1)
        case "{":
            position += 1
            let low = digits()
            let hasComma = skip(",")
            let high = hasComma ? digits() : low
            guard skip("}"), hasComma || !low.isEmpty else {
                position = start
                return nil
            }
            let minimum = low.isEmpty ? 0 : try count(low, at: start)
            let maximum = high.isEmpty ? nil : try count(high, at: start)
            if let maximum, maximum < minimum {
                throw PatternError("the repeat count \(minimum) is greater than \(maximum)", at: start + 1)
            }
            return (minimum, maximum)
        default:
            return nil
        }
    }

    private func count(_ digits: String, at offset: Int) throws(PatternError) -> Int {
        guard let count = Int(digits), count <= 65535 else {
            throw PatternError("the repeat count \(digits) is greater than 65535, the highest PCRE2 has", at: offset)
        }
        return count
    }

    private mutating func repeated(
        _ item: Item?, _ counts: Counts, quantifierStart start: Int
    ) throws(PatternError) -> Item {
        let quantifier = String(String.UnicodeScalarView(source[start..<position]))
        guard let item, item.kind != .place else {
            let hint =
                quantifier == "*" && start > 0 && source[start - 1] == "("
                ? "verbs such as (*ACCEPT) are not in Python's re" : "write \"\\\(quantifier)\" for the characters"
            throw PatternError("\"\(quantifier)\" has nothing to repeat; \(hint)", at: start)
        }
        guard item.kind != .repeated else {
            throw PatternError(
                "\"\(quantifier)\" repeats what is repeated already; put that into (?:…)", at: start)
        }
        switch counts {
        case (0, nil): output += "*"
        case (1, nil): output += "+"
        case (0, 1): output += "?"
        case (let minimum, nil): output += "{\(minimum),}"
        case (let minimum, let maximum?) where minimum == maximum: output += "{\(minimum)}"
        case (let minimum, let maximum?): output += "{\(minimum),\(maximum)}"
        }
        if skip("?") {
            output += "?"
        } else if skip("+") {
            output += "+"
        }
        return Item(kind: .repeated, width: item.width.repeated(counts))
    }
}

extension Unicode.Scalar {
    /// The value of an ASCII digit of a radix up to 16.
    var digitValue: UInt32? {
        switch self {
        case "0"..."9": value - 0x30
        case "a"..."f": value - 0x61 + 10
        case "A"..."F": value - 0x41 + 10
        default: nil
        }
    }

    var isASCIILetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
}
