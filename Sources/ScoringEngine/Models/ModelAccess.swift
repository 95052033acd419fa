import Inference
import Synchronization

/// Creates the inference service when it is first needed: most runs ask no model, and should not open its cache.
final class ModelAccess: Sendable {
    typealias Open = @Sendable () throws(EngineError) -> InferenceService?

    private let open: Open
    private let opened = Mutex<Result<InferenceService?, EngineError>?>(nil)

    init(_ open: @escaping Open) {
        self.open = open
    }

    func service() throws(EngineError) -> InferenceService? {
        let result = opened.withLock { opened in
            if let opened { return opened }
            let result: Result<InferenceService?, EngineError>
            do throws(EngineError) {
                result = .success(try open())
            } catch {
                result = .failure(error)
            }
            opened = result
            return result
        }
        return try result.get()
    }

    func shutDown() async {
        if case .success(let service?) = opened.withLock({ $0 }) { await service.shutDown() }
    }
}
