import Mustache

/// The values for a template: strings, booleans, and lists and dictionaries of them.
package typealias View = [String: Any]

/// Mustache templates, parsed once. Values in double braces are escaped; triple braces are only for the output of other
/// templates.
package struct TemplateLibrary: Sendable {
    private let library: MustacheLibrary

    /// - Parameter templates: by name, beside those of ``SharedTemplate``.
    package init(_ templates: [(name: String, text: String)]) throws {
        MustacheContentTypes.register(EscapedText(), named: Self.contentType)
        var library = MustacheLibrary()
        for (name, text) in SharedTemplate.allCases.map({ ($0.rawValue, $0.text) }) + templates {
            // Each template must set its escaping, even a partial.
            try library.register("{{% CONTENT_TYPE:\(Self.contentType) }}" + text, named: name)
        }
        self.library = library
    }

    private static let contentType = "ESCAPED"

    /// The text of a template with its values; nil if no template has this name.
    package func render(_ name: String, _ view: View) -> String? { library.render(view, withTemplate: name) }

    /// Escapes code point by code point. Mustache's own escaping compares grapheme clusters, so `<` and `"` would not be
    /// escaped when a combining mark follows them, or when certain characters precede them.
    private struct EscapedText: MustacheContentType {
        func escapeText(_ text: String) -> String { escaped(text) }
    }
}
