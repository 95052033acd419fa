import JSON

/// The description of a route for users of the API: its name, and the schemas of its request and response.
struct Operation: Sendable {
    /// A unique name, such as `listDatasets`.
    var id: String
    var summary: String
    /// The types of the providers that serve it.
    var providerTypes: [String] = []
    /// The schema of the request's body, by its name among the document's schemas.
    var request: String?
    /// The name of the response's schema; nil means `null`.
    var response: String?
    /// The schema of a response with status 503 that is not an error object.
    var unavailable: String?
    /// Integer parameters of the query: the name, the minimum, and the description.
    var query: [(name: String, least: Int, description: String)] = []
    /// Boolean parameters of the query.
    var flags: [(name: String, description: String)] = []
    /// For a registration: the place of the new identifier, as an OpenAPI expression, and the prefixes of the paths that
    /// contain it.
    var registered: (place: String, paths: [String])?
    /// Text parameters of the query.
    var texts: [(name: String, description: String)] = []
    /// Error statuses that are specific to this operation, or have a specific meaning.
    var errors: [(status: String, description: String)] = []
    /// Whether clients before 0.1.8 get null for an object that does not exist.
    var missingWasNull = false
    /// Whether it only exists for earlier clients.
    var isDeprecated = false
    /// The media type of the response.
    var contentType = RouteResponse.jsonType
    /// Whether it can be used without the access token.
    var isPublic = false
    /// Whether it is a web page, and not part of the API.
    var isPage = false
}
