import Concurrency
import HTTPTypes
import Hummingbird
import Inference
import JSON
import Logging
import NIOCore
import NIOHTTPTypes
import NIOPosix

/// Answers requests: finds the route, reads the body, runs the handler on a thread that may block, and sends the
/// response.
struct Responder: HTTPResponder {
    let service: Service
    let access: Access
    let connections: Connections
    let admission: Admission
    let threads: NIOThreadPool
    let logger: Logger

    func respond(to request: Request, context: ServerContext) async throws -> Response {
        if let response = access.preflight(request) { return marked(response, request) }
        var exchange = Exchange(request, logger: logger)
        service.metrics.begin()
        var response: Response
        do {
            response = try await answer(request, context, &exchange)
        } catch {
            response = self.response(to: error, exchange)
            finish(exchange, status: response.status.code)
            if exchange.hasMoreToCome {
                response.headers[.connection] = "close"
                closeSoon(context.channel)
            }
        }
        response.headers[Self.requestIDHeader] = exchange.id
        return marked(response, request)
    }

    private func marked(_ response: Response, _ request: Request) -> Response {
        var response = response
        access.mark(&response, to: request)
        return response
    }

    private static let requestIDHeader = requiredName("X-Request-Id")
    /// The maximum size of a form, in bytes; forms need no token.
    private static let maxFormSize = 16 << 10

    private func answer(
        _ request: Request, _ context: ServerContext, _ exchange: inout Exchange
    ) async throws -> Response {
        let (route, parameters) = try route(of: request, exchange.path)
        if !route.operation.isPublic || !access.needsToken { connections.trust(context.channel) }
        exchange.operation = route.operation.id
        let credentials = try Credentials(of: request, known: service.models?.apiKeyVariables ?? [])
        let hold = AdmissionHold(admission)
        do {
            let bytes = try await body(of: request, route, context.channel, hold)
            exchange.hasMoreToCome = false
            // Not earlier: a slow sender must not keep others out.
            guard hold.enter() else {
                service.metrics.reject()
                throw APIError.busy("the server is handling as many requests as it can; try again soon")
            }
            let output = ResponseStream()
            let call = HandlerContext(
                id: exchange.id, path: exchange.path, parameters: parameters, query: queryParameters(exchange.query),
                bytes: bytes,
                cookies: request.headers[values: .cookie], credentials: credentials,
                generation: APIGeneration(of: request), output: output,
                cancellation: Cancellation(), logger: exchange.logger,
                hold: hold)
            connections.watch(context.channel, call.cancellation)
            run(route, call)
            let beginning: ResponseStream.Beginning
            do {
                beginning = try await output.beginning()
            } catch {
                connections.forget(context.channel)
                throw error
            }
            return response(beginning, call, route, context.channel, exchange, hold)
        } catch {
            hold.release()
            throw error
        }
    }

    /// The route of a permitted request.
    private func route(of request: Request, _ path: Substring) throws(APIError) -> (Route, [String: String]) {
        try access.checkHost(of: request)
        try access.checkOrigin(of: request)
        let found: (route: Route, parameters: [String: String])
        do throws(APIError) {
            found = try service.routes.find(request.method, path)
        } catch {
            // A request without a token must not learn which paths exist.
            try access.checkToken(of: request)
            throw error
        }
        if found.route.operation.isPublic { return found }
        if found.route.operation.isPage {
            try access.checkSession(of: request)
        } else {
            try access.checkToken(of: request)
        }
        return found
    }

    /// Runs the handler on a thread that may block.
    private func run(_ route: Route, _ call: HandlerContext) {
        threads.submit { [service] state in
            guard case .active = state else { return call.output.fail(APIError.unavailable("the server is stopping")) }
            do {
                call.output.end(try route.answer(service, call))
            } catch {
                call.output.fail(error)
            }
        }
    }

    /// The whole body of a request, in memory, followed by padding; empty if there is none.
    private func body(
        of request: Request, _ route: Route, _ channel: any Channel, _ hold: AdmissionHold
    ) async throws -> [UInt8] {
        let limit = route.operation.isPage ? Self.maxFormSize : service.configuration.maxBodySize
        let tooLarge = APIError.tooLarge("the body has more than the \(limit) bytes that are allowed")
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limit { throw tooLarge }
        if route.operation.request != nil { try checkContentType(request) }
        if request.headers[.expect]?.lowercased() == "100-continue" {
            // A client that sent `Expect: 100-continue` is told to continue when it is known that the body is wanted.
            try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue))).get()
        }
        var bytes: [UInt8] = []
        var room = 0
        /// Reserves space for the given number of bytes, after they are admitted.
        func makeRoom(_ count: Int) throws {
            if count <= room { return }
            guard hold.add(bytes: count - room) else { throw busy() }
            room = count
            bytes.reserveCapacity(count + JSONParser.padding)
        }
        try makeRoom(min(announced ?? 0, Self.longestReserve))
        for try await part in request.body {
            let count = bytes.count + part.readableBytes
            if count > limit { throw tooLarge }
            if count > room { try makeRoom(max(count, min(2 * room, announced ?? limit))) }
            bytes.append(contentsOf: part.readableBytesView)
        }
        if !bytes.isEmpty { bytes.append(contentsOf: repeatElement(0, count: JSONParser.padding)) }
        return bytes
    }

    private func busy() -> APIError {
        service.metrics.reject()
        return .busy("the requests in progress use all the memory that is allowed; try again soon")
    }

    /// The most bytes that are reserved for a body in advance. The announced length may be false.
    private static let longestReserve = 16 << 20

    private func checkContentType(_ request: Request) throws(APIError) {
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw .invalid(
                "the body is encoded as \(quoted(encoding)); send it uncompressed",
                code: "invalid_content_encoding",
                at: "Content-Encoding")
        }
        guard let type = request.headers[.contentType] else { return }
        let name = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard name == "application/json" || name.hasSuffix("+json") else {
            throw .invalid(
                "the body is of the type \(quoted(type)); expected application/json", code: "invalid_content_type",
                at: "Content-Type")
        }
    }

    // MARK: Answers

    private func response(
        _ beginning: ResponseStream.Beginning, _ call: HandlerContext, _ route: Route, _ channel: any Channel,
        _ exchange: Exchange, _ hold: AdmissionHold
    ) -> Response {
        switch beginning {
        case .answer(let answer):
            connections.forget(channel)
            hold.release()
            finish(exchange, status: answer.status.code)
            var response = Response(
                status: answer.status, headers: answer.headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.bytes)))
            response.headers[.contentType] = answer.contentType
            return response
        case .piece(let first):
            let body = ResponseBody { writer in
                do {
                    try await writer.write(first)
                    while let piece = try await call.output.next() { try await writer.write(piece) }
                    try await writer.finish(nil)
                    end(channel, hold)
                    finish(exchange, status: 200)
                } catch {
                    // The response is aborted, so that it is not mistaken for a complete one.
                    call.output.abandon()
                    call.cancellation.cancel()
                    end(channel, hold)
                    logFailure(error, exchange)
                    finish(exchange, status: Self.brokenOff)
                    throw error
                }
            }
            return Response(status: .ok, headers: [.contentType: route.operation.contentType], body: body)
        }
    }

    private func end(_ channel: any Channel, _ hold: AdmissionHold) {
        connections.forget(channel)
        hold.release()
    }

    private func response(to error: any Error, _ exchange: Exchange) -> Response {
        if error is ResponseStream.Abandoned || error is CancellationError {
            // The client has disconnected; the response is not read.
            return Response(status: HTTPResponse.Status(code: Self.brokenOff))
        }
        let known = APIError(error)
        if known.map({ $0.status.kind == .serverError }) ?? true { logFailure(error, exchange) }
        let apiError = known ?? .fault(requestID: exchange.id)
        let answer = RouteResponse.json(apiError.json, status: apiError.status)
        var response = Response(
            status: answer.status, headers: [.contentType: answer.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.bytes)))
        if apiError.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        if !apiError.allowedMethods.isEmpty {
            response.headers[.allow] = apiError.allowedMethods.joined(separator: ", ")
        }
        if let location = apiError.location { response.headers[.location] = location }
        if let seconds = apiError.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
        return response
    }

    /// The status in logs and metrics for a response that was aborted because the client disconnected or the work failed.
    private static let brokenOff = 499

    private func logFailure(_ error: any Error, _ exchange: Exchange) {
        if error is ResponseStream.Abandoned || error is CancellationError || error is ChannelError { return }
        exchange.logger.error("the request failed", metadata: ["error": "\(error)"])
    }

    private func finish(_ exchange: Exchange, status: Int) {
        let duration = ContinuousClock.now - exchange.start
        service.metrics.end(exchange.operation, status: status, after: duration)
        // Probes ask every few seconds.
        exchange.logger.log(
            level: exchange.operation == "health" ? .debug : .info, "request",
            metadata: [
                "method": "\(exchange.method)", "path": "\(exchange.path)", "status": .stringConvertible(status),
                "milliseconds": .stringConvertible((duration / .milliseconds(1) * 1000).rounded() / 1000),
            ])
    }

    /// Closes a connection whose client may continue to send an unwanted body. Not immediately: the client should read the
    /// response first.
    private func closeSoon(_ channel: any Channel) {
        channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }
}

/// The properties of a request that are known from its head.
private struct Exchange: Sendable {
    let id: String
    let method: HTTPRequest.Method
    let path: Substring
    let query: Substring
    let start = ContinuousClock.now
    var operation = "none"
    /// Whether there is a body that has not been read completely.
    var hasMoreToCome: Bool
    var logger: Logger

    init(_ request: Request, logger: Logger) {
        id = randomIdentifier(digits: 16)
        method = request.method
        hasMoreToCome =
            request.headers[.transferEncoding] != nil || (request.headers[.contentLength] ?? "0") != "0"
        let target = request.head.path ?? ""
        path = target.prefix { $0 != "?" }
        query = target.dropFirst(path.count + 1)
        self.logger = logger
        self.logger[metadataKey: "request_id"] = "\(id)"
    }
}

/// A valid header name.
private func requiredName(_ name: String) -> HTTPField.Name {
    // Unreachable: all names that are passed are tokens.
    HTTPField.Name(name) ?? .server
}

/// The properties of a request's connection.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
