import HTTPTypes
import Testing

@testable import AssayServer

@Suite("Which path is whose")
struct RouteTests {
    private let routes = RouteTable(routes: Server.routes)

    @Test(
        "an identifier may hold slashes, encoded or not, and is what it decodes to",
        arguments: [
            ("/", "overviewPage", nil), ("/results", "resultsPage", nil), ("/results/a", "resultPage", "a"),
            ("/v1/datasets/a%2Fb", "getDatasetV1", "a/b"), ("/datasets/a/b", "datasetPage", "a/b"),
            ("/v1/datasets/%C3%A9", "getDatasetV1", "é"),
        ] as [(Substring, String, String?)])
    func found(path: Substring, operation: String, id: String?) throws {
        let (route, parameters) = try routes.find(.get, path)
        #expect(route.operation.id == operation && parameters["id"] == id)
    }

    // Clients would not send all of these as they are.
    @Test(
        "what is no path of anything is nobody's",
        arguments: ["", "//", "/v1/datasets/%FF", "/v1/datasets/%4", "/v1/datasets/", "/results/", "/%2F"]
            as [Substring])
    func unknown(path: Substring) {
        #expect(throws: APIError.self) { try routes.find(.get, path) }
    }
}
