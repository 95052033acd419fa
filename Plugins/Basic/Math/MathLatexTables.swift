/// One text that another takes the place of.
struct Replacement {
    let pattern: [UInt8]
    let replacement: [UInt8]

    init(_ pattern: String, _ replacement: String) {
        (self.pattern, self.replacement) = (Array(pattern.utf8), Array(replacement.utf8))
    }
}

/// The fixed texts of the math answer normalisation, in the order in which they are replaced or removed.
enum MathLatexTables {
    /// Substitutions of the answer normalisation published with Minerva (Lewkowycz et al. 2022, appendix D).
    static let substitutions = [
        Replacement("an ", ""),
        Replacement("a ", ""),
        Replacement(".$", "$"),
        Replacement("\\$", ""),
        Replacement("\\ ", ""),
        Replacement(" ", ""),
        Replacement("mbox", "text"),
        Replacement(",\\text{and}", ","),
        Replacement("\\text{and}", ","),
        Replacement("\\text{m}", "\\text{}"),
    ]

    /// Units and markup that the same normalisation then removes.
    static let removed = [
        "square", "ways", "integers", "dollars", "mph", "inches", "ft", "hours", "km", "units", "\\ldots", "sue",
        "points", "feet", "minutes", "digits", "cents", "degrees", "cm", "gm", "pounds", "meters", "meals", "edges",
        "students", "childrentickets", "multiples", "\\text{s}", "\\text{.}", "\\text{\ns}", "\\text{}^2",
        "\\text{}^3", "\\text{\n}", "\\text{}", "\\mathrm{th}", "^\\circ", "^{\\circ}", "\\;", ",\\!", "{,}", "\"",
        "\\dots",
    ].map { Replacement($0, "") }

    /// Replacements with which the string normalisation of the MATH dataset (Hendrycks et al. 2021) begins.
    static let mathDataset = [
        Replacement("\n", ""),
        Replacement("\\!", ""),
        Replacement("\\\\", "\\"),
        Replacement("cfrac", "frac"),
        Replacement("tfrac", "frac"),
        Replacement("dfrac", "frac"),
        Replacement("\\left", ""),
        Replacement("\\le", ""),
        Replacement("\\right", ""),
        Replacement("^{\\circ}", ""),
        Replacement("^\\circ", ""),
        Replacement("\\%", ""),
        Replacement("{.", "{0."),
    ]
}
