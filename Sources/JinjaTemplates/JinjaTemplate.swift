public import JSON

/// A template in a subset of Jinja: text, `{{ expression }}` and `{# comment #}`.
///
/// An expression is a path (`item.messages[0].content`, `item['Best Answer']`), a string, a number or a constant, with any number of
/// filters behind it: `{{ sample.output_text | trim | lower }}`. Statements (`{% for … %}`), operators, calls and other filters are
/// refused when the template is compiled, with their place. An undefined name is an error of the row, unless `default` gives a
/// value. Nothing of a value is ever interpreted.
public struct JinjaTemplate: Sendable {
    /// What is wrong with a template, and where.
    public struct Fault: Error, Sendable, CustomStringConvertible {
        /// The character, counted from 1.
        public var position: Int
        public var message: String
        public var description: String { "at character \(position): \(message)" }
    }

    /// Why a template has no value for a row.
    public struct RenderingFault: Error, Sendable, CustomStringConvertible {
        public var message: String
        public var description: String { message }
    }

    enum Part: Sendable {
        case text(String)
        case expression(JinjaExpression)
    }

    /// The longest template, in bytes, and the most expressions and filters of one.
    public static let longestTemplate = 1 << 20
    static let mostExpressions = 1_000
    static let mostFilters = 1_000
    /// The longest text that a template is rendered to, in bytes, and the longest that any of its filters makes.
    public static let longestText = 16 << 20
    /// The bytes that all filters of a template may read for a row, together.
    static let mostWork = 64 << 20
    /// The most characters of a text that `list` takes apart.
    static let longestList = 1 << 20

    let parts: [Part]

    /// Compiles a template.
    public init(_ text: String) throws(Fault) {
        if text.utf8.count > Self.longestTemplate {
            throw Fault(position: 1, message: "the template has more than \(Self.longestTemplate) bytes")
        }
        var parser = JinjaParser(text)
        parts = try parser.parts()
    }

    /// Whether it has no expressions.
    public var isConstant: Bool { parts.allSatisfy { if case .text = $0 { true } else { false } } }

    /// The names that its expressions start with, such as `item`.
    public var roots: Set<String> {
        Set(parts.compactMap { if case .expression(let expression) = $0 { expression.root } else { nil } })
    }

    /// The value for a context. A template that is a single expression has the value of any type; `tojson` changes nothing there,
    /// because its text would be read as JSON again. Any other template has a text.
    ///
    /// - Parameter find: the value of a name; nil if it is not defined.
    public func value(_ find: (String) -> JSONValue?) throws(RenderingFault) -> JSONValue {
        if parts.count == 1, case .expression(let expression) = parts[0] {
            var work = Self.mostWork
            return try expression.value(find, keepsJSON: true, work: &work)
        }
        return .string(try text(find))
    }

    /// The text for a context.
    public func text(_ find: (String) -> JSONValue?) throws(RenderingFault) -> String {
        var rendered = ""
        var work = Self.mostWork
        for part in parts {
            switch part {
            case .text(let text): rendered += text
            case .expression(let expression):
                rendered += try expression.value(find, keepsJSON: false, work: &work).jinjaText
            }
            if rendered.utf8.count > Self.longestText { throw .tooLong }
        }
        return rendered
    }
}

extension JinjaTemplate.RenderingFault {
    static let tooLong = JinjaTemplate.RenderingFault(
        message: "the text of a template has more than \(JinjaTemplate.longestText >> 20) MiB")
    static let tooMuchWork = JinjaTemplate.RenderingFault(
        message: "the filters of a template read more than \(JinjaTemplate.mostWork >> 20) MiB for this row")
}
