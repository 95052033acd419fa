import Concurrency
import Datasets
import Glibc
import JSON
import NIOCore
import Platform
import Synchronization

/// Downloads a dataset into an unnamed file, so that it is only read when it is complete.
struct Download {
    let configuration: ServerConfiguration
    let cancellation: Cancellation

    private static let maxRedirections = 5

    /// The rows at an address, as JSON Lines.
    func rows(at uri: String) throws -> any ByteSource {
        guard var address = WebAddress(uri) else {
            throw fault("\(quoted(uri)) is not a plain web address, such as https://example.com/rows.jsonl")
        }
        let deadline = ContinuousClock.now + .seconds(configuration.downloadSeconds)
        for _ in 0...Self.maxRedirections {
            let file = try DownloadFile(folder: configuration.dataFolder, limit: configuration.maxDownloadSize)
            let head = try get(address, into: file, deadline)
            switch head.status {
            case 200:
                let type = head.contentType.map { $0.prefix { $0 != ";" }.lowercased() } ?? ""
                let path = address.target.prefix { $0 != "?" }
                guard
                    let format = DatasetLocation.Format(name: String(path)) ?? DatasetLocation.Format(mediaType: type)
                else {
                    throw fault(
                        "neither the ending of \(address.text) nor its type \(quoted(type)) names a known format"
                    )
                }
                return format.rows(of: try file.source(named: address.text), named: address.text)
            case 301, 302, 303, 307, 308:
                guard let location = head.location, let next = address.redirected(to: location) else {
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

    private func get(_ address: WebAddress, into file: DownloadFile, _ deadline: ContinuousClock.Instant) throws
        -> FetchedHead
    {
        let machines = address.resolve()
        guard let machine = machines.first else { throw fault("the host \(address.host) cannot be found") }
        // All addresses are checked: a name with both public and private addresses is an attack.
        if !configuration.allowsPrivateAddresses, let other = machines.first(where: { !$0.isPublic }) {
            throw fault(
                "\(address.host) is \(other.text), a private or special-purpose address; "
                    + "the operator can allow these with --allow-private-addresses")
        }
        do {
            return try fetch(
                address, from: machine, timeout: deadline - ContinuousClock.now,
                paceSeconds: configuration.clientSeconds, cancellation: cancellation,
                body: { try file.write($0.readableBytesView) })
        } catch let error as APIError {
            throw error
        } catch {
            if cancellation.isCancelled { throw ResponseStream.Abandoned() }
            throw fault("\(address.text) could not be read: \(error)")
        }
    }

    private func fault(_ message: String) -> APIError {
        .invalid("/source/uri: \(message)", code: "unreadable_source", at: "/source/uri")
    }
}

/// An unnamed file for a download, up to a limit.
private final class DownloadFile: Sendable {
    private let descriptor: Int32
    private let limit: Int
    private let size = Mutex(0)

    init(folder: String, limit: Int) throws {
        var template = Array("\(folder)/download-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        self.limit = limit
        guard descriptor >= 0 else {
            throw APIError.unavailable("a file for the download cannot be created: \(systemMessage())")
        }
        unlink(template)
    }

    deinit { close(descriptor) }

    func write(_ bytes: ByteBufferView) throws {
        let isTooMuch = size.withLock { size in
            size += bytes.count
            return size > limit
        }
        if isTooMuch { throw APIError.tooLarge("the source has more than the \(limit) bytes that may be downloaded") }
        guard bytes.withUnsafeBytes({ writeAll($0, to: descriptor) }) else {
            throw APIError.unavailable("the download cannot be stored: \(systemMessage())")
        }
    }

    /// The bytes from the start. The file object may be released afterwards.
    func source(named name: String) throws -> DescriptorSource {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, lseek(copy, 0, SEEK_SET) == 0 else {
            throw DatasetError(.unreadable, "the download cannot be read back", path: name)
        }
        return DescriptorSource(descriptor: copy, named: name)
    }
}
