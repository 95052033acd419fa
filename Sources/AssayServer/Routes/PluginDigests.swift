import Encodings
import Hashing
import ScorerHost
import Synchronization

/// The SHA-256 of plugins' files, each computed once: they are not read again after they were loaded.
final class PluginDigests: Sendable {
    private let known = Mutex<[String: String]>([:])

    /// Nil if the file cannot be read.
    func digest(of plugin: Plugin) -> String? {
        if let digest = known.withLock({ $0[plugin.path] }) { return digest }
        guard let digest = SHA256.digest(ofFile: plugin.path).map({ hexadecimal($0.bytes) }) else { return nil }
        known.withLock { $0[plugin.path] = digest }
        return digest
    }
}
