import Foundation
import ScorerHost
import Synchronization
import Testing

/// A folder with plugins for one test, removed when nobody needs it any more. Each plugin is a file of its own, so what one
/// test makes a plugin count, no other sees.
final class FixtureBuild: Sendable {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "scorer-host-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Compiles `Fixtures/SOURCE.c.txt`.
    ///
    /// - Parameters:
    ///   - macros: definitions such as `MAJOR=2`.
    ///   - name: of the shared object, without its ending.
    ///   - includes: the folder that the plugin header is taken from.
    /// - Returns: the path of the shared object.
    @discardableResult
    func compile(
        _ source: String, _ macros: [String] = [], as name: String = "plugin",
        includes: String = FixtureBuild.headerFolder
    ) throws -> String {
        let options = macros.map { "-D\($0)" } + ["-I\(includes)", "\(FixtureBuild.fixtures)/\(source).c.txt"]
        let path = "\(folder)/\(name).so"
        try FileManager.default.copyItem(atPath: try FixtureBuild.compiled.object(options), toPath: path)
        return path
    }

    /// Compiles a fixture and loads it.
    func load(
        _ source: String, _ macros: [String] = [], in place: Plugin.Place = .host, _ settings: WorkerSettings = .init(),
        log: LogLines = LogLines()
    ) throws -> Plugin {
        try Plugin(in: place, try compile(source, macros, as: UUID().uuidString), settings, log: log)
    }

    /// The error of a fixture that does not load, without the path before it.
    func refusal(_ source: String, _ macros: [String] = [], in place: Plugin.Place) throws -> String {
        let path = try compile(source, macros)
        let error = #expect(throws: PluginError.self) { try Plugin(in: place, path) }
        #expect(error?.path == path)
        return error?.message ?? ""
    }

    fileprivate static let compiled = CompiledObjects()
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures").path
    static let headerFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/CScorerPlugin/include").standardized.path
}

/// What was compiled for this run of the tests, each thing once.
private final class CompiledObjects: Sendable {
    private let build: FixtureBuild
    private let paths = Mutex<[[String]: String]>([:])

    init() {
        guard let build = try? FixtureBuild() else { fatalError("no folder for temporary files") }
        self.build = build
        atexit { try? FileManager.default.removeItem(atPath: FixtureBuild.compiled.build.folder) }
    }

    func object(_ options: [String]) throws -> String {
        try paths.withLock { paths in
            if let path = paths[options] { return path }
            let path = "\(build.folder)/\(paths.count).so"
            let compiler = Process()
            let messages = Pipe()
            compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            compiler.arguments =
                ["cc", "-std=c11", "-Wall", "-Werror", "-shared", "-fPIC", "-pthread", "-o", path, "-x", "c"] + options
            compiler.standardError = messages
            try compiler.run()
            let output = messages.fileHandleForReading.readDataToEndOfFile()
            compiler.waitUntilExit()
            try #require(compiler.terminationStatus == 0, "\(String(decoding: output, as: UTF8.self))")
            paths[options] = path
            return path
        }
    }
}

/// What plugins have written to the log: `error org.example.rows: …`.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    var take: HostLog {
        { severity, plugin, message in self.lines.withLock { $0.append("\(severity) \(plugin): \(message)") } }
    }
}

extension Plugin {
    /// Loads a file into this process, or a worker.
    convenience init(
        in place: Place, _ path: String, _ settings: WorkerSettings = .init(), log: LogLines = LogLines()
    ) throws {
        switch place {
        case .host: try self.init(loading: path, log: log.take)
        case .worker: try self.init(isolating: path, settings: settings, log: log.take)
        }
    }

    /// Both of them: what holds in one holds in the other.
    static let places = [Place.host, .worker]

    /// A counter that the plugin exports.
    func counter(_ name: String) throws -> Int32 {
        try symbol(name).assumingMemoryBound(to: Int32.self).pointee
    }

    /// Calls a function that the plugin exports.
    func call(_ name: String) throws -> Int32 {
        unsafeBitCast(try symbol(name), to: (@convention(c) () -> Int32).self)()
    }

    private func symbol(_ name: String) throws -> UnsafeMutableRawPointer {
        let handle = try #require(dlopen(path, RTLD_NOW | RTLD_NOLOAD))
        defer { dlclose(handle) }
        return try #require(dlsym(handle, name))
    }

    /// An instance of one of its scorers.
    func scorer(_ id: String, _ configuration: String = #"{"params": {}}"#) throws -> Scorer {
        try Scorer(id, of: self, configuration: configuration)
    }
}
