extension PatternTranslator {
    typealias Counts = (minimum: Int, maximum: Int?)

    /// Reads a quantifier but for its suffix. Nil, having read nothing, if none is here: `{` may be a character.
    mutating func quantifier() throws(PatternError) -> Counts? {
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
            throw PatternError("the repeat count \(digits) is greater than 65535, the PCRE2 limit", at: offset)
        }
        return count
    }

    /// Writes the quantifier that was read behind `item`, and reads its suffix.
    mutating func repeated(
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
                "\"\(quantifier)\" repeats something that is already repeated; put that in (?:…)", at: start)
        }
        if item.kind != .character, counts.maximum == 0 {
            // PCRE2 10.42 may hold `(?:x|\A){0}` to be anchored. Only the groups count.
            output.removeSubrange(output.utf8.index(output.startIndex, offsetBy: item.output)...)
            marks.removeAll { $0.output > item.output }
            output += Self.barrier + String(repeating: "(){0}", count: groupWidths.count - item.groups)
            _ = skip("?") || skip("+")
            return Item(kind: .repeated, width: .zero)
        }
        if item.kind == .lookaround, counts.minimum > 0 {
            // A second time adds nothing; and PCRE2 10.42 gets `(?=…){2}` wrong at times.
            _ = skip("?") || skip("+")
            return Item(kind: .repeated, width: .zero)
        }
        output += Self.spelled(counts)
        if skip("?") {
            output += "?"
        } else if skip("+") {
            if item.kind == .character {
                output += "+"
            } else {
                // JIT-compiled possessive groups keep captures of attempts that failed in PCRE2 10.42.
                insert(Self.atomicOpening, at: item.output)
                output += ")"
            }
        }
        return Item(
            kind: .repeated, width: item.width.repeated(counts),
            required: item.required.repeated(atLeast: counts.minimum))
    }

    private static func spelled(_ counts: Counts) -> String {
        switch counts {
        case (0, nil): "*"
        case (1, nil): "+"
        case (0, 1): "?"
        case (let minimum, nil): "{\(minimum),}"
        case (let minimum, let maximum?): minimum == maximum ? "{\(minimum)}" : "{\(minimum),\(maximum)}"
        }
    }

    private mutating func insert(_ text: String, at offset: Int) {
        output.insert(contentsOf: text, at: output.utf8.index(output.startIndex, offsetBy: offset))
        for mark in marks.indices.reversed() {
            guard marks[mark].output >= offset else { break }
            marks[mark].output += text.utf8.count
        }
    }
}
