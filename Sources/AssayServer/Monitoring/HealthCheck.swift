import Glibc
import JSON
import Logging
import Platform
import Store
import Synchronization

/// Checks whether the server can work. Results are cached for some seconds, so that frequent requests are cheap.
final class HealthCheck: Sendable {
    private struct Finding {
        var time: ContinuousClock.Instant
        /// What is wrong with the data folder.
        var fault: String?
    }

    private static let lifetime = Duration.seconds(2)

    private let registry: Registry
    private let folder: String
    private let last = Mutex<Finding?>(nil)

    init(_ registry: Registry, folder: String) {
        self.registry = registry
        self.folder = folder
    }

    /// Why nothing can be stored at the moment; nil if it can. Blocks for some milliseconds. Contains no paths, because no
    /// token is needed to see it.
    func fault(_ logger: Logger) -> String? {
        last.withLock { last in
            let now = ContinuousClock.now
            if let last, now - last.time < Self.lifetime { return last.fault }
            let fault = look(logger)
            last = Finding(time: now, fault: fault)
            return fault
        }
    }

    private func look(_ logger: Logger) -> String? {
        do throws(StoreError) {
            try registry.check()
        } catch {
            logger.error("the registry cannot be used", metadata: ["error": "\(error)"])
            return "the registry cannot be read and written"
        }
        guard let reason = writingFault() else { return nil }
        logger.error("the data folder cannot be written", metadata: ["folder": "\(folder)", "error": "\(reason)"])
        return "the data folder cannot be written: \(reason)"
    }

    /// Why a file of one page cannot be written; nil if it can.
    private func writingFault() -> String? {
        var template = Array("\(folder)/health-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { return systemMessage() }
        defer { close(descriptor) }
        unlink(template)
        let page = [UInt8](repeating: 0, count: 4096)
        return write(descriptor, page, page.count) == page.count ? nil : systemMessage()
    }
}
