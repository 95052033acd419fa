import AsyncHTTPClient
import Glibc
package import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix
import NIOSSL
import Platform

/// Why no whole response came.
package struct TransportFailure: Error, CustomStringConvertible {
    package enum Kind: Sendable {
        /// No connection could be made.
        case unreachable
        /// No connection was available in time: none could be made, or all were busy.
        case noConnection
        case timedOut
        case dropped
        /// The response cannot be used.
        case badResponse
        case cancelled
    }

    package var kind: Kind
    /// What happened, as part of a sentence. May hold what the server sent.
    package var reason: String

    package init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    package var description: String { reason }

    /// - Parameters:
    ///   - timeout: how long the response may take.
    ///   - longest: where that is how long nothing of it may come, how long it may take in all.
    ///   - limit: bytes that its body may have.
    package init(_ error: any Error, timeout: TimeAmount, longest: TimeAmount? = nil, limit: Int) {
        let seconds = Double((longest ?? timeout).nanoseconds) / 1e9
        switch error {
        case let error as TransportFailure: self = error
        case let error as HTTPClientError where error == .readTimeout && longest != nil:
            self.init(.timedOut, "no data arrived for \(Double(timeout.nanoseconds) / 1e9) s")
        case let error as HTTPClientError:
            self.init(error, seconds: seconds)
        case let error as NIOConnectionError:
            self.init(.unreachable, Self.reason(error))
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            self.init(
                .unreachable,
                "a secure connection could not be made: \(error); if the certificate is not from a public authority, set "
                    + "SSL_CERT_FILE to it")
        case is BodyAccumulator.TooLarge, is NIOHTTPDecompression.DecompressionError:
            self.init(.badResponse, "its body has more than \(limit >> 20) MiB")
        case HTTPParserError.invalidEOFState:
            self.init(.remoteConnectionClosed, seconds: seconds)
        case is CancellationError:
            self.init(.cancelled, "cancelled")
        case let error as IOError where Self.connectErrors.contains(error.errnoCode):
            self.init(.unreachable, systemMessage(error.errnoCode).lowercased())
        case let error as IOError:
            self.init(.dropped, "the connection broke: \(systemMessage(error.errnoCode))")
        case ChannelError.connectTimeout:
            self.init(.connectTimeout, seconds: seconds)
        default:
            self.init(.dropped, "the connection broke: \(error)")
        }
    }

    private init(_ error: HTTPClientError, seconds: Double) {
        let connectSeconds = WebClient.connectTimeout.nanoseconds / 1_000_000_000
        switch error {
        case .deadlineExceeded, .readTimeout, .writeTimeout:
            self.init(.timedOut, "no complete response within \(seconds) s")
        case .connectTimeout:
            self.init(.unreachable, "no connection within \(connectSeconds) s")
        case .getConnectionFromPoolTimeout:
            self.init(.noConnection, "no connection within \(connectSeconds) s")
        case .tlsHandshakeTimeout:
            self.init(.unreachable, "no secure connection within \(connectSeconds) s")
        case .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            self.init(.unreachable, "the proxy made no connection within \(connectSeconds) s")
        case .invalidProxyResponse:
            self.init(.unreachable, "the proxy refused to make the connection")
        case .proxyAuthenticationRequired:
            self.init(.unreachable, "the proxy rejected the user name and password, or requires them")
        case .cancelled, .alreadyShutdown, .requestStreamCancelled:
            self.init(.cancelled, "cancelled")
        case .remoteConnectionClosed, .uncleanShutdown:
            self.init(.dropped, "the server closed the connection before its response was complete")
        default:
            self.init(.dropped, error.shortDescription)
        }
    }

    /// What `connect` reports, and nothing later does.
    private static let connectErrors = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL, EACCES]

    private static func reason(_ error: NIOConnectionError) -> String {
        if let first = error.connectionErrors.first?.error {
            return if let first = first as? IOError {
                systemMessage(first.errnoCode).lowercased()
            } else {
                "\(first)"
            }
        }
        return "the host name \(error.host) cannot be resolved"
    }
}
