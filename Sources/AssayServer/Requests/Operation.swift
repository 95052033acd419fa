import JSON

/// What is said of a route to those who use it: its name, and the shapes of what it takes and gives.
struct Operation: Sendable {
    /// A unique name, such as `listDatasets`.
    var id: String
    var summary: String
    /// The providers that serve it, as the API calls them.
    var providerTypes: [String] = []
    /// The schema of the request's body, by its name among the document's schemas.
    var request: String?
    /// The schema of the answer, by its name; nil: `null`.
    var response: String?
    /// The schema of an answer with status 503 that is no error's.
    var unavailable: String?
    /// Parameters of the query that are integers: the name, the least value, and what it means.
    var query: [(name: String, least: Int, description: String)] = []
    /// Parameters of the query that are true or false.
    var flags: [(name: String, description: String)] = []
    /// Of a registration: where the new identifier stands, as OpenAPI's expressions have it, and how the paths begin that
    /// take it.
    var registered: (place: String, paths: [String])?
    /// Statuses of errors that other operations do not have, or have with another meaning.
    var errors: [(status: String, description: String)] = []
    /// The media type of the answer.
    var contentType = RouteResponse.jsonType
    /// Whether it may be used without the access token.
    var isPublic = false
    /// Whether it is a page for people, and no part of the API.
    var isPage = false
}
