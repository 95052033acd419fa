/// A math answer on its way to its normal form, as UTF-8.
///
/// The steps are those of Llama Stack 0.2.23: the answer normalisation published with Minerva, then the string
/// normalisation of the MATH dataset. What they do with regular expressions is done by hand here, in linear time; "line"
/// below is what lies between line feeds, since `.` of a Python regular expression crosses none.
///
/// Steps of the second that can have no effect after the first are left out: once all spaces, dollar signs and all up
/// to the last `=` are gone, there is no unit behind `\text{ `, no ` .`, no `\$` and no `=` to find.
struct MathLatex {
    private(set) var bytes: [UInt8]

    /// Normalises `bytes`.
    init(normalizing bytes: [UInt8]) {
        self.bytes = bytes
        dropThroughLastEqualsSign()
        for substitution in MathLatexTables.substitutions { replace(substitution) }
        for removal in MathLatexTables.removed { replace(removal) }
        keepInsideOfDollars()
        for opening in Self.wrappers { unwrapShortest(opening) }
        unwrapLongestBox()
        spellOutFractions()
        spellOutRoots()
        self.bytes.removeAll { $0 == UInt8(ascii: "$") }
        joinThousands()
        takeLetterOutOfParentheses()
        for replacement in MathLatexTables.mathDataset { replace(replacement) }
        if self.bytes.first == UInt8(ascii: ".") { self.bytes.insert(UInt8(ascii: "0"), at: 0) }
        fixRoots()
        fixFractions()
        if self.bytes == Self.half.pattern { self.bytes = Self.half.replacement }
        turnSlashIntoFraction()
    }

    private static let wrappers = ["\\text{", "\\textbf{", "\\overline{"].map { Array($0.utf8) }
    private static let box = Array("\\boxed{".utf8)
    private static let fraction = Array("frac".utf8)
    private static let root = Array("sqrt".utf8)
    private static let fractionCommand = Array("\\frac".utf8)
    private static let rootCommand = Array("\\sqrt".utf8)
    private static let half = Replacement("0.5", "\\frac{1}{2}")

    private static let openingBrace = UInt8(ascii: "{")
    private static let closingBrace = UInt8(ascii: "}")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let comma = UInt8(ascii: ",")

    // MARK: The normalisation of Minerva

    private mutating func dropThroughLastEqualsSign() {
        if let last = bytes.lastIndex(of: UInt8(ascii: "=")) { bytes.removeSubrange(...last) }
    }

    private mutating func replace(_ replacement: Replacement) {
        let pattern = replacement.pattern
        guard var found = bytes.span.firstOffset(of: pattern) else { return }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var copied = 0
        while true {
            output.append(contentsOf: bytes[copied..<found])
            output.append(contentsOf: replacement.replacement)
            copied = found + pattern.count
            guard let next = bytes.span.firstOffset(of: pattern, from: copied) else { break }
            found = next
        }
        output.append(contentsOf: bytes[copied...])
        bytes = output
    }

    /// Of each line with two dollar signs or more keeps what is between the first two.
    private mutating func keepInsideOfDollars() {
        guard bytes.contains(UInt8(ascii: "$")) else { return }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        for line in bytes.split(separator: Self.lineFeed, omittingEmptySubsequences: false) {
            if line.startIndex > 0 { output.append(Self.lineFeed) }
            if let first = line.firstIndex(of: UInt8(ascii: "$")),
                let second = line[(first + 1)...].firstIndex(of: UInt8(ascii: "$"))
            {
                // The dollar signs stay for now: they keep what is inside apart from the lines around it.
                output.append(contentsOf: line[first...second])
            } else {
                output.append(contentsOf: line)
            }
        }
        bytes = output
    }

    /// Takes away each `opening` and the next closing brace, where that is on the same line.
    private mutating func unwrapShortest(_ opening: [UInt8]) {
        var found = bytes.span.firstOffset(of: opening)
        guard found != nil else { return }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var copied = 0
        // The first closing brace or line feed behind the opening. It only moves forwards, which keeps the time linear.
        var stop = 0
        while let start = found {
            let inside = start + opening.count
            stop = max(stop, inside)
            while stop < bytes.count, bytes[stop] != Self.closingBrace, bytes[stop] != Self.lineFeed { stop += 1 }
            if stop < bytes.count, bytes[stop] == Self.closingBrace {
                output.append(contentsOf: bytes[copied..<start])
                output.append(contentsOf: bytes[inside..<stop])
                copied = stop + 1
                found = bytes.span.firstOffset(of: opening, from: copied)
            } else {
                found = bytes.span.firstOffset(of: opening, from: inside)
            }
        }
        output.append(contentsOf: bytes[copied...])
        bytes = output
    }

    /// Takes away the first `\boxed{` of each line and the line's last closing brace, where that comes later.
    private mutating func unwrapLongestBox() {
        guard bytes.span.firstOffset(of: Self.box) != nil else { return }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        for line in bytes.split(separator: Self.lineFeed, omittingEmptySubsequences: false) {
            if line.startIndex > 0 { output.append(Self.lineFeed) }
            guard let start = line.span.firstOffset(of: Self.box),
                let last = line.dropFirst(start + Self.box.count).lastIndex(of: Self.closingBrace)
            else {
                output.append(contentsOf: line)
                continue
            }
            output.append(contentsOf: line.prefix(start))
            output.append(contentsOf: line[..<last].dropFirst(start + Self.box.count))
            output.append(contentsOf: line[(last + 1)...])
        }
        bytes = output
    }

    /// Gives the two scalars behind `frac` braces, unless the first is a brace itself: `\frac12` to `\frac{1}{2}`.
    private mutating func spellOutFractions() {
        rewrite(Self.fraction) { text, operand, output in
            guard operand < text.count, text[operand] != Self.openingBrace else { return nil }
            let second = operand + text.scalar(at: operand).length
            guard second < text.count, text[second] != Self.lineFeed else { return nil }
            let end = second + text.scalar(at: second).length
            Self.appendBraced(text, operand..<second, to: &output)
            Self.appendBraced(text, second..<end, to: &output)
            return end
        }
    }

    /// Gives the scalar behind `sqrt` braces: `\sqrt3` to `\sqrt{3}`.
    private mutating func spellOutRoots() {
        rewrite(Self.root) { text, operand, output in
            guard operand < text.count, text[operand] != Self.openingBrace else { return nil }
            let end = operand + text.scalar(at: operand).length
            Self.appendBraced(text, operand..<end, to: &output)
            return end
        }
    }

    /// Copies the text, letting `operands` write what takes the place of the bytes behind each `command`.
    ///
    /// `operands` gets the offset behind the command and returns the offset up to which it has replaced, or nil for
    /// nothing.
    private mutating func rewrite(
        _ command: [UInt8], operands: (_ text: Span<UInt8>, _ start: Int, _ output: inout [UInt8]) -> Int?
    ) {
        var found = bytes.span.firstOffset(of: command)
        guard found != nil else { return }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 2)
        var copied = 0
        while let start = found {
            let behind = start + command.count
            output.append(contentsOf: bytes[copied..<behind])
            copied = operands(bytes.span, behind, &output) ?? behind
            found = bytes.span.firstOffset(of: command, from: copied)
        }
        output.append(contentsOf: bytes[copied...])
        bytes = output
    }

    private static func appendBraced(_ text: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8]) {
        output.append(openingBrace)
        for offset in range { output.append(text[offset]) }
        output.append(closingBrace)
    }

    /// Removes the commas where all else is digits (Python's `str.isdigit`): `100,000` to `100000`.
    private mutating func joinThousands() {
        guard bytes.contains(Self.comma), Self.isDigitsAndCommas(bytes.span) else { return }
        bytes.removeAll { $0 == Self.comma }
    }

    private static func isDigitsAndCommas(_ text: Span<UInt8>) -> Bool {
        var offset = 0
        var hasDigit = false
        while offset < text.count {
            let decoded = text.scalar(at: offset)
            offset += decoded.length
            if decoded.scalar == "," { continue }
            let type = decoded.scalar.properties.numericType
            guard type == .decimal || type == .digit else { return false }
            hasDigit = true
        }
        return hasDigit
    }

    /// Where the text begins with a letter in parentheses, keeps the letter alone: `(A)` to `A`.
    private mutating func takeLetterOutOfParentheses() {
        guard bytes.count >= 3, bytes[0] == UInt8(ascii: "("), bytes[2] == UInt8(ascii: ")") else { return }
        let letter = bytes[1]
        guard (letter | 0x20) &- UInt8(ascii: "a") < 26 else { return }
        bytes = [letter]
    }

    // MARK: The normalisation of the MATH dataset

    /// Gives the scalar behind each `\sqrt` braces; leaves the text as it is where one has nothing behind it.
    private mutating func fixRoots() {
        var isComplete = true
        let original = bytes
        rewrite(Self.rootCommand) { text, operand, output in
            guard operand < text.count, !text.hasBytes(Self.rootCommand, at: operand) else {
                isComplete = false
                return nil
            }
            guard text[operand] != Self.openingBrace else { return nil }
            let end = operand + text.scalar(at: operand).length
            Self.appendBraced(text, operand..<end, to: &output)
            return end
        }
        if !isComplete { bytes = original }
    }

    /// Gives the two scalars behind each `\frac` braces, or the first where the second is a brace: `\frac1{72}` to
    /// `\frac{1}{72}`; leaves the text as it is where one has fewer behind it before the next `\frac`.
    private mutating func fixFractions() {
        var isComplete = true
        let original = bytes
        rewrite(Self.fractionCommand) { text, operand, output in
            guard operand < text.count, !text.hasBytes(Self.fractionCommand, at: operand) else {
                isComplete = false
                return nil
            }
            guard text[operand] != Self.openingBrace else { return nil }
            let second = operand + text.scalar(at: operand).length
            guard second < text.count, !text.hasBytes(Self.fractionCommand, at: second) else {
                isComplete = false
                return nil
            }
            Self.appendBraced(text, operand..<second, to: &output)
            guard text[second] != Self.openingBrace else { return second }
            let end = second + text.scalar(at: second).length
            Self.appendBraced(text, second..<end, to: &output)
            return end
        }
        if !isComplete { bytes = original }
    }

    /// Turns a text that is two integers and a slash into a fraction: `1/2` to `\frac{1}{2}`.
    ///
    /// Only integers as a program would print them count: no plus sign, no leading zeros, no `-0`.
    private mutating func turnSlashIntoFraction() {
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")),
            Self.isPlainInteger(bytes[..<slash]), Self.isPlainInteger(bytes[(slash + 1)...])
        else { return }
        var output = Self.fractionCommand
        Self.appendBraced(bytes.span, 0..<slash, to: &output)
        Self.appendBraced(bytes.span, slash + 1..<bytes.count, to: &output)
        bytes = output
    }

    private static func isPlainInteger(_ text: ArraySlice<UInt8>) -> Bool {
        let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text
        guard let first = digits.first, digits.allSatisfy(\.isASCIIDigit) else { return false }
        return first != UInt8(ascii: "0") || text.count == 1
    }
}
