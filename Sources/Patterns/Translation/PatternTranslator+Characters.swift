extension PatternTranslator {
    // MARK: Escapes

    /// Reads an escape outside brackets, from its backslash.
    mutating func escape(_ flags: PatternFlags) throws(PatternError) -> Item {
        let start = position
        let isASCII = flags.contains(.ascii)
        let letter = try escapedLetter()
        switch letter {
        case "A":
            output += "\\A"
            return Item(kind: .place, width: .zero)
        case "Z":
            output += "\\z"
            return Item(kind: .place, width: .zero)
        case "b", "B":
            writeBoundary(negated: letter == "B", ascii: isASCII)
            return Item(kind: .place, width: .zero)
        case "1"..."9":
            return try numbered(start, flags)
        default:
            if let (category, negated) = Self.category(letter) {
                output += category.atom(ascii: isASCII, negated: negated)
            } else {
                return literal(try character(letter, start), flags)
            }
            return Item()
        }
    }

    private mutating func escapedLetter() throws(PatternError) -> Unicode.Scalar {
        position += 1
        guard let letter = next else { throw PatternError("a backslash ends the pattern", at: position - 1) }
        position += 1
        return letter
    }

    /// Reads `\1` ... `\99`, or three octal digits, from behind the first digit.
    private mutating func numbered(_ start: Int, _ flags: PatternFlags) throws(PatternError) -> Item {
        position = start + 1
        let octal = digits(atMost: 3, radix: 8)
        if octal.utf8.count == 3 {
            return literal(try octalValue(octal, start), flags)
        }
        position = start + 1
        return try backreference(to: Int(digits(atMost: 2)) ?? 0, at: start, flags)
    }

    private func octalValue(_ digits: String, _ start: Int) throws(PatternError) -> UInt32 {
        guard let value = UInt32(digits, radix: 8), value <= 0o377 else {
            throw PatternError("\"\\\(digits)\" is greater than \\377, the highest octal escape", at: start)
        }
        return value
    }

    private static func category(_ letter: Unicode.Scalar) -> (CharacterCategory, negated: Bool)? {
        switch letter {
        case "d": (.digit, false)
        case "D": (.digit, true)
        case "s": (.space, false)
        case "S": (.space, true)
        case "w": (.word, false)
        case "W": (.word, true)
        default: nil
        }
    }

    /// The character that an escape stands for which means the same in and outside brackets. Reads on behind `letter`.
    private mutating func character(_ letter: Unicode.Scalar, _ start: Int) throws(PatternError) -> UInt32 {
        switch letter {
        case "a": return 7
        case "f": return 12
        case "n": return 10
        case "r": return 13
        case "t": return 9
        case "v": return 11
        case "0": return try octalValue("0" + digits(atMost: 2, radix: 8), start)
        case "x": return try hexadecimal(2, start)
        case "u": return try hexadecimal(4, start)
        case "U": return try hexadecimal(8, start)
        case "N": return try namedCharacter(start)
        default:
            guard !letter.isASCIILetter else {
                throw PatternError(
                    "\"\\\(letter)\" is not an escape in Python's re; \(Self.advice(onEscape: letter))", at: start)
            }
            return letter.value
        }
    }

    private static func advice(onEscape letter: Unicode.Scalar) -> String {
        switch letter {
        case "z": #"write "\Z" for the end of the text"#
        case "h": #"write "[ \t]" for horizontal space"#
        case "R": #"write "(?:\r\n|\n|\r)" for the end of a line"#
        case "K": "put the part to be found in group 1"
        case "p", "P": "list the characters in brackets"
        case "Q", "E": "put a backslash before each special character"
        case "k", "g": #"write "(?P=name)" or "\1""#
        default: "write \"\(letter)\" for the letter, \"\\\\\(letter)\" for a backslash before it"
        }
    }

    private mutating func hexadecimal(_ count: Int, _ start: Int) throws(PatternError) -> UInt32 {
        let digits = digits(atMost: count, radix: 16)
        guard digits.utf8.count == count, let value = UInt32(digits, radix: 16) else {
            throw PatternError("\"\\\(source[start + 1])\" needs \(count) hexadecimal digits", at: start)
        }
        guard value <= 0x10FFFF else {
            throw PatternError("there is no character \(digits); the highest is 0010FFFF", at: start)
        }
        return value
    }

    private mutating func namedCharacter(_ start: Int) throws(PatternError) -> UInt32 {
        guard skip("{") else { throw PatternError(#""\N" needs a character's name: \N{EM DASH}"#, at: start) }
        let wanted = try name(until: "}", of: "character name").uppercased()
        for value in UInt32(0)...0x10FFFF {
            guard let properties = Unicode.Scalar(value)?.properties else { continue }
            if properties.name == wanted || properties.nameAlias == wanted { return value }
        }
        throw PatternError("no character has the name \"\(wanted)\"; write \\uXXXX with its number", at: start)
    }

    // MARK: Brackets

    /// Reads a class, from its bracket. All in it but `\`, `-` and the closing bracket are characters.
    mutating func characterClass(_ flags: PatternFlags) throws(PatternError) {
        let start = position
        position += 1
        let isNegated = skip("^")
        let first = position
        var contents = CharacterClass(flags: flags)
        while true {
            let itemStart = position
            guard let scalar = next else { throw unclosedClass(at: start) }
            if scalar == "]", position > first {
                position += 1
                break
            }
            let low = try classItem()
            guard skip("-") else {
                contents.insert(low)
                continue
            }
            guard let end = next else { throw unclosedClass(at: start) }
            if end == "]" {
                contents.insert(low)
                contents.insert(.character(0x2D))
                position += 1
                break
            }
            guard case .character(let from) = low, case .character(let through) = try classItem(), from <= through
            else {
                let range = String(String.UnicodeScalarView(source[itemStart..<position]))
                throw PatternError(
                    "\"\(range)\" is not a valid range of characters; write \"\\-\" for the character", at: itemStart)
            }
            contents.insert(from...through)
        }
        output += contents.text(negated: isNegated)
    }

    private func unclosedClass(at start: Int) -> PatternError {
        PatternError("\"[\" is not closed; write \"\\[\" for the character", at: start)
    }

    private mutating func classItem() throws(PatternError) -> CharacterClass.Item {
        let start = position
        guard let scalar = next, scalar == "\\" else {
            position += 1
            return .character(source[start].value)
        }
        let letter = try escapedLetter()
        if letter == "b" { return .character(8) }
        if let (category, negated) = Self.category(letter) { return .category(category, negated: negated) }
        if let digit = letter.digitValue, digit < 10 {
            position = start + 1
            let octal = digits(atMost: 3, radix: 8)
            guard !octal.isEmpty else {
                throw PatternError("\"\\\(letter)\" in brackets is neither a character nor a group", at: start)
            }
            return .character(try octalValue(octal, start))
        }
        return .character(try character(letter, start))
    }

    // MARK: Writing

    /// Writes a character that shall match itself, and its other cases where the flags say so.
    mutating func literal(_ value: UInt32, _ flags: PatternFlags) -> Item {
        var contents = CharacterClass(flags: flags)
        contents.insert(.character(value))
        output += contents.literal ?? contents.text(negated: false)
        return Item(required: .character(value, flags))
    }

    /// Writes `\b` or `\B`. Python's `\B` does not match in an empty text.
    private mutating func writeBoundary(negated: Bool, ascii: Bool) {
        if ascii == globalFlags.contains(.ascii) {
            output += negated ? "\\B" : "\\b"
        } else {
            let word = "[\(CharacterCategory.word.classItems(ascii: ascii, negated: false))]"
            output +=
                negated
                ? "(?:(?<=\(word))(?=\(word))|(?<!\(word))(?!\(word)))"
                : "(?:(?<=\(word))(?!\(word))|(?<!\(word))(?=\(word)))"
        }
        if negated { output += "(?!\\A\\z)" }
    }
}

/// What stands between the brackets of a class.
struct CharacterClass {
    enum Item {
        case character(UInt32)
        case category(CharacterCategory, negated: Bool)
    }

    private let flags: PatternFlags
    private var items = ""
    private var itemCount = 0

    init(flags: PatternFlags) {
        self.flags = flags
    }

    mutating func insert(_ item: Item) {
        switch item {
        case .character(let value):
            insert(value...value)
        case .category(let category, let negated):
            items += category.classItems(ascii: flags.contains(.ascii), negated: negated)
            itemCount += 2
        }
    }

    mutating func insert(_ range: ClosedRange<UInt32>) {
        add(range)
        guard flags.contains(.ignoreCase) else { return }
        if flags.contains(.ascii) {
            for counterpart in CaseVariants.asciiCounterparts(of: range) { add(counterpart) }
        } else {
            for variant in CaseVariants.added(to: range) { add(variant...variant) }
        }
    }

    /// Surrogates are left out: no text has them, and PCRE2 refuses them as ends of a range.
    private mutating func add(_ range: ClosedRange<UInt32>) {
        let surrogates: ClosedRange<UInt32> = 0xD800...0xDFFF
        let low = surrogates.contains(range.lowerBound) ? 0xE000 : range.lowerBound
        let high = surrogates.contains(range.upperBound) ? 0xD7FF : range.upperBound
        guard low <= high else { return }
        items += low == high ? Self.spelled(low) : "\(Self.spelled(low))-\(Self.spelled(high))"
        itemCount += low == high ? 1 : 2
    }

    /// The only character in the class, outside brackets.
    var literal: String? { itemCount == 1 ? items : nil }

    /// The class in the syntax of PCRE2, for which `[]` would be no class.
    func text(negated: Bool) -> String {
        if items.isEmpty { return negated ? #"[\x{0}-\x{10ffff}]"# : #"[^\x{0}-\x{10ffff}]"# }
        return (negated ? "[^" : "[") + items + "]"
    }

    /// A character so that PCRE2 takes it literally anywhere.
    static func spelled(_ value: UInt32) -> String {
        guard let scalar = Unicode.Scalar(value) else { return "" }
        let isPlain = scalar.isASCIILetter || scalar.digitValue != nil || scalar == " " || value > 0x9F
        return isPlain ? String(Character(scalar)) : "\\x{\(String(value, radix: 16))}"
    }
}
