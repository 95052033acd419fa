import JSON
import ScoringCore
import ScoringDefinitions
import Testing

struct ShippedDefinitionsTests {
    private let catalog: DefinitionCatalog

    init() {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        catalog = DefinitionCatalog(folders: ["/\(root)/scoring_fns"])
    }

    @Test("the definitions that come with Assay load without a fault")
    func noFaults() {
        #expect(catalog.errors == [])
    }

    @Test(
        "the scoring functions of basic are there",
        arguments: [
            ("basic::equality", "equality", "basic"),
            ("basic::subset_of", "subset-of", "basic"),
            ("basic::bfcl", "bfcl", "basic"),
            ("basic::docvqa", "docvqa", "basic"), ("basic::multiple_choice", "multiple-choice", "basic"),
            ("basic::number", "number", "basic"),
            ("basic::regex_parser_multiple_choice_answer", "regex-parser-multiple-choice-answer", "regex_parser"),
            ("basic::regex_parser_math_response", "regex-parser-math-response", "regex_parser"),
        ])
    func basic(identifier: String, resource: String, type: String) throws {
        let function = try catalog.find(identifier)
        #expect(function.providerID == "basic")
        #expect(function.providerResourceID == resource)
        #expect(function.returnType.kind == .number)
        #expect(function.aggregationFunctions == [.accuracy])
        #expect(function.params["type"] == .string(type))
        #expect(!function.description.isEmpty)
    }

    @Test("instructions are averaged by their number")
    func ifeval() throws {
        #expect(try catalog.find("basic::ifeval").aggregationFunctions == [.weightedAverage])
    }

    @Test(
        "the scoring functions of braintrust are there",
        arguments: [
            "exact-match", "json-diff", "levenshtein", "list-contains", "numeric-diff", "valid-json", "factuality",
            "battle",
            "closed-qa", "humor", "security", "possible", "sql", "summary", "translation", "answer-similarity",
            "answer-correctness", "answer-relevancy", "faithfulness", "context-recall", "context-precision",
            "context-relevancy", "context-entity-recall", "embedding-similarity", "moderation",
        ])
    func braintrust(name: String) throws {
        let function = try catalog.find("braintrust::\(name)")
        #expect(function.providerID == "braintrust" && function.providerResourceID == name)
        #expect(function.aggregationFunctions == [.average])
    }

    @Test("the multiple-choice function knows its phrases in their order")
    func multipleChoice() throws {
        let function = try catalog.find("basic::regex_parser_multiple_choice_answer")
        let regexes = try #require(function.params["parsing_regexes"]?.array)
        let letters = #"\s*([A-D]|[أ-د]|[অ]|[ব]|[ড]|[ঢ]|[Ａ]|[Ｂ]|[Ｃ]|[Ｄ])"#
        #expect(regexes.count == 42)
        #expect(regexes.first == .string("(?i)The best answer is " + letters))
        #expect(regexes.dropFirst().first == .string(#"(?i)Answer\s*:"# + letters))
        #expect(regexes.last == .string(#"(?i)Àṣàyàn\s*:"# + letters))
    }

    @Test("the math function has its one regular expression")
    func math() throws {
        let regexes = try #require(catalog["basic::regex_parser_math_response"]?.params["parsing_regexes"])
        #expect(regexes == [#".*final answer is:?\s*\$\\boxed{(?P<X>.*)}\$"#])
    }
}
