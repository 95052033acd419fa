import Testing
import Web

@testable import Inference

private let key = "sk-0123456789abcdef"
private let environment: @Sendable (String) -> String? = {
    ["KEY": key, "KEY_FROM_FILE": " \(key)\r\n", "EMPTY": "", "BROKEN": "a\nb", "TEAM": "team-secret"][$0]
}

struct ModelCatalogTests {
    private func catalog(
        _ models: ModelConfiguration..., endpoint: ModelCatalog.DefaultEndpoint? = nil
    ) -> ModelCatalog {
        ModelCatalog(models, defaultEndpoint: endpoint, environment: environment)
    }

    @Test("a configured model goes before the default endpoint, which knows every other name")
    func finding() throws {
        let catalog = catalog(
            ModelConfiguration(id: "judge", url: "http://a", model: "org/J"), endpoint: .init(url: "http://b"))
        let judge = try catalog.find("judge")
        #expect((judge.id, judge.name, judge.url) == ("judge", "org/J", "http://a/v1"))
        let other = try catalog.find("org/Other")
        #expect((other.id, other.name, other.url) == ("org/Other", "org/Other", "http://b/v1"))
        #expect(other.description == #"model "org/Other" at http://b/v1"#)
    }

    @Test("the server of agents is found if it is configured, by its own URL and with its own key")
    func agents() throws {
        let configuration = ModelConfiguration(id: "agents", url: "http://a:8321", apiKeyVariable: "KEY")
        let catalog = ModelCatalog([], agents: configuration, environment: environment)
        let agents = try catalog.agents()
        #expect(agents.description == "the agents' server at http://a:8321/v1")
        #expect(agents.headers.map(\.value.value) == ["Bearer " + key])
        let others = try catalog.reading(["KEY": "sk-of-the-client"]).agents()
        #expect(others.headers.map(\.value.value) == ["Bearer sk-of-the-client"])
        #expect(throws: InferenceError.self) { try catalog.find("agents") }

        let none = ModelCatalog([ModelConfiguration(id: "agents", url: "http://b")], environment: environment)
        let error = try #require(throws: InferenceError.self) { _ = try none.agents() }
        #expect(error.code == .unknownModel)
        #expect(error.message.contains("--agents-url"))
    }

    @Test("a name that nobody knows is an error that lists the known ones")
    func unknown() throws {
        let catalog = catalog(ModelConfiguration(id: "judge", url: "http://a"))
        let error = try #require(throws: InferenceError.self) { _ = try catalog.find("juge") }
        #expect(error.code == .unknownModel)
        #expect(error.message.hasPrefix(#"the model "juge" is not configured (configured models: judge)"#))
    }

    @Test("the key is read from the environment, line breaks around it are not", arguments: ["KEY", "KEY_FROM_FILE"])
    func keys(_ variable: String) throws {
        let model = try catalog(endpoint: .init(url: "http://b", apiKeyVariable: variable)).find("m")
        #expect(model.headers.map(\.name) == ["Authorization"])
        #expect(model.headers.map(\.value.value) == ["Bearer " + key])
    }

    @Test("a header of one's own goes before the key's")
    func ownAuthorization() throws {
        let model = try catalog(
            ModelConfiguration(
                id: "m", url: "http://b", apiKeyVariable: "KEY",
                headers: [.init(name: "authorization", value: .environment("TEAM"))])
        ).find("m")
        #expect(model.headers.map(\.value.value) == ["team-secret"])
    }

    @Test(
        "what cannot be used is an error that names the model and the variable",
        arguments: [
            (ModelConfiguration(id: "m", url: "file:///x"), "its URL does not start with http:// or https://"),
            (
                ModelConfiguration(id: "m", url: "http://h", apiKeyVariable: "NONE"),
                "the environment variable NONE, which its configuration names, is not set"
            ),
            (
                ModelConfiguration(id: "m", url: "http://h", apiKeyVariable: "EMPTY"),
                "the environment variable EMPTY, which its configuration names, is not set"
            ),
            (
                ModelConfiguration(
                    id: "m", url: "http://h", headers: [.init(name: "X", value: .environment("BROKEN"))]),
                "the environment variable BROKEN contains a character that is not allowed in an HTTP header"
            ),
            (
                ModelConfiguration(id: "m", url: "http://h", headers: [.init(name: "X Y", value: .literal("z"))]),
                #""X Y" cannot be the name of an HTTP header"#
            ),
            (
                ModelConfiguration(id: "m", url: "http://h", headers: [.init(name: "X", value: .literal("a\nb"))]),
                "the header X contains a character that is not allowed in an HTTP header"
            ),
        ])
    func faults(_ configuration: ModelConfiguration, message: String) throws {
        let error = try #require(throws: InferenceError.self) { _ = try catalog(configuration).find("m") }
        #expect(error.code == .invalidModel)
        #expect(error.message == "model \"m\": " + message)
    }

    @Test("no description and no dump of a model shows a secret")
    func hiding() throws {
        let model = try catalog(
            ModelConfiguration(
                id: "m", url: "http://me:pass-word@h/v1", apiKeyVariable: "KEY",
                headers: [.init(name: "X-Team", value: .environment("TEAM"))])
        ).find("m")
        var dumped = ""
        dump(model, to: &dumped)
        for text in [dumped, String(reflecting: model), "\(model)", "\(model.headers)", "\(model.redaction)"] {
            for secret in [key, "team-secret", "pass-word"] { #expect(!text.contains(secret)) }
        }
        #expect(dumped.contains("[redacted]"))
    }

    @Test(
        "secrets are taken out of texts wherever they stand",
        arguments: [
            ("", ""), ("nothing here", "nothing here"), ("long/secret", "[redacted]"),
            (#"a long\/secret!"#, "a [redacted]!"), (#"a "quo\te"-key"#, "a [redacted]"),
            (#"a \"quo\\te\"-key"#, "a [redacted]"),
            ("long/secret-er long/secret", "[redacted] [redacted]"), ("abc", "abc"),
            ("long/secrelong/secretlong/secre", "long/secre[redacted]long/secre"),
        ])
    func redaction(_ text: String, clean: String) {
        let redaction = Redaction(["long/secret", "long/secret-er", "abc", #""quo\te"-key"#].map { Secret($0) })
        #expect(redaction(text) == clean)
    }
}
