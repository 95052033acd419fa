import HTTPTypes
import JSON
import Reports

/// `/login` and `/logout`: a browser cannot send the access token with each request, so it exchanges it for a session.
enum SignIn {
    static let path = "/login"
    static let endPath = "/logout"

    /// The sign-in page that leads to the page at `target`.
    static func link(from target: String) -> String { PageText.link(path, nil, [("next", target)]) }

    static func page(_ service: Service, _ context: HandlerContext) -> Page {
        let next = target(context.query["next"])
        if !service.access.needsToken { return redirection(to: next) }
        return page(next: next, isWrong: false)
    }

    /// The response to the form.
    static func answer(_ service: Service, _ context: HandlerContext) -> Page {
        let fields = queryParameters(Substring(decoding: context.bytes.dropLast(JSONParser.padding), as: UTF8.self))
        let next = target(fields["next"])
        guard let cookie = service.access.session(for: fields["token"] ?? "") else {
            return page(next: next, isWrong: true)
        }
        var page = redirection(to: next)
        page.headers[.setCookie] = cookie
        return page
    }

    /// Ends the session of a browser, and shows it the form to sign in again.
    static func end(_ service: Service, _ context: HandlerContext) -> Page {
        var page = redirection(to: path, "You are signed out.")
        page.headers[.setCookie] = service.access.endSession(in: context.cookies)
        return page
    }

    private static func page(next: String, isWrong: Bool) -> Page {
        var page = Page(
            status: isWrong ? .forbidden : .ok, title: "Sign in", template: .signIn,
            view: ["next": next, "isWrong": isWrong])
        page.hasForm = true
        return page
    }

    private static func redirection(to next: String, _ message: String = "You are signed in.") -> Page {
        var page = Page(
            status: .seeOther, title: "Continue", template: .failure,
            view: ["heading": "Continue", "message": message])
        page.headers[.location] = next
        return page
    }

    /// A path on this server; the overview for anything else.
    private static func target(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.hasPrefix("/\\"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return "/" }
        return text
    }
}
