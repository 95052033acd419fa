import Glibc
import NIOPosix

/// A connection to a server that sends whatever it is told, as no HTTP client would. Calls wait on threads of their own.
final class RawClient: Sendable {
    private let descriptor: Int32

    private static let threads = {
        let threads = NIOThreadPool(numberOfThreads: 8)
        threads.start()
        return threads
    }()

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SystemFailure(call: "connect") }
    }

    deinit { close(descriptor) }

    /// Sends all of it, or as much as the server takes.
    func send(_ text: String) async throws {
        let bytes = Array(text.utf8)
        try await Self.threads.runIfActive { [descriptor] in
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
        }
    }

    /// No more will be sent.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// What comes until the server closes the connection; nil if it does not within the time.
    func rest(within time: Duration = .seconds(30)) async throws -> String? {
        try await receive(within: time) { _ in false }
    }

    /// Whether the server ends the connection in order, with nothing before that, and does not reset it.
    func endsCleanly(within time: Duration = .seconds(30)) async throws -> Bool {
        let deadline = ContinuousClock.now + time
        return try await Self.threads.runIfActive { [descriptor] in
            var byte: UInt8 = 0
            while ContinuousClock.now < deadline {
                var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                if poll(&request, 1, 20) > 0 { return recv(descriptor, &byte, 1, 0) == 0 }
            }
            return false
        }
    }

    /// What comes until the text `mark` is there; nil if it does not come within the time.
    func receive(upTo mark: String, within time: Duration = .seconds(30)) async throws -> String? {
        try await receive(within: time) { $0.contains(mark) }
    }

    private func receive(
        within time: Duration, until isEnough: @escaping @Sendable (String) -> Bool
    ) async throws -> String? {
        let deadline = ContinuousClock.now + time
        return try await Self.threads.runIfActive { [descriptor] in
            var received: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while ContinuousClock.now < deadline {
                var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&request, 1, 20) > 0 else { continue }
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count <= 0 { return String(decoding: received, as: UTF8.self) }
                received += buffer[..<count]
                let text = String(decoding: received, as: UTF8.self)
                if isEnough(text) { return text }
            }
            return nil
        }
    }
}

/// The system refused something that a test needs.
struct SystemFailure: Error {
    var call: String
    var number = errno
}
