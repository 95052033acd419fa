import HTTPTypes
import Mustache

/// The values for a template: strings, booleans, and lists and dictionaries of them.
typealias View = [String: Any]

/// A web page: a title and a body, in the frame that all pages share.
struct Page {
    var status = HTTPResponse.Status.ok
    var title: String
    /// The path of its entry in the navigation.
    var place = ""
    var template: PageTemplate
    var view: View
    var headers: HTTPFields = [:]
    /// Whether the page has a form that is posted: the one to sign in.
    var hasForm = false

    private static let navigation = [
        ("/", "Overview"), ("/results", "Results"), ("/jobs", "Jobs"), ("/datasets", "Datasets"),
        ("/benchmarks", "Benchmarks"),
        ("/functions", "Functions"), ("/docs", "API"),
    ]

    func answer(_ service: Service) throws -> RouteResponse {
        let body = try service.pages.render(template, view)
        let canSignOut = service.access.needsToken && !hasForm
        let navigation = Self.navigation.map { path, name -> View in
            ["href": path, "name": name, "isCurrent": path == place]
        }
        let frame: View = [
            "title": PageText.shown(title), "style": PageStyle.text, "navigation": navigation, "body": body,
            "version": service.configuration.version, "hasSignOut": canSignOut,
        ]
        var answer = RouteResponse.text(try service.pages.render(.frame, frame), contentType: Self.contentType)
        answer.status = status
        answer.headers = headers
        // Without a referrer, a browser would not say either where a form comes from, and it would be refused.
        if hasForm || canSignOut { answer.headers[Self.referrerPolicy] = "same-origin" }
        for (name, value) in Self.protection where answer.headers[name] == nil { answer.headers[name] = value }
        return answer
    }

    static let contentType = "text/html; charset=utf-8"

    /// No scripts, no other sites, no frames; and pages are not cached.
    private static let protection: [(HTTPField.Name, String)] = [
        (
            .contentSecurityPolicy,
            "default-src 'none'; style-src '\(PageStyle.digest)'; img-src data:; form-action 'self'; base-uri 'none'; "
                + "frame-ancestors 'none'"
        ),
        (.xContentTypeOptions, "nosniff"), (referrerPolicy, "no-referrer"), (.cacheControl, "no-store"),
    ]

    /// Unreachable: the name is a valid token.
    private static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .server
}

/// The templates of pages, parsed once.
struct PageLibrary: Sendable {
    private let library: MustacheLibrary

    init() throws {
        MustacheContentTypes.register(EscapedText(), named: Self.contentType)
        var library = MustacheLibrary()
        for template in PageTemplate.allCases {
            // Each template must set its escaping, even a partial.
            try library.register("{{% CONTENT_TYPE:\(Self.contentType) }}" + template.text, named: template.rawValue)
        }
        self.library = library
    }

    private static let contentType = "ESCAPED"

    func render(_ template: PageTemplate, _ view: View) throws -> String {
        guard let text = library.render(view, withTemplate: template.rawValue) else {
            throw APIError.notFound("there is no template \(template)")
        }
        return text
    }

    /// Escapes code point by code point. Mustache's own escaping compares grapheme clusters, so `<` and `"` would not be
    /// escaped when a combining mark follows them, or when certain characters precede them.
    private struct EscapedText: MustacheContentType {
        func escapeText(_ text: String) -> String { escaped(text) }
    }
}
