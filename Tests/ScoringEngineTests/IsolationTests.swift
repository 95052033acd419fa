import Foundation
import JSON
import ScorerHost
import ScoringCore
import Synchronization
import Testing

@testable import ScoringEngine

@Suite("Where a plugin runs makes no difference to its results")
struct IsolationTests {
    /// The shipped functions, their plugins in workers.
    private static let isolated: Engine = {
        var isolation = PluginIsolation()
        isolation.mode = .all
        return Engine(
            functionFolders: ["\(packageFolder)/scoring_fns"], pluginFolders: [pluginFolder], isolation: isolation)
    }()

    private static let functions = [
        "equality", "subset_of", "docvqa", "regex_parser_multiple_choice_answer", "regex_parser_math_response",
    ].map { "basic::\($0)" }

    /// Rows of all kinds: those of the parity tests, nulls, missing and mistyped cells, broken lines.
    private static func rows() throws -> String {
        let files = [
            "equality", "subset_of", "docvqa", "regex_parser_multiple_choice_answer", "regex_parser_math_response",
        ]
        var lines: [String] = []
        for file in files { lines += try dataLines("parity/\(file).jsonl") }
        let odd = [
            #"{"generated_answer": null, "expected_answer": "a"}"#, #"{"generated_answer": "a"}"#, "no JSON", "{}", "",
            #"{"generated_answer": ["a", null, "b"], "expected_answer": "b"}"#,
            #"{"generated_answer": {"a": 1}, "expected_answer": "a"}"#,
            #"{"generated_answer": "\u0000zürich 日本 😀", "expected_answer": "日"}"#,
            #"{"generated_answer": "\#(String(repeating: "x", count: 300_000))y", "expected_answer": "y"}"#,
        ]
        for (index, line) in odd.enumerated() { lines.insert(line, at: 300 * index + 7) }
        return lines.map { $0 + "\n" }.joined()
    }

    @Test("the scorers that come with Assay give the same bytes for some thousand rows", arguments: [1, 2])
    func basic(jobs: Int) throws {
        let rows = Dataset(jsonLines: try Self.rows(), named: "rows")
        var outputs: [String] = []
        for engine in [shippedEngine, Self.isolated] {
            let output = Output()
            let parameters: JSONObject = ["parsing_regexes": [#"\\boxed\{(.*)\}"#]]
            var request = ScoringRequest(
                rows, functions: Self.functions.map { ($0, $0.hasSuffix("math_response") ? parameters : nil) })
            request.jobs = jobs
            let results = try engine.score(request, sink: output.sink)
            outputs.append(output.text + results.json.text)
        }
        #expect(Self.isolated.plugins["basic"]?.place == .worker)
        #expect(outputs[0] == outputs[1])
    }

    @Test("parameters that are refused are refused with the same words")
    func parameters() throws {
        let wrong: JSONObject = ["parsing_regexes": ["A: (", 7], "normalise": true]
        let messages = [shippedEngine, Self.isolated].map { engine in
            let request = ScoringRequest(
                Dataset(jsonLines: "{}", named: "rows"), functions: [(Self.functions[3], wrong)])
            return #expect(throws: EngineError.self) { try engine.score(request) }?.message
        }
        #expect(messages[0] == messages[1])
    }
}

@Suite("A manifest says what a plugin is without running it")
struct PluginManifestTests {
    private let folder = NSTemporaryDirectory() + "assay-manifest-" + UUID().uuidString
    private let plugin: String

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        plugin = "\(folder)/mine.so"
        try FileManager.default.copyItem(atPath: "\(pluginFolder)/libbasic.so", toPath: plugin)
    }

    private func engine(asksUnknownPlugins: Bool = true) -> Engine {
        var isolation = PluginIsolation()
        isolation.asksUnknownPlugins = asksUnknownPlugins
        return Engine(functionFolders: ["\(packageFolder)/scoring_fns"], pluginFolders: [folder], isolation: isolation)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    @Test("what is written is what is read, and what the plugin says")
    func roundTrip() throws {
        defer { remove() }
        #expect(try PluginManifest.write(for: plugin) == "\(folder)/mine.plugin.json")
        let read = try #require(try PluginManifest.read(for: plugin))
        #expect(read == shippedEngine.plugins["basic"]?.contents)
        let judge = "\(folder)/judge.so"
        try FileManager.default.copyItem(atPath: "\(pluginFolder)/libllm-as-judge.so", toPath: judge)
        _ = try PluginManifest.write(for: judge)
        #expect(try PluginManifest.read(for: judge) == shippedEngine.plugins["llm-as-judge"]?.contents)
        let engine = engine()
        #expect(engine.plugins.plugins.map(\.id).sorted() == ["basic", "llm-as-judge"])
        #expect(try Scoring(answers("\"a b\"", "\"a\""), "basic::subset_of", engine: engine).counts.scored == 1)
    }

    @Test("without a manifest, a plugin is unknown until it may be asked")
    func unknown() {
        defer { remove() }
        let listed = engine(asksUnknownPlugins: false).plugins
        #expect(listed.plugins.isEmpty)
        #expect(listed.unknown == [plugin])
        #expect(engine().plugins.plugins.map(\.id) == ["basic"])
    }

    @Test(
        "a manifest that is not the plugin's is refused when the plugin is to be used, with the first difference",
        arguments: [
            (
                #""id": "subset-of""#, #""id": "subset""#,
                #"the id of scorer 2 is "subset" in the manifest and "subset-of""#
            ),
            (
                #""type": "number""#, #""type": "integer""#,
                #"the type of output "score" of scorer "equality" is "integer" in the manifest and "number" in the plugin"#
            ),
            (#""abi": "1.4""#, #""abi": "1.0""#, #"its ABI version is "1.0" in the manifest and "1.4" in the plugin"#),
        ])
    func difference(found: String, replacement: String, message: String) throws {
        defer { remove() }
        let path = try PluginManifest.write(for: plugin)
        var text = try String(contentsOfFile: path, encoding: .utf8)
        let range = try #require(text.range(of: found), "\(text)")
        text.replaceSubrange(range, with: replacement)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        let engine = engine()
        #expect(engine.plugins.errors == [])
        let error = #expect(throws: EngineError.self) {
            try Scoring(answers("1", "1"), "basic::equality", engine: engine)
        }
        #expect(
            error?.message.contains("\(plugin): its manifest does not match this file: \(message)") == true,
            "\(error as Any)")
    }

    @Test(
        "a broken manifest is named with the place in it",
        arguments: [
            ("{", "line 1, column 2: "), ("{}", "/manifest: found nothing; expected 1, the version of manifests"),
            (#"{"manifest": 1, "abi": "1"}"#, #"/abi: found "1"; expected a version such as "1.1""#),
            (
                #"{"manifest": 1, "abi": "1.1", "id": "a", "version": "", "description": "", "scorers": [{"concurrency": "x"}]}"#,
                #"/scorers/0/concurrency: found "x"; expected "parallel", "instance-serial" or "process-serial""#
            ),
        ])
    func broken(text: String, message: String) throws {
        defer { remove() }
        try text.write(toFile: "\(folder)/mine.plugin.json", atomically: false, encoding: .utf8)
        let errors = engine().plugins.errors
        #expect(errors.count == 1)
        #expect(errors.first?.path == "\(folder)/mine.plugin.json")
        #expect(errors.first?.message.hasPrefix(message) == true, "\(errors)")
    }
}

@Suite("The list of trusted plugins")
struct PluginTrustListTests {
    private let folder = NSTemporaryDirectory() + "assay-trust-" + UUID().uuidString
    private var plugin: String { "\(folder)/mine.so" }
    private var list: String { "\(folder)/config/assay/trusted-plugins" }

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(pluginFolder)/libbasic.so", toPath: plugin)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private func engine(log: @escaping HostLog = { _, _, _ in }) throws -> Engine {
        var isolation = PluginIsolation()
        let trusted = try PluginTrustList(list)
        isolation.trust = { trusted.check(for: $0) }
        return Engine(
            functionFolders: ["\(packageFolder)/scoring_fns"], pluginFolders: [folder], isolation: isolation, log: log)
    }

    @Test("a plugin on the list runs in the process, and scores; once it has changed, it runs in a worker")
    func trusted() throws {
        defer { remove() }
        #expect(try engine().plugins["basic"]?.place == .worker)
        var trusted = try PluginTrustList(list)
        #expect(try trusted.add(plugin) == plugin)
        let engine = try engine()
        #expect(engine.plugins["basic"]?.place == .host)
        #expect(engine.plugins["basic"]?.path == plugin)
        #expect(try Scoring(answers("\"a b\"", "\"a\""), "basic::subset_of", engine: engine).counts.scored == 1)

        let file = try #require(FileHandle(forWritingAtPath: plugin))
        try file.seekToEnd()
        try file.write(contentsOf: Data([0]))
        let log = Lines()
        #expect(try self.engine(log: log.take).plugins["basic"]?.place == .worker)
        #expect(log.all == ["\(plugin): it has changed since it was trusted, so it runs in a worker process"])
    }

    @Test("a plugin is found by its real path, in a file that sha256sum wrote or this did")
    func realPath() throws {
        defer { remove() }
        var trusted = try PluginTrustList(list)
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: plugin)
        #expect(try trusted.add("\(folder)/link") == plugin)
        #expect(try engine().plugins["basic"]?.place == .host)
        let text = try String(contentsOfFile: list, encoding: .utf8)
        #expect(text.hasSuffix("  \(plugin)\n") && text.count == 64 + 2 + plugin.count + 1)
        let attributes = try FileManager.default.attributesOfItem(atPath: list)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try trusted.remove(plugin))
        #expect(try !trusted.remove(plugin))
        #expect(try engine().plugins["basic"]?.place == .worker)
        // By hand, with a path that is not resolved, and a comment.
        let line = "# mine\n\n\(text.prefix(64).uppercased()) *\(folder)/link\n"
        try line.write(toFile: list, atomically: false, encoding: .utf8)
        #expect(try engine().plugins["basic"]?.place == .host)
    }

    @Test("a list or folder that others can write to is refused", arguments: [0o620, 0o602, 0o666])
    func writable(mode: Int) throws {
        defer { remove() }
        var trusted = try PluginTrustList(list)
        _ = try trusted.add(plugin)
        chmod(list, mode_t(mode))
        let error = #expect(throws: PluginTrustList.Refusal.self) { try PluginTrustList(list) }
        #expect(
            error?.description
                == "\(list): the list can be written by other users; prevent that with chmod go-w; no plugin "
                + "is trusted because of it")
        chmod(list, 0o600)
        chmod("\(folder)/config/assay", 0o777)
        #expect(throws: PluginTrustList.Refusal.self) { try PluginTrustList(list) }
        chmod("\(folder)/config/assay", 0o700)
        #expect(throws: Never.self) { try PluginTrustList(list) }
    }

    @Test("a list of another user's is refused", .enabled(if: geteuid() == 0, "only root can give a file away"))
    func owner() throws {
        defer { remove() }
        var trusted = try PluginTrustList(list)
        _ = try trusted.add(plugin)
        chown(list, 65534, 65534)
        let error = #expect(throws: PluginTrustList.Refusal.self) { try PluginTrustList(list) }
        #expect(error?.description.contains("the list belongs to another user") == true)
    }

    @Test(
        "a line that is none is named",
        arguments: ["hello", "00  /a.so", String(repeating: "g", count: 64) + "  /a.so"])
    func broken(line: String) throws {
        defer { remove() }
        var trusted = try PluginTrustList(list)
        _ = try trusted.add(plugin)
        try "# fine\n\(line)\n".write(toFile: list, atomically: false, encoding: .utf8)
        let error = #expect(throws: PluginTrustList.Refusal.self) { try PluginTrustList(list) }
        #expect(error?.description.hasPrefix("\(list): line 2: expected a SHA-256, two spaces and a path") == true)
    }

    @Test("what is no plugin is not put on the list")
    func noPlugin() throws {
        defer { remove() }
        var trusted = try PluginTrustList(list)
        try "text".write(toFile: "\(folder)/text.so", atomically: false, encoding: .utf8)
        #expect(throws: PluginTrustList.Refusal.self) { try trusted.add("\(folder)/text.so") }
        #expect(throws: PluginTrustList.Refusal.self) { try trusted.add("\(folder)/none.so") }
    }
}

/// Lines of a log.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    var take: HostLog { { _, plugin, message in self.lines.withLock { $0.append("\(plugin): \(message)") } } }
}
