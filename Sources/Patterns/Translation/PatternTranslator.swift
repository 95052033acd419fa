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

    /// Whether the group about to be read is what an alternative of the whole pattern begins with.
    var isLeadingGroup = true

    var marks: [PatternTranslation.Mark] = []
    private var depth = 0

    static let maximumDepth = 200

    /// What a quantifier would apply to.
    struct Item {
        enum Kind { case character, group, lookaround, place, repeated }
        var kind = Kind.character
        var width = PatternWidth.one
        var required = RequiredText.BySubject()
        /// Where in the output it begins, in bytes.
        var output = 0
        /// The number of groups in front of it.
        var groups = 0
    }

    /// What is known of alternatives, or of one of them.
    struct Part {
        var width: PatternWidth
        var required: RequiredText.BySubject

        func union(_ other: Part) -> Part {
            Part(width: width.union(other.width), required: required.union(other.required))
        }
    }

    private init(_ pattern: String) {
        source = Array(pattern.unicodeScalars)
    }

    static func translate(_ pattern: String) throws(PatternError) -> PatternTranslation {
        var translator = PatternTranslator(pattern)
        let whole = try translator.alternatives([])
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
            text: translator.output, options: options, captureCount: captureCount,
            answerGroup: translator.groupNames["answer"] ?? 0, required: whole.required, marks: translator.marks)
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
    mutating func alternatives(_ flags: PatternFlags) throws(PatternError) -> Part {
        let isLeading = isLeadingGroup
        var part = try sequence(flags, isFirst: depth == 0, isLeading: isLeading)
        while skip("|") {
            output += "|"
            part = part.union(try sequence(depth == 0 ? globalFlags : flags, isLeading: isLeading))
        }
        return part
    }

    /// Reads one alternative. Only in the `isFirst` of a pattern may global flags stand, before anything else.
    mutating func sequence(
        _ inherited: PatternFlags, isFirst: Bool = false, isLeading: Bool = false
    ) throws(PatternError) -> Part {
        var flags = inherited
        var width = PatternWidth.zero
        var required = (general: RequiredSequence(), ascii: RequiredSequence())
        func add(_ item: Item?) {
            guard let item else { return }
            width = width + item.width
            // What takes no characters stands between others without parting them.
            if item.kind == .place || item.kind == .lookaround { return }
            required.general.append(item.required.general)
            required.ascii.append(item.required.ascii)
        }
        var last: Item?
        var needsBarrier = isLeading
        while let scalar = next, scalar != "|", scalar != ")" {
            if try skipComment() { continue }
            if flags.contains(.verbose), try skipVerboseSpace() { continue }
            let start = position
            marks.append(PatternTranslation.Mark(output: output.utf8.count, source: start))
            if let counts = try quantifier() {
                last = try repeated(last, counts, quantifierStart: start)
                continue
            }
            if needsBarrier, last != nil, !isSingleLiteral(scalar, flags) {
                output += Self.barrier
                needsBarrier = false
            }
            let (outputBefore, groupsBefore) = (output.utf8.count, groupWidths.count)
            var item: Item?
            if skip("(") {
                isLeadingGroup = needsBarrier
                item =
                    skip("?")
                    ? try extensionGroup(start, &flags, mayBeGlobal: isFirst && last == nil)
                    : try captureGroup(named: nil, start, flags)
                isLeadingGroup = false
                needsBarrier = needsBarrier && item == nil
            } else {
                item = try simpleItem(scalar, flags)
            }
            guard item != nil else { continue }
            item?.output = outputBefore
            item?.groups = groupsBefore
            add(last)
            last = item
        }
        if needsBarrier, depth > 0 { output += Self.barrier }
        add(last)
        return Part(
            width: width,
            required: RequiredText.BySubject(
                general: required.general.finished(), ascii: required.ascii.finished()))
    }

    /// Keeps PCRE2 10.42 from optimisations that lose matches: an empty lookahead, which costs next to nothing.
    ///
    /// The JIT compiler lets a repeated character fail early where it failed before from the same start position, though it
    /// may have been reached from another alternative and be further to the left now: `(?:ab|a)x*b` does not match in "ab".
    /// It reads the code from its beginning to find such repeats, and stops at what it does not know. So a barrier is
    /// written into each alternative that a match can begin with, behind the first item: in front of it, it would hide from
    /// PCRE2 that a match can start only at the beginning, or at that of a line.
    static let barrier = "(?=)"

    /// The opening of an atomic group, with a barrier against the compiler's mistake to make a repeat in front of it
    /// possessive if one of several alternatives in the group can be empty: `[ab]+(?>x?|c)b` does not match in "ab".
    static let atomicOpening = barrier + "(?>"

    /// Whether `scalar`, the next character, stands for itself and is not repeated.
    private func isSingleLiteral(_ scalar: Unicode.Scalar, _ flags: PatternFlags) -> Bool {
        guard !flags.contains(.verbose), !"\\[({*+?.^$".unicodeScalars.contains(scalar) else { return false }
        return position + 1 == source.count || !"{*+?".unicodeScalars.contains(source[position + 1])
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
            return literal(scalar.value, flags)
        }
    }

    /// Skips `(?#…)`.
    private mutating func skipComment() throws(PatternError) -> Bool {
        let start = position
        guard source[start...].starts(with: ["(", "?", "#"]) else { return false }
        position += 3
        while let scalar = next {
            _ = try skipToken()
            if scalar == ")" { return true }
        }
        throw PatternError("the comment is not closed", at: start)
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
