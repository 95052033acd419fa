import Synchronization

/// What reading the source of a dataset needs.
struct SourceAccess: Sendable {
    let configuration: ServerConfiguration
    /// The folders from which files may be read.
    let folders: AllowedFolders
    private let imports: ConcurrencyLimit
    private let metrics: Metrics

    init(_ configuration: ServerConfiguration, metrics: Metrics) throws {
        self.configuration = configuration
        self.metrics = metrics
        folders = try AllowedFolders(configuration.allowedFolders)
        imports = ConcurrencyLimit(configuration.maxImports)
    }

    /// Runs `body`, which reads a dataset from the network, unless too many are being read already: each may be slow and use
    /// much memory, and other requests should not have to wait.
    func importing<Result>(_ body: () throws -> Result) throws -> Result {
        guard imports.take() else {
            metrics.reject()
            throw APIError.busy("too many datasets are being downloaded; try again soon")
        }
        defer { imports.giveBack() }
        return try body()
    }
}

/// A counter of free slots.
private final class ConcurrencyLimit: Sendable {
    private let free: Mutex<Int>

    init(_ count: Int) {
        free = Mutex(count)
    }

    /// Takes a slot; returns false if none is free.
    func take() -> Bool {
        free.withLock { free in
            if free == 0 { return false }
            free -= 1
            return true
        }
    }

    func giveBack() { free.withLock { $0 += 1 } }
}
