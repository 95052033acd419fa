import Store
import Testing

@testable import Inference

struct ReplyIdentityTests {
    private func key(
        id: String = "j", url: String = "http://h/v1", model: String = "m", header: String = "x", secret: String = "s",
        request: InferenceRequest = InferenceRequest(body: "{}")
    ) throws -> ReplyKey {
        let configuration = ModelConfiguration(
            id: id, url: url, model: model, apiKeyVariable: "KEY",
            headers: [
                .init(name: "X-Literal", value: .literal(header)), .init(name: "X-Secret", value: .environment("KEY")),
            ])
        let catalog = ModelCatalog([configuration], environment: { _ in secret })
        return ReplyKey(request, of: try catalog.find(id))
    }

    @Test("everything that could change a reply makes another key")
    func differences() throws {
        let keys = [
            try key(), try key(id: "k"), try key(url: "http://i/v1"), try key(url: "http://h/v1?x"),
            try key(model: "n"),
            try key(header: "y"), try key(request: InferenceRequest(body: "{ }")),
            try key(request: InferenceRequest(operation: .completion, body: "{}")),
            try key(request: InferenceRequest(body: "{}", sample: 1)), try key(id: "jm", model: ""),
        ]
        #expect(Set(keys).count == keys.count)
    }

    @Test("secrets do not, nor how the URL is written")
    func equalities() throws {
        #expect(try key(secret: "other") == key())
        #expect(try key(url: "HTTP://me:pass@H") == key())
    }
}
