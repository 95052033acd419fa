package import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// Gets things from one server of the web as models are asked: through the proxies of the environment, and trusting the
/// certificates of SSL_CERT_FILE.
package final class WebClient: Sendable {
    /// What a server answered, whatever the status.
    package struct Response: Sendable {
        package var status: Int
        package var retryAfter: String?
        package var body: [UInt8]
    }

    /// Why no whole answer came.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    private let client: HTTPClient

    /// - Parameters:
    ///   - url: of the server.
    ///   - environment: its variables by their names.
    /// - Throws: if the address, a proxy or the file of certificates cannot be used.
    package init(for url: String, environment: @Sendable @escaping (String) -> String?) throws(InferenceError) {
        let address: ModelAddress
        do throws(ModelAddress.Fault) {
            address = try ModelAddress(parsing: url)
        } catch {
            throw InferenceError(.invalidModel, "it \(error.reason)")
        }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = HTTPTransport.connectTimeout
        _ = try configuration.useEnvironment(environment, for: address)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        client.shutdown { _ in }
    }

    /// Gets what lies at an address of the server, a body of at most `limit` bytes with it.
    package func get(
        _ url: String, headers: [(String, String)], timeout: Duration, limit: Int
    ) async throws(Failure) -> Response {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: "assay")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        do {
            let response = try await client.execute(request, timeout: TimeAmount(timeout))
            let body = try await response.body.collect(upTo: limit)
            return Response(
                status: Int(response.status.code), retryAfter: response.headers.first(name: "retry-after"),
                body: Array(body.readableBytesView))
        } catch is NIOTooManyBytesError {
            throw Failure(description: "its response is larger than \(limit >> 20) MiB")
        } catch {
            throw Failure(description: TransportFailure(error, timeout: TimeAmount(timeout)).reason)
        }
    }
}

extension HTTPClient.Configuration {
    /// Takes the proxy and the trusted certificates of the environment.
    ///
    /// - Returns: host and port of the proxy, if one is used.
    mutating func useEnvironment(
        _ environment: @Sendable @escaping (String) -> String?, for address: ModelAddress
    ) throws(InferenceError) -> String? {
        let used: ProxySettings.Proxy?
        do throws(ProxySettings.Fault) {
            used = try ProxySettings(environment: environment).proxy(for: address)
        } catch {
            throw InferenceError(.invalidModel, error.reason)
        }
        proxy = used.map { Proxy($0) }
        if address.scheme == "https", let file = environment("SSL_CERT_FILE"), !file.isEmpty {
            try trustCertificates(inPEMFile: file)
        }
        return used.map { "\($0.host):\($0.port)" }
    }

    /// Trusts the certificates of the file that SSL_CERT_FILE names, and no others.
    package mutating func trustCertificates(inPEMFile file: String) throws(InferenceError) {
        var tls = TLSConfiguration.makeClientConfiguration()
        do {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
        } catch {
            throw InferenceError(
                .invalidModel, "SSL_CERT_FILE names \(file), which contains no readable PEM certificates")
        }
        tlsConfiguration = tls
    }
}
