import NIOCore
import NIOSSL
import Synchronization

/// The certificate and the key of the server, which can be replaced while it runs.
final class ServerCertificate: Sendable {
    private struct Pair {
        var chain: [NIOSSLCertificateSource]
        var key: NIOSSLPrivateKeySource
    }

    private let pair = Mutex<Pair?>(nil)

    /// Reads the files, in PEM.
    ///
    /// - Throws: if they cannot be read, or do not match; the previous ones stay in use.
    func read(_ files: (certificate: String, key: String)) throws {
        let chain = try Self.reading(files.certificate, "certificate") { try NIOSSLCertificate.fromPEMFile($0) }
        let key = try Self.reading(files.key, "private key") { try NIOSSLPrivateKey(file: $0, format: .pem) }
        let pair = Pair(chain: chain.map { .certificate($0) }, key: .privateKey(key))
        do {
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: pair.chain, privateKey: pair.key))
        } catch {
            throw TLSFault(message: "\(files.certificate) and \(files.key) do not match: \(error)")
        }
        self.pair.withLock { $0 = pair }
    }

    /// The configuration of a server that presents the current certificate to each client.
    func configuration() throws -> TLSConfiguration {
        guard let pair = pair.withLock({ $0 }) else { throw TLSFault(message: "no certificate was read") }
        var settings = TLSConfiguration.makeServerConfiguration(certificateChain: pair.chain, privateKey: pair.key)
        // Older versions are insecure, and refused by current clients.
        settings.minimumTLSVersion = .tlsv12
        settings.sslContextCallback = { [self] _, promise in
            var change = NIOSSLContextConfigurationOverride()
            let pair = self.pair.withLock { $0 }
            change.certificateChain = pair?.chain
            change.privateKey = pair?.key
            promise.succeed(change)
        }
        return settings
    }

    private static func reading<Value>(_ file: String, _ noun: String, _ read: (String) throws -> Value) throws -> Value
    {
        do {
            return try read(file)
        } catch {
            throw TLSFault(message: "\(file): a PEM \(noun) could not be read: \(error)")
        }
    }
}

/// What is wrong with the TLS files.
private struct TLSFault: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}
