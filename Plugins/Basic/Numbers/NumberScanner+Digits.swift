extension NumberScanner {
    /// Reads digits and the marks among them from `end` on, which moves behind them; nil if the marks make no sense.
    func readDecimal(_ end: inout Int) -> ExactNumber.Decimal? {
        var groups: [Range<Int>] = []
        var marks: [UInt8] = []
        if !symbols[end].isASCIIDigit {
            groups.append(end..<end)
            marks.append(symbols[end])
            end += 1
        }
        while true {
            let start = end
            while end < symbols.count, symbols[end].isASCIIDigit { end += 1 }
            groups.append(start..<end)
            guard end + 1 < symbols.count, symbols[end + 1].isASCIIDigit, continues(groups, marks, at: end) else {
                break
            }
            marks.append(symbols[end])
            end += 1
        }
        return decimal(groups, marks)
    }

    /// Whether the mark at a place, which a digit follows, belongs to the number.
    private func continues(_ groups: [Range<Int>], _ marks: [UInt8], at place: Int) -> Bool {
        switch symbols[place] {
        case UInt8(ascii: "."), UInt8(ascii: ","), NumberSymbols.decimalMark: return true
        case UInt8(ascii: " "), UInt8(ascii: "'"), UInt8(ascii: "_"):
            // Groups of three from the first on: anything else are two numbers. Where the latest mark is one of these, all
            // before it are.
            guard marks.last ?? symbols[place] == symbols[place], groups[0].count <= 3, groups[0].count > 0,
                symbols[groups[0].lowerBound] != UInt8(ascii: "0"), place + 3 < symbols.count,
                (place + 1...place + 3).allSatisfy({ symbols[$0].isASCIIDigit })
            else { return false }
            let behind = place + 4 < symbols.count ? symbols[place + 4] : 0
            return !behind.isASCIIDigit && behind != UInt8(ascii: "/")
        default: return false
        }
    }

    private func decimal(_ groups: [Range<Int>], _ marks: [UInt8]) -> ExactNumber.Decimal? {
        guard let last = marks.last else { return decimal(groups[...], fraction: nil) }
        // A mark that comes once, and last, may be the decimal mark.
        let isLastAlone = marks.dropLast().allSatisfy { $0 != last }
        let isDecimal: Bool
        switch last {
        case NumberSymbols.decimalMark: isDecimal = true
        case UInt8(ascii: "."):
            isDecimal = decimalMark == .comma ? false : decimalMark == .point || isLastAlone
        case UInt8(ascii: ","):
            switch decimalMark {
            case .point: isDecimal = false
            case .comma: isDecimal = true
            case .auto: isDecimal = isLastAlone && (marks.count > 1 || !isGrouped(groups[...]))
            }
        default: isDecimal = false
        }
        let whole = isDecimal ? groups.dropLast() : groups[...]
        let separators = isDecimal ? marks.dropLast() : marks[...]
        guard separators.allSatisfy({ $0 == separators.first }), !isDecimal || isLastAlone else { return nil }
        if let separator = separators.first {
            let isDecimalMark =
                separator == NumberSymbols.decimalMark
                || separator == (decimalMark == .comma ? UInt8(ascii: ",") : 0)
                || separator == (decimalMark == .point ? UInt8(ascii: ".") : 0)
            if isDecimalMark || !isGrouped(whole) { return nil }
        }
        return decimal(whole, fraction: isDecimal ? groups.last : nil)
    }

    /// Whether groups are those of a whole number: by threes, or as in India by twos before the last three.
    private func isGrouped(_ groups: ArraySlice<Range<Int>>) -> Bool {
        guard groups.count > 1, let first = groups.first, let last = groups.last, last.count == 3, !first.isEmpty,
            symbols[first.lowerBound] != UInt8(ascii: "0")
        else { return false }
        let inner = groups.dropFirst().dropLast()
        if first.count <= 3, inner.allSatisfy({ $0.count == 3 }) { return true }
        return first.count <= 2 && !inner.isEmpty && inner.allSatisfy { $0.count == 2 }
    }

    private func decimal(_ whole: ArraySlice<Range<Int>>, fraction: Range<Int>?) -> ExactNumber.Decimal {
        var digits: [UInt8] = []
        for group in whole { digits += symbols[group].map { $0 - UInt8(ascii: "0") } }
        if let fraction { digits += symbols[fraction].map { $0 - UInt8(ascii: "0") } }
        return ExactNumber.Decimal(digits: digits, exponent: -(fraction?.count ?? 0))
    }
}

extension ExactNumber.Decimal {
    /// The number times a power of ten.
    func scaled(by power: Int) -> ExactNumber.Decimal {
        ExactNumber.Decimal(digits: digits, exponent: exponent + power)
    }
}
