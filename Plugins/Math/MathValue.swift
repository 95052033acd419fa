/// What an answer states.
indirect enum MathValue {
    /// A number or formula; `unit` is the text behind it, `isPercent` whether that is a percent sign.
    case scalar(Quotient, isPercent: Bool, unit: String?)
    /// In brackets: a tuple, a point, an interval.
    case tuple([MathValue], open: Character, close: Character)
    case set([MathValue])
    /// Elements without brackets.
    case list([MathValue])
    case union([MathValue])
    case matrix([[MathValue]])
    /// `sides` with one relation between each two: = ≠ < ≤ > ≥ ∈, as `=!<l>g∈`.
    case relation(sides: [MathValue], relations: [Character])
    /// Words.
    case text(String)

    static func scalar(_ quotient: Quotient) -> MathValue { .scalar(quotient, isPercent: false, unit: nil) }

    var quotient: Quotient? {
        if case .scalar(let quotient, _, _) = self { quotient } else { nil }
    }
}
