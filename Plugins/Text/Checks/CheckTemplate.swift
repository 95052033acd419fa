import Encodings
import ScorerKit
import ScorerParameters

/// A template of a check: text with `{{item.COLUMN}}` and `{{sample.output_text}}`, which may be followed by the filters `lower`,
/// `upper`, `trim` and `replace('a', 'b')`. Everything else of Jinja is refused, with its place.
struct CheckTemplate: Sendable {
    enum Filter: Sendable {
        case lower, upper, trim
        case replace(Scalars, Scalars)
    }

    enum Part: Sendable {
        case text(Scalars)
        /// The column's place in `columns`.
        case column(Int, [Filter])
    }

    private(set) var parts: [Part] = []

    /// - Parameter columns: the names of all columns so far; those of the template are added.
    init(_ text: String, columns: inout [String]) throws(Fault) {
        var reader = Reader(text: Array(text.unicodeScalars))
        var literal: Scalars = []
        while let scalar = reader.peek {
            if reader.take("{{") {
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = []
                parts.append(try reader.expression(&columns))
            } else if reader.has("{%") || reader.has("{#") || reader.has("}}") {
                throw reader.fault("only {{item.COLUMN}} and {{sample.output_text}} are supported")
            } else {
                literal.append(scalar.value)
                reader.index += 1
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
    }

    /// What is wrong with a template, and where.
    struct Fault: Error {
        var message: String
    }

    private static var tooLong: RowFault {
        RowFault(.inputError, "the text of a template has more than \(RowTexts.longestText) characters")
    }

    /// The most filters of a column.
    static let mostFilters = 100

    /// The text for a row.
    ///
    /// - Throws: if it, or what one of the filters makes, is longer than the texts that are read.
    func rendered(_ values: [Scalars], _ watch: Watch) throws(RowFault) -> Scalars {
        var rendered: Scalars = []
        func check(_ text: Scalars) throws(RowFault) {
            try watch.note(text.count)
            if text.count > RowTexts.longestText { throw Self.tooLong }
        }
        for part in parts {
            switch part {
            case .text(let text): rendered += text
            case .column(let column, let filters):
                var value = values[column]
                for filter in filters {
                    switch filter {
                    case .lower: value.lowercase()
                    case .upper: value = Scalars(value.text.uppercased())
                    case .trim: value.removeOuterSpace()
                    case .replace(let old, let new):
                        if old.isEmpty { break }
                        guard let replaced = value.replacing(old, with: new, most: RowTexts.longestText) else {
                            throw Self.tooLong
                        }
                        value = replaced
                    }
                    try check(value)
                }
                rendered += value
            }
            try check(rendered)
        }
        return rendered
    }

    private struct Reader {
        let text: [Unicode.Scalar]
        var index = 0

        var peek: Unicode.Scalar? { index < text.count ? text[index] : nil }

        func fault(_ message: String) -> Fault { Fault(message: "at character \(index + 1): \(message)") }

        func has(_ token: String) -> Bool {
            text.count - index >= token.unicodeScalars.count
                && text[index...].prefix(token.unicodeScalars.count).elementsEqual(token.unicodeScalars)
        }

        mutating func take(_ token: String) -> Bool {
            guard has(token) else { return false }
            index += token.unicodeScalars.count
            return true
        }

        mutating func skipSpace() {
            while let peek, peek == " " || peek == "\t" || peek == "\n" || peek == "\r" { index += 1 }
        }

        mutating func expression(_ columns: inout [String]) throws(Fault) -> Part {
            skipSpace()
            let column: String
            if take("sample.output_text") {
                column = "generated_answer"
            } else if take("item.") {
                column = try name(with: ".")
            } else {
                throw fault("expected item.COLUMN or sample.output_text")
            }
            var filters: [Filter] = []
            skipSpace()
            while !take("}}") {
                if filters.count == CheckTemplate.mostFilters {
                    throw fault("a column has more than \(CheckTemplate.mostFilters) filters")
                }
                guard take("|") else { throw fault("expected a filter or }}") }
                skipSpace()
                filters.append(try filter())
                skipSpace()
            }
            let place = columns.firstIndex(of: column) ?? columns.count
            if place == columns.count { columns.append(column) }
            return .column(place, filters)
        }

        /// Letters, digits and underscores; with others that are allowed between them.
        private mutating func name(with others: String = "") throws(Fault) -> String {
            let start = index
            while let peek, peek.value.isAlphanumeric || peek == "_" || others.unicodeScalars.contains(peek) {
                index += 1
            }
            if index == start { throw fault("expected a name") }
            return String(String.UnicodeScalarView(text[start..<index]))
        }

        private mutating func filter() throws(Fault) -> Filter {
            let start = index
            switch try name() {
            case "lower": return .lower
            case "upper": return .upper
            case "trim": return .trim
            case "replace":
                skipSpace()
                guard take("(") else { throw fault("expected (") }
                let old = try string()
                skipSpace()
                guard take(",") else { throw fault("expected a comma") }
                let new = try string()
                skipSpace()
                guard take(")") else { throw fault("expected )") }
                return .replace(old, new)
            default:
                index = start
                throw fault("expected one of the filters lower, upper, trim and replace")
            }
        }

        private mutating func string() throws(Fault) -> Scalars {
            skipSpace()
            guard let quote = peek, quote == "'" || quote == "\"" else { throw fault("expected a string") }
            index += 1
            var string: Scalars = []
            while let scalar = peek, scalar != quote {
                index += 1
                guard scalar == "\\" else {
                    string.append(scalar.value)
                    continue
                }
                guard let escaped = peek else { break }
                index += 1
                switch escaped {
                case "n": string.append(0x0A)
                case "t": string.append(0x09)
                case "\\", "'", "\"": string.append(escaped.value)
                default: throw fault("expected \\n, \\t, \\\\ or a quote after the backslash")
                }
            }
            guard peek == quote else { throw fault("the string does not end") }
            index += 1
            return string
        }
    }
}

/// The two sides of a check, and the columns that they read.
struct CheckSides: Sendable {
    let left: CheckTemplate
    let right: CheckTemplate
    let columns: [String]
    let operation: String

    static let schema = #"""
        "operation": {"type": "string"}, "left_template": {"type": "string"}, "right_template": {"type": "string"},
        "check": {"type": "array", "minItems": 3, "maxItems": 3, "items": {"type": "string"}}
        """#

    /// Reads `operation`, `left_template` and `right_template`, or all three from `check`.
    init(_ parameters: inout Configuration) throws(ParameterRejection) {
        var columns: [String] = []
        let check = try parameters.texts("check")
        var (left, right) = (try parameters.text("left_template"), try parameters.text("right_template"))
        var operation = try parameters.text("operation")
        if let check {
            guard check.count == 3 else {
                throw ParameterRejection(
                    of: "check", "found \(check.count) elements; expected left, operation and right")
            }
            guard left == nil, right == nil, operation == nil else {
                throw ParameterRejection(
                    of: "check", "it says what left_template, operation and right_template say; give only one of them")
            }
            (left, operation, right) = (check[0], check[1], check[2])
        }
        self.operation = operation ?? "equals"
        func template(_ text: String?, _ fallback: String, _ name: String, _ element: Int) throws(ParameterRejection)
            -> CheckTemplate
        {
            do throws(CheckTemplate.Fault) {
                return try CheckTemplate(text ?? fallback, columns: &columns)
            } catch {
                throw check == nil
                    ? ParameterRejection(of: name, error.message)
                    : ParameterRejection(of: "check", at: "/\(element)", error.message)
            }
        }
        self.left = try template(left, "{{sample.output_text}}", "left_template", 0)
        self.right = try template(right, "{{item.expected_answer}}", "right_template", 2)
        self.columns = columns
    }

    func declaration(_ declaration: ScorerDeclaration) -> ScorerDeclaration {
        declaration.replacingInputs(by: columns.map { .required($0, .text, "a column that a template names") })
    }

    /// The rejection of an operation that a scorer does not have.
    func unknownOperation(_ parameters: Configuration, _ known: [String]) -> ParameterRejection {
        let list = known.joined(separator: ", ")
        return ParameterRejection(of: "operation", "found \"\(operation)\"; expected one of \(list)")
    }
}

extension Scorer {
    /// Scores rows by the texts of both sides of a check.
    func scoreSides(
        _ sides: CheckSides, _ rows: Rows, _ results: Results,
        _ body: (_ row: Int, Scalars, Scalars) throws(RowFault) -> Double
    ) {
        let cells = sides.columns.indices.map { rows.texts($0) }
        var values: [Scalars] = Array(repeating: [], count: cells.count)
        scoreRows(rows, results) { row, _, watch throws(RowFault) in
            for (column, cells) in cells.enumerated() {
                let bytes = cells[row]
                try watch.note(16 * bytes.count)
                if bytes.count > RowTexts.longestText {
                    throw RowFault(
                        .inputError, "\(sides.columns[column]) has more than \(RowTexts.longestText >> 20) MiB")
                }
                values[column] = Scalars(decoding: bytes)
            }
            return try body(row, sides.left.rendered(values, watch), sides.right.rendered(values, watch))
        }
    }
}
