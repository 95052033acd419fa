import HTTPTypes
import JSON
import Logging
import Reports
import Store

/// The routes of the web pages.
enum PageRoutes {
    static let all: [Route] =
        [
            page("/", "overviewPage") { service, _ in try PageLists.overview(service) },
            page("/results/{id}", "resultPage") { service, context in try ResultPage(service, context).page() },
            page("/datasets/{id}", "datasetPage") { service, context in try DatasetPage(service, context).page() },
            page("/compare", "comparePage") { service, context in try ComparePage(service, context).comparison() },
            page("/agree", "agreePage") { service, context in try ComparePage(service, context).agreement() },
            page(SignIn.path, "signInPage", isPublic: true) { service, context in SignIn.page(service, context) },
            Route(.post, SignIn.path, operation("signIn", isPublic: true), handler { SignIn.answer($0, $1) }),
            Route(.post, SignIn.endPath, operation("signOut", isPublic: true), handler { SignIn.end($0, $1) }),
        ]
        + RunRoutes.pages
        + ["results", "jobs", "datasets", "benchmarks", "functions"].map { name in
            page("/" + name, name + "Page") { service, context in try PageLists.page("/" + name, service, context) }
        }

    private static func operation(_ id: String, isPublic: Bool = false) -> Operation {
        Operation(id: id, summary: "", contentType: Page.contentType, isPublic: isPublic, isPage: true)
    }

    private static func page(
        _ path: String, _ id: String, isPublic: Bool = false,
        _ make: @escaping @Sendable (Service, HandlerContext) throws -> Page
    ) -> Route {
        Route(.get, path, operation(id, isPublic: isPublic), handler(make))
    }

    /// Errors of pages are shown as pages.
    private static func handler(_ make: @escaping @Sendable (Service, HandlerContext) throws -> Page) -> Route.Handler {
        { service, context in
            do {
                return try make(service, context).answer(service, at: context.path)
            } catch {
                if error is ResponseStream.Abandoned { throw error }
                let known = APIError(error)
                if known == nil { context.logger.error("the request failed", metadata: ["error": "\(error)"]) }
                return try failure(known ?? .fault(requestID: context.id)).answer(service, at: context.path)
            }
        }
    }

    private static func failure(_ error: APIError) -> Page {
        let isMissing = error.status == .notFound
        let heading = isMissing ? "Not found" : "Something went wrong"
        return Page(
            status: error.status, title: heading, template: .failure,
            view: ["heading": heading, "message": PageText.shown(error.message)])
    }
}
