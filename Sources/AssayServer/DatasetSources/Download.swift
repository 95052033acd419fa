import Concurrency
import Datasets
import JSON
import NIOCore
import NIOHTTP1
import Platform
import Web

/// Downloads a dataset into an unnamed file, so that it is only read when it is complete.
struct Download {
    let configuration: ServerConfiguration
    let cancellation: Cancellation

    private static let maxRedirections = 5

    /// The rows at an address, as JSON Lines.
    func rows(at uri: String) throws -> any ByteSource {
        guard var address = plainAddress(try? WebURL(parsing: uri)) else {
            throw fault("\(quoted(uri)) is not a plain web address, such as https://example.com/rows.jsonl")
        }
        let deadline = ContinuousClock.now + .seconds(configuration.downloadSeconds)
        for _ in 0...Self.maxRedirections {
            let file = try DownloadFile(folder: configuration.dataFolder, limit: configuration.maxDownloadSize)
            let head = try get(address, into: file, deadline)
            switch head.status {
            case 200:
                let type = head.headers.first(name: "Content-Type").map { $0.prefix { $0 != ";" }.lowercased() } ?? ""
                guard
                    let format = DatasetLocation.Format(name: address.path) ?? DatasetLocation.Format(mediaType: type)
                else {
                    throw fault(
                        "neither the ending of \(address.text) nor its type \(quoted(type)) names a known format"
                    )
                }
                return format.rows(
                    of: file.source(named: address.text), named: address.text, rowSize: configuration.maxRowSize)
            case 301, 302, 303, 307, 308:
                guard let location = head.headers.first(name: "Location"),
                    let next = plainAddress(address.redirected(to: location))
                else {
                    throw fault("\(address.text) redirects without a valid address")
                }
                if address.scheme == "https" && next.scheme != "https" {
                    throw fault("\(address.text) redirects to an address without TLS, \(next.text)")
                }
                address = next
            default: throw fault("\(address.text) responded with status \(head.status)")
            }
        }
        throw fault("\(uri) redirects more than \(Self.maxRedirections) times")
    }

    /// An address without a name or a password, which would show up in messages and in the registry.
    private func plainAddress(_ address: WebURL?) -> WebURL? { address?.userInfo == nil ? address : nil }

    private func get(
        _ address: WebURL, into file: DownloadFile, _ deadline: ContinuousClock.Instant
    ) throws -> WebClient.Response {
        var options = WebClient.Options(environment: configuration.environment)
        options.silence = .seconds(60)
        let client: WebClient
        do {
            options.address = try machine(of: address)
            client = try WebClient(for: address, options)
        } catch let error as WebClient.Fault {
            throw fault("\(address.text) cannot be read: \(error.reason)")
        }
        let request = WebClient.Request(
            address.text, timeout: deadline - ContinuousClock.now, limit: configuration.maxDownloadSize)
        do {
            return try client.fetch(request, paceSeconds: configuration.clientSeconds, cancellation: cancellation) {
                try file.write($0.readableBytesView)
            }
        } catch let error as APIError {
            throw error
        } catch {
            if cancellation.isCancelled { throw ResponseStream.Abandoned() }
            throw fault("\(address.text) could not be read: \(error)")
        }
    }

    /// The machine that is connected to, whatever the name of the host stands for by then; nil where a proxy connects.
    ///
    /// - Throws: where any address of the host is private. What only the proxy can look up is the proxy's to refuse.
    private func machine(of address: WebURL) throws -> IPAddress? {
        let machines = IPAddress.resolve(address.host)
        // All of them: a name that stands for machines here and there is a trap.
        if !configuration.allowsPrivateAddresses, let other = machines.first(where: { !$0.isPublic }) {
            throw fault(
                "\(address.host) is \(other.text), a private or special-purpose address; "
                    + "the operator can allow these with --allow-private-addresses")
        }
        do throws(ProxySettings.Fault) {
            if try ProxySettings(environment: configuration.environment).proxy(for: address) != nil { return nil }
        } catch {
            throw fault("\(address.text) cannot be read: \(error.reason)")
        }
        guard let machine = machines.first else { throw fault("the host \(address.host) cannot be found") }
        return machine
    }

    private func fault(_ message: String) -> APIError {
        .invalid("/source/uri: \(message)", code: "unreadable_source", at: "/source/uri")
    }
}

/// An unnamed file for a download, up to a limit.
private struct DownloadFile: Sendable {
    private let file: UnnamedFile
    private let limit: Int

    init(folder: String, limit: Int) throws(APIError) {
        do throws(RegularFile.Fault) {
            file = try UnnamedFile(in: folder)
        } catch {
            throw .unavailable("the download cannot be stored: \(error.message)")
        }
        self.limit = limit
    }

    func write(_ bytes: ByteBufferView) throws(APIError) {
        if file.size + bytes.count > limit {
            throw .tooLarge("the source has more than the \(limit) bytes that may be downloaded")
        }
        let result: Result<Void, RegularFile.Fault> = bytes.withUnsafeBytes { bytes in
            do throws(RegularFile.Fault) {
                return .success(try file.append(bytes))
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let fault) = result { throw .unavailable("the download cannot be stored: \(fault.message)") }
    }

    /// The bytes from the beginning. The file may be let go of then.
    func source(named name: String) -> UnnamedFileSource { UnnamedFileSource(file, named: name) }
}
