import Datasets
import Encodings
import HTTPTypes

/// One method and path of the API, with its handler.
struct Route: Sendable {
    /// A handler runs on a thread that may block, and returns its response, or nil if it has written the response to the call's
    /// output.
    typealias Handler = @Sendable (Service, HandlerContext) throws -> RouteResponse?

    var method: HTTPRequest.Method
    /// The path, in which `{id}` stands for an identifier that may contain slashes, and later names in braces for identifiers
    /// without slashes.
    var template: String
    var operation: Operation
    var handler: Handler

    private let head: [Segment]
    /// What follows `{id}`.
    private let tail: [Segment]
    private let hasIdentifier: Bool

    private enum Segment {
        case fixed(String)
        case parameter(String)

        init(_ text: Substring) {
            let isParameter = text.hasPrefix("{") && text.hasSuffix("}")
            self = isParameter ? .parameter(String(text.dropFirst().dropLast())) : .fixed(String(text))
        }

        var name: String? { if case .parameter(let name) = self { name } else { nil } }
    }

    init(_ method: HTTPRequest.Method, _ template: String, _ operation: Operation, _ handler: @escaping Handler) {
        self.method = method
        self.template = template
        self.operation = operation
        self.handler = handler
        let segments = template.split(separator: "/").map(Segment.init)
        let place = segments.firstIndex { $0.name == "id" }
        hasIdentifier = place != nil
        head = Array(segments[..<(place ?? segments.count)])
        tail = place.map { Array(segments[($0 + 1)...]) } ?? []
    }

    /// The response to a request, in the form that its client reads.
    func answer(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        do {
            return try handler(service, context)
        } catch let error as APIError
            where error.status == .notFound && operation.missingWasNull && context.generation.missingIsNull
        {
            return .null
        }
    }

    /// The names of the parameters of the path, in their order.
    var parameters: [String] { (hasIdentifier ? ["id"] : []) + tail.compactMap(\.name) }

    /// The length of the fixed part of the path: of two matching routes, the one with more is used.
    var weight: Int {
        head.count * 2 + tail.reduce(0) { $0 + ($1.name == nil ? 2 : 1) } + (hasIdentifier ? 0 : 1)
    }

    /// The parameters of the path; nil if it does not match.
    ///
    /// - Parameter segments: the parts between slashes, not decoded.
    func match(_ segments: [Substring]) -> [String: String]? {
        guard segments.count >= head.count + tail.count else { return nil }
        let rest = segments[head.count..<(segments.count - tail.count)]
        var parameters: [String: String] = [:]
        for (segment, part) in zip(head + tail, segments.prefix(head.count) + segments.suffix(tail.count)) {
            guard let text = text(of: part) else { return nil }
            switch segment {
            case .fixed(let fixed): if text != fixed { return nil }
            case .parameter(let name):
                if text.isEmpty { return nil }
                parameters[name] = text
            }
        }
        if !hasIdentifier { return rest.isEmpty ? parameters : nil }
        guard let id = text(of: rest.joined(separator: "/")), !id.isEmpty else { return nil }
        parameters["id"] = id
        return parameters
    }
}

/// The decoded part of a path; nil if it is not UTF-8.
private func text(of part: some StringProtocol) -> String? {
    percentDecoded(part).flatMap { String(validating: $0, as: UTF8.self) }
}

/// All routes.
struct RouteTable: Sendable {
    let routes: [Route]

    /// The routes, without the web pages.
    var api: [Route] { routes.filter { !$0.operation.isPage } }

    /// Finds the route of a request. A path of the API without a version, as in the documentation of some providers, means
    /// version 1.
    ///
    /// - Parameter path: not decoded, without the query.
    func find(_ method: HTTPRequest.Method, _ path: Substring) throws(APIError) -> (Route, [String: String]) {
        do throws(APIError) {
            return try findExactly(method, path)
        } catch {
            guard error.status == .notFound, path.hasPrefix("/"), !path.hasPrefix("/v1") else { throw error }
            guard let found = try? findExactly(method, "/v1" + path) else { throw error }
            return found
        }
    }

    private func findExactly(
        _ method: HTTPRequest.Method, _ path: Substring
    ) throws(APIError) -> (Route, [String: String]) {
        let segments = path == "/" ? [] : path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        var best: (route: Route, parameters: [String: String])?
        // The most specific template that matches: an identifier may contain slashes, so it can look like the end of another path.
        var others: (weight: Int, methods: Set<String>) = (-1, [])
        for route in routes {
            guard let parameters = route.match(segments) else { continue }
            guard route.method == method else {
                if route.weight > others.weight { others = (route.weight, []) }
                if route.weight == others.weight { others.methods.insert(route.method.rawValue) }
                continue
            }
            if best.map({ $0.route.weight < route.weight }) ?? true { best = (route, parameters) }
        }
        if let best { return best }
        let methods = others.methods.sorted()
        if methods.isEmpty {
            throw .notFound(
                "this path does not exist; GET /v1/inspect/routes lists the paths", code: "unknown_path")
        }
        throw APIError(
            status: .methodNotAllowed, type: "invalid_request_error", code: "method_not_allowed",
            message: "\(method.rawValue) is not allowed for this path; it accepts \(methods.joined(separator: ", "))",
            allowedMethods: methods)
    }
}

/// The parameters of a query. If a name occurs several times, the last one counts.
func queryParameters(_ query: Substring) -> [String: String] {
    var parameters: [String: String] = [:]
    for pair in query.split(separator: "&") {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let texts = parts.map {
            text(of: $0.split(separator: "+", omittingEmptySubsequences: false).joined(separator: " "))
        }
        guard let first = texts.first, let name = first else { continue }
        parameters[name] = texts.count > 1 ? texts[1] ?? "" : ""
    }
    return parameters
}
