// The functions have the names of the C header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import AssayCommands
import CArrow
public import CAssay
import Glibc
import JSON
import ScorerHost
import ScoringDefinitions
import ScoringEngine
import Synchronization

/// An engine, and what it was made from.
final class EngineHandle: Sendable {
    let engine: Engine
    let options: [String]
    let warnings: [String]
    private let process = getpid()
    private let models: ModelAccessNote

    init(_ options: [String], _ scorers: [ArrowScorer]) throws {
        self.options = options
        let models = ModelAccessNote()
        self.models = models
        var plugins: [Plugin] = []
        for (provider, scorers) in Dictionary(grouping: scorers, by: \.definition.providerID) {
            plugins.append(
                Plugin(embedding: scorers.map(\.embedded), id: provider, version: EmbeddedCommand.version) { _, _, _ in
                })
        }
        engine = try EmbeddedCommand.engine(
            options, plugins: plugins, definitions: scorers.map(\.definition)
        ) { () throws(EngineError) in
            try ModelProcess.check()
            models.isUsed.store(true, ordering: .relaxed)
        }
        warnings = engine.definitions.errors.map { "\($0)" } + engine.plugins.errors.map { "\($0)" }
    }

    deinit {
        // The workers and connections of a forked child are its parent's.
        guard process == getpid(), models.isUsed.load(ordering: .relaxed) else { return }
        EmbeddedCommand.shutDown(engine)
    }

    /// Refuses the work in a forked child.
    func check() throws {
        guard process == getpid() else {
            throw LibraryFault(
                "the engine belongs to the process that forked this one; create another engine here")
        }
    }
}

/// Whether an engine has asked models, and so has connections to close.
private final class ModelAccessNote: Sendable {
    let isUsed = Atomic<Bool>(false)
}

/// The process whose threads send requests to models. Its forked children have these threads' state, but not the threads.
enum ModelProcess {
    private static let process = Atomic<pid_t>(0)

    static func check() throws(EngineError) {
        let own = getpid()
        let (isFirst, other) = process.compareExchange(expected: 0, desired: own, ordering: .relaxed)
        guard isFirst || other == own else {
            throw EngineError(
                .model,
                "models cannot be asked in a process that was forked from one that has asked models; start processes with "
                    + "spawn or forkserver, or ask models in the children only")
        }
    }
}

@c @implementation
public func assay_library_version() -> UnsafePointer<CChar>? { version }

/// `nonisolated(unsafe)`: never changed.
nonisolated(unsafe) private let version = UnsafePointer(strdup(EmbeddedCommand.version))

@c @implementation
public func assay_engine_new(
    _ options: UnsafePointer<CChar>?, _ scorers: UnsafePointer<UnsafePointer<assay_arrow_scorer>?>?, _ count: Int
) -> OpaquePointer? {
    reporting(nil) {
        guard count >= 0 else { throw LibraryFault("the number of scorers is negative") }
        let scorers = try (0..<count).map { index -> ArrowScorer in
            guard let scorer = scorers?[index] else { throw LibraryFault("scorer \(index) is NULL") }
            return try ArrowScorer(scorer.pointee)
        }
        return OpaquePointer(retaining: try EngineHandle(try texts(options), scorers))
    }
}

@c @implementation
public func assay_engine_free(_ engine: OpaquePointer?) { engine?.release(EngineHandle.self) }

@c @implementation
public func assay_engine_functions(_ engine: OpaquePointer?) -> UnsafeMutablePointer<CChar>? {
    reporting(nil) {
        let handle = try object(engine, EngineHandle.self)
        let definitions = handle.engine.definitions
        let json: JSONValue = [
            "functions": .array(definitions.identifiers.compactMap { definitions[$0]?.json }),
            "warnings": .array(handle.warnings.map { .string($0) }),
        ]
        return try copied(json.text)
    }
}

@c @implementation
public func assay_main(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
    EmbeddedCommand.run(
        (1..<max(1, Int(count))).compactMap { index in arguments?[index].map { String(cString: $0) } })
}

/// The texts of a JSON array.
func texts(_ json: UnsafePointer<CChar>?) throws -> [String] {
    guard let json else { return [] }
    guard let values = try? JSONValue(parsing: String(cString: json)).array, values.allSatisfy({ $0.string != nil })
    else { throw LibraryFault("expected a JSON array of strings: \(String(cString: json).prefix(100))") }
    return values.compactMap(\.string)
}
