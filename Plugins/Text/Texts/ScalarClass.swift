/// The general category of a scalar, by its first letter.
enum ScalarClass: UInt8 {
    case letter, number, punctuation, symbol, mark, other

    /// From a table for the first plane, which is made once; some milliseconds.
    init(_ value: UInt32) {
        self = value < 0x10000 ? Self.firstPlane[Int(value)] : Self(lookingUp: value)
    }

    private static let firstPlane = (0..<0x10000).map { ScalarClass(lookingUp: $0) }

    private init(lookingUp value: UInt32) {
        switch Unicode.Scalar(value)?.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
        case .decimalNumber, .letterNumber, .otherNumber: self = .number
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            self = .punctuation
        case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: self = .symbol
        case .nonspacingMark, .spacingMark, .enclosingMark: self = .mark
        default: self = .other
        }
    }
}
