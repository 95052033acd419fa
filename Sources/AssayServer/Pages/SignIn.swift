import HTTPTypes
import JSON

/// `/login`: a browser cannot send the access token with each request, so it exchanges it for a session.
enum SignIn {
    static let path = "/login"

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

    private static func page(next: String, isWrong: Bool) -> Page {
        var page = Page(
            status: isWrong ? .forbidden : .ok, title: "Sign in", template: .signIn,
            view: ["next": next, "isWrong": isWrong])
        // Without a referrer policy that allows it, a browser would not send the form's origin, and the form would be rejected.
        page.headers[Page.referrerPolicy] = "same-origin"
        return page
    }

    private static func redirection(to next: String) -> Page {
        var page = Page(
            status: .seeOther, title: "Continue", template: .failure,
            view: ["heading": "Continue", "message": "You are signed in."])
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
