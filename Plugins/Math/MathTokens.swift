/// A token of a formula in LaTeX or plain notation.
enum MathToken: Hashable {
    /// Digits with a point, and with an exponent as in 1e3.
    case number(String)
    case letter(Character)
    /// A command without its backslash, such as frac; also `{` and `}` of sets, and `%`.
    case command(String)
    case text(String)
    case mark(Character)
}

/// Splits a formula into tokens.
struct MathTokenizer {
    private let characters: [Character]
    private var position = 0
    private var tokens: [MathToken] = []
    /// In brackets, a comma separates elements; elsewhere it may group digits.
    private var depth = 0

    /// - Throws: if a character has no meaning in a formula. Linear in the length of the text.
    static func tokens(of text: String) throws(MathFault) -> [MathToken] {
        var tokenizer = MathTokenizer(characters: Array(text))
        while tokenizer.position < tokenizer.characters.count { try tokenizer.next() }
        return tokenizer.tokens
    }

    private init(characters: [Character]) {
        self.characters = characters
    }

    private func character(_ offset: Int = 0) -> Character? {
        let place = position + offset
        return place < characters.count ? characters[place] : nil
    }

    private mutating func next() throws(MathFault) {
        guard let first = character() else { return }
        if first == "\\" { return try command() }
        if first.isWhitespace || first == "~" || first == "$" {
            position += 1
        } else if Self.isDigit(first) || (first == "." && character(1).map(Self.isDigit) == true) {
            number()
        } else if let command = Self.symbols[first] {
            tokens.append(command)
            position += 1
        } else if first.isLetter {
            word()
        } else if "+-*/^_!%(),;:[]{}|=<>&'".contains(first) {
            if "([{".contains(first) { depth += 1 } else if ")]}".contains(first) { depth -= 1 }
            tokens.append(first == "%" ? .command("%") : .mark(first))
            position += 1
            // ** is a power, as in Python.
            if first == "*", character() == "*" {
                tokens[tokens.count - 1] = .mark("^")
                position += 1
            }
        } else {
            throw .unsupported("the character \(first)")
        }
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

    private static let symbols: [Character: MathToken] = [
        "−": .mark("-"), "–": .mark("-"), "×": .mark("*"), "·": .mark("*"), "⋅": .mark("*"), "÷": .mark("/"),
        "π": .command("pi"), "√": .command("sqrt"), "∞": .command("infty"), "≤": .command("le"), "≥": .command("ge"),
        "≠": .command("ne"), "∪": .command("cup"), "∈": .command("in"), "∅": .command("emptyset"),
        "±": .command("pm"), "°": .command("circ"), "²": .command("squared"), "³": .command("cubed"),
    ]

    // MARK: Numbers

    private mutating func number() {
        if isBareArgument, let digit = character(), Self.isDigit(digit) {
            tokens.append(.number(String(digit)))
            position += 1
            return
        }
        var text = digits()
        // 1,000 and 1 000, but not in brackets, where a comma separates.
        while text.count <= 3 || text.contains(","), depth == 0, let separator = character(),
            separator == "," || separator == " ", text.isEmpty == false, groupFollows()
        {
            position += 1
            text += "," + digits()
        }
        text.removeAll { $0 == "," }
        if character() == ".", character(1).map(Self.isDigit) == true || !(character(1)?.isLetter ?? false) {
            // A period at the end of a sentence is none of the number's.
            if character(1).map(Self.isDigit) == true {
                position += 1
                text += "." + digits()
            } else if tokens.isEmpty == false || character(1) == nil {
                position += 1
            }
        }
        if character() == "e" || character() == "E" {
            let sign = character(1) == "-" ? 1 : 0
            if character(1 + sign).map(Self.isDigit) == true {
                position += 1 + sign
                text += (sign == 1 ? "e-" : "e") + digits()
            }
        }
        tokens.append(.number(text))
    }

    /// Whether one digit is an argument: \frac12 is 1/2.
    private var isBareArgument: Bool {
        if tokens.last == .command("frac") || tokens.last == .command("sqrt") { return true }
        guard case .number(let first)? = tokens.last, first.count == 1 else { return false }
        return tokens.dropLast().last == .command("frac")
    }

    private mutating func digits() -> String {
        var text = ""
        while let digit = character(), Self.isDigit(digit) {
            text.append(digit)
            position += 1
        }
        return text
    }

    /// Whether a separator and exactly three digits follow.
    private func groupFollows() -> Bool {
        (1...3).allSatisfy { character($0).map(Self.isDigit) == true } && character(4).map(Self.isDigit) != true
    }

    // MARK: Words

    /// Letters: the name of a function, or variables.
    private mutating func word() {
        var word = ""
        while let letter = character(), letter.isLetter {
            word.append(letter)
            position += 1
        }
        if Self.names.contains(word) {
            tokens.append(.command(word))
        } else if word.count > 3 || (word.count > 1 && !tokens.isEmpty && Self.units.contains(word)) {
            // No product of variables is so long.
            tokens.append(.text(word))
        } else {
            tokens += word.map { MathToken.letter($0) }
        }
    }

    /// Words of two or three letters behind a value that are no product of variables.
    private static let units: Set<String> = [
        "mm", "cm", "dm", "km", "ft", "yd", "mi", "mg", "kg", "lb", "lbs", "oz", "ml", "mL", "cl", "dl", "hr", "hrs",
        "min",
        "sec", "ms", "Hz", "kHz", "MHz", "kW", "kWh", "mph", "kph", "rpm", "deg", "rad", "pts", "USD", "EUR", "GBP",
    ]

    private static let names: Set<String> = [
        "sin", "cos", "tan", "cot", "sec", "csc", "ln", "log", "exp", "sqrt", "pi",
    ]

    // MARK: Commands

    private mutating func command() throws(MathFault) {
        position += 1
        guard let first = character() else { throw .unsupported("a backslash at the end") }
        guard first.isLetter else {
            position += 1
            switch first {
            case "{", "}":
                depth += first == "{" ? 1 : -1
                tokens.append(.command(String(first)))
            case "%": tokens.append(.command("%"))
            case "$", ",", ";", ":", "!", " ", "(", ")", "[", "]": break
            case "\\": tokens.append(.command("\\"))
            case "|": tokens.append(.mark("|"))
            default: throw .unsupported("the command \\\(first)")
            }
            return
        }
        var name = ""
        while let letter = character(), letter.isLetter, letter.isASCII {
            name.append(letter)
            position += 1
        }
        switch name {
        case "left", "right", "big", "Big", "bigg", "Bigg", "displaystyle", "textstyle", "limits", "quad", "qquad",
            "mathop":
            // A period stands for no bracket.
            if name == "left" || name == "right", character() == "." { position += 1 }
        case "dfrac", "tfrac", "cfrac": tokens.append(.command("frac"))
        case "text", "textbf", "textit", "textrm", "mbox": try text()
        case "mathrm", "mathbf", "mathit", "operatorname", "boldsymbol", "mathbb", "boxed", "fbox": try styled()
        case "cdot", "times", "ast": tokens.append(.mark("*"))
        case "div": tokens.append(.mark("/"))
        case "lt": tokens.append(.mark("<"))
        case "gt": tokens.append(.mark(">"))
        case "lbrace": tokens.append(.command("{"))
        case "rbrace": tokens.append(.command("}"))
        case "leq", "leqslant": tokens.append(.command("le"))
        case "geq", "geqslant": tokens.append(.command("ge"))
        case "neq": tokens.append(.command("ne"))
        case "degree": tokens.append(.command("circ"))
        case "varnothing": tokens.append(.command("emptyset"))
        case "vert", "lvert", "rvert": tokens.append(.mark("|"))
        case "begin", "end": tokens.append(.command("\(name) \(try group())"))
        default: tokens.append(.command(name))
        }
    }

    /// The text in braces.
    private mutating func group() throws(MathFault) -> String {
        while character() == " " { position += 1 }
        guard character() == "{" else { throw .unsupported("a command without braces") }
        position += 1
        var (text, depth) = ("", 1)
        while let next = character() {
            position += 1
            if next == "{" { depth += 1 } else if next == "}" { depth -= 1 }
            if depth == 0 { return text }
            text.append(next)
        }
        throw .unsupported("a brace that does not close")
    }

    /// A formula in another style of letters; several letters are a unit or a word, unless they name a function.
    private mutating func styled() throws(MathFault) {
        while character() == " " { position += 1 }
        guard character() == "{" else { return }
        let content = try group()
        let letters = content.filter { $0 != " " }
        if letters.count > 1, letters.allSatisfy(\.isLetter), !Self.names.contains(letters) {
            tokens.append(.text(letters))
        } else {
            tokens += try Self.tokens(of: content)
        }
    }

    /// A text: a number or a letter counts as such, `and` and `or` separate, anything else is a unit or an answer in words.
    private mutating func text() throws(MathFault) {
        let words = try group().split(separator: " ").joined(separator: " ")
        if words == "and" || words == "or" || words == "," {
            tokens.append(.mark(","))
        } else if !words.isEmpty, words.allSatisfy({ Self.isDigit($0) || $0 == "." || $0 == "-" || $0 == "/" }) {
            tokens += try Self.tokens(of: words)
        } else if words.count == 1, let letter = words.first, letter.isLetter {
            // A letter alone is a choice; behind a number it is a unit.
            if case .number? = tokens.last { tokens.append(.text(words)) } else { tokens.append(.letter(letter)) }
        } else if !words.isEmpty {
            tokens.append(.text(words))
        }
    }
}
