import FakeModel
import Glibc
import Inference
import Store
import Testing

/// A run against a fake server: how it is set up, and a session in it.
struct ModelRun {
    var variables: [String: String] = [:]
    var configuration = ModelConfiguration(id: "m", url: "")
    /// Whether the model is a server of agents instead of `m`.
    var asksAgents = false
    var overrides = LimitOverrides(timeout: .seconds(20))
    var cache: ReplyCache?
    var limits = BudgetLimits()
    var log: @Sendable (String) -> Void = { _ in }

    /// Runs `body` with a session and the model `m` at `url`, and ends the connections after it.
    func callAsFunction<Value: Sendable>(
        _ url: String, _ body: (InferenceSession, Model) async throws -> Value
    ) async throws -> Value {
        var configuration = configuration
        configuration.url = url
        let environment: @Sendable (String) -> String? = { [variables] in variables[$0] }
        let catalog = ModelCatalog([configuration], agents: configuration, environment: environment)
        let service = InferenceService(
            catalog: catalog, cache: cache, overrides: overrides, userAgent: "assay/test", environment: environment,
            log: log)
        let result: Result<Value, any Error>
        do {
            let model = try asksAgents ? catalog.agents() : catalog.find("m")
            result = .success(try await body(service.session(limits: limits), model))
        } catch {
            result = .failure(error)
        }
        await service.shutDown()
        return try result.get()
    }
}

/// A chat request whose user says `text`, which holds nothing that JSON would have to escape.
func chat(_ text: String, _ more: String = "") -> InferenceRequest {
    InferenceRequest(body: #"{"messages": [{"role": "user", "content": "\#(text)"}]\#(more)}"#)
}

/// A request for a turn in which an agent called `name` is told `text`; neither holds what JSON would have to escape.
func turn(_ text: String, of name: String = "one", _ more: String = "") -> InferenceRequest {
    let configuration = #"{"model": "m", "instructions": "You are \#(name).", "toolgroups": ["builtin::rag"]\#(more)}"#
    return InferenceRequest(
        operation: .agentTurn,
        body: #"{"agent_config": \#(configuration), "messages": [{"role": "user", "content": "\#(text)"}]}"#)
}

extension InferenceSession {
    /// Asks, and returns either the answer or the error.
    func result(of request: InferenceRequest, _ model: Model) async -> Result<InferenceReply, InferenceError> {
        do throws(InferenceError) {
            return .success(try await ask(request, of: model, for: "f"))
        } catch {
            return .failure(error)
        }
    }

    /// Asks, and returns the answer's text.
    func text(of request: InferenceRequest, _ model: Model) async throws -> String {
        try await ask(request, of: model, for: "f").text
    }

    /// Asks `count` different questions at once.
    func results(_ count: Int, _ model: Model, _ more: String = "") async -> [Result<InferenceReply, InferenceError>] {
        await results((0..<count).map { chat("question \($0)", more) }, model)
    }

    /// Asks all at once.
    func results(
        _ requests: [InferenceRequest], _ model: Model
    ) async -> [Result<InferenceReply, InferenceError>] {
        await withTaskGroup { group in
            for request in requests { group.addTask { await self.result(of: request, model) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }
}

extension [Result<InferenceReply, InferenceError>] {
    var answers: [InferenceReply] { compactMap { try? $0.get() } }
    func failures(_ code: InferenceError.Code) -> Int { count { $0.error?.code == code } }
}

extension Result where Failure == InferenceError {
    var error: InferenceError? { if case .failure(let error) = self { error } else { nil } }
}

/// A new folder, removed with the files in it when nobody needs it any more.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/inference-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    func write(_ text: String, to name: String) throws {
        let file = try #require(fopen("\(path)/\(name)", "w"))
        fwrite(text, 1, text.utf8.count, file)
        fclose(file)
    }

    /// The bytes of all files.
    func contents() throws -> [UInt8] {
        try names.flatMap { name in
            let file = try #require(fopen("\(path)/\(name)", "r"))
            defer { fclose(file) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
            return bytes
        }
    }

    private var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
