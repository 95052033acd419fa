import Encodings
import Glibc
import Hashing
import Platform
import ScorerHost
import Synchronization

/// The SHA-256 of plugins' files, each computed once: they are not read again after they were loaded.
final class PluginDigests: Sendable {
    private let known = Mutex<[String: String]>([:])

    /// Nil if the file cannot be read.
    func digest(of plugin: Plugin) -> String? {
        if let digest = known.withLock({ $0[plugin.path] }) { return digest }
        guard let (descriptor, _) = try? RegularFile.open(plugin.path) else { return nil }
        defer { close(descriptor) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 { return nil }
            if count == 0 { break }
            buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        let digest = hexadecimal(hash.finalize().bytes)
        known.withLock { $0[plugin.path] = digest }
        return digest
    }
}
