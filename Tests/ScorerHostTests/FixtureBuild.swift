import Foundation
import ScorerHost
import Synchronization
import Testing

/// A folder with plugins that were compiled for one test, removed when nobody needs it any more. Each compilation is a
/// shared object of its own, so what one test makes a plugin count, no other sees.
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
        _ source: String, _ macros: [String] = [], as name: String = "plugin", includes: String = FixtureBuild.headerFolder
    ) throws -> String {
        let path = "\(folder)/\(name).so"
        let messages = Pipe()
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments =
            ["cc", "-std=c11", "-Wall", "-Werror", "-shared", "-fPIC", "-pthread", "-I\(includes)"] + macros.map { "-D\($0)" }
            + ["-o", path, "-x", "c", "\(FixtureBuild.fixtures)/\(source).c.txt"]
        compiler.standardError = messages
        try compiler.run()
        let output = messages.fileHandleForReading.readDataToEndOfFile()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0, "\(String(decoding: output, as: UTF8.self))")
        return path
    }

    /// Compiles a fixture and loads it.
    func load(_ source: String, _ macros: [String] = [], log: LogLines = LogLines()) throws -> Plugin {
        try Plugin(loading: compile(source, macros), log: log.take)
    }

    /// The error of a fixture that does not load, without the path before it.
    func refusal(_ source: String, _ macros: [String] = []) throws -> String {
        let path = try compile(source, macros)
        let error = #expect(throws: PluginError.self) { try Plugin(loading: path) { _, _, _ in } }
        #expect(error?.path == path)
        return error?.message ?? ""
    }

    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures").path
    static let headerFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/CScorerPlugin/include").standardized.path
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
