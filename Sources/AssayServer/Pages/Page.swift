import HTTPTypes
import Reports

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
        ("/", "Overview"), ("/results", "Results"), ("/compare", "Compare"), ("/jobs", "Jobs"),
        ("/datasets", "Datasets"),
        ("/benchmarks", "Benchmarks"),
        ("/functions", "Functions"), ("/docs", "API"),
    ]

    /// The response to a request for a path.
    func answer(_ service: Service, at path: some StringProtocol) throws -> RouteResponse {
        let links = RelativeLinks(from: path)
        let body = try service.pages.render(template, view)
        let canSignOut = service.access.needsToken && !hasForm
        let navigation = Self.navigation.map { entry, name -> View in
            ["href": entry, "name": name, "isCurrent": entry == place]
        }
        let frame: View = [
            "title": PageText.shown(title), "style": PageStyle.text, "navigation": navigation, "body": body,
            "version": service.configuration.version, "hasSignOut": canSignOut,
        ]
        let html = links.applied(to: try service.pages.render(.frame, frame))
        var answer = RouteResponse.text(html, contentType: Self.contentType)
        answer.status = status
        answer.headers = headers
        if let target = headers[.location] { answer.headers[.location] = links.link(target) }
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

extension TemplateLibrary {
    /// The templates of pages.
    init(pages: [PageTemplate]) throws { try self.init(pages.map { ($0.rawValue, $0.text) }) }

    func render(_ template: PageTemplate, _ view: View) throws -> String {
        guard let text = render(template.rawValue, view) else {
            throw APIError.notFound("there is no template \(template)")
        }
        return text
    }
}
