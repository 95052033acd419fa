import JSON
import TestSupport
import Testing

@testable import Runs
@testable import Statistics

@Suite("Judges against labels") struct AgreementTests {
    private func rows(_ judgements: [JSONValue], _ labels: [JSONValue]) -> String {
        zip(judgements, labels).enumerated().map { index, pair in
            let row: JSONValue = [
                "row": JSONValue(index), "id": .string("q\(index)"), "human": pair.1,
                "scores": ["judge": pair.0 == .null ? ["score": .null, "outcome": "unparsed"] : ["score": pair.0]],
            ]
            return row.text + "\n"
        }.joined()
    }

    /// 62 no/no, 18 no/yes, 9 yes/no, 111 yes/yes.
    private var example: String {
        let counts: [(JSONValue, JSONValue, Int)] = [
            ("no", "no", 62), ("yes", "no", 18), ("no", "yes", 9), ("yes", "yes", 111), (.null, "yes", 4),
            ("yes", .null, 12),
        ]
        let pairs = counts.flatMap { judge, label, count in Array(repeating: (judge, label), count: count) }
        return rows(pairs.map(\.0), pairs.map(\.1))
    }

    @Test("Agreement, kappa and bias of a judge, and the rows without a label or judgement")
    func labels() throws {
        let folder = try TemporaryFolder()
        try write(example, to: "\(folder.path)/judged.jsonl")
        var options = AgreementOptions()
        options.labels = "human"
        let agreement = try Agreement([SavedRun("\(folder.path)/judged.jsonl")], options: options)
        let pair = try #require(agreement.pairs.first)
        #expect(pair.rows == 200 && pair.unlabelled == 12)
        #expect(pair.unjudged.map(\.outcome) == ["unparsed"] && pair.unjudged.map(\.count) == [4])
        #expect(pair.agreement.value == 0.865)
        #expect(pair.table?.majorityBaseline == 0.6)
        let kappa = try #require(pair.kappa?.value)
        #expect((kappa - 0.7134).magnitude < 0.0001)
        #expect(pair.bias?.difference == 0.045)
        #expect(try #require(pair.bias?.p) - 0.087 < 0.001)
        #expect(pair.disagreementCount == 27)
        #expect(agreement.text.contains("always saying \"yes\" would reach 0.6000"))
    }

    @Test("Labels of a table are joined by the key, and its numbers are numbers")
    func joined() throws {
        let folder = try TemporaryFolder()
        try write(rows([1, 0, 1, 1], [.null, .null, .null, .null]), to: "\(folder.path)/judged.jsonl")
        try write("id,verdict\nq3,1\nq0,1\nq1,1\nq9,0\n", to: "\(folder.path)/labels.csv")
        var options = AgreementOptions()
        options.labels = "\(folder.path)/labels.csv:verdict"
        options.key = ["id"]
        let pair = try #require(
            try Agreement([SavedRun("\(folder.path)/judged.jsonl")], options: options).pairs.first)
        #expect(pair.rows == 3 && pair.unlabelled == 1 && pair.agreement.value == 2.0 / 3)
    }

    @Test("A label that no judgement has is pointed out")
    func strangers() throws {
        let folder = try TemporaryFolder()
        try write(rows(["yes", "no"], ["Yes", "no"]), to: "\(folder.path)/judged.jsonl")
        var options = AgreementOptions()
        options.labels = "human"
        let run = try SavedRun("\(folder.path)/judged.jsonl")
        #expect(try Agreement([run], options: options).warnings.count == 2)
        options.labelMap = [("Yes", "yes")]
        let mapped = try Agreement([run], options: options)
        #expect(mapped.warnings.isEmpty && mapped.pairs.first?.agreement.value == 1)
    }

    @Test("Two runs of one judge are compared with one another, with alpha")
    func judges() throws {
        let folder = try TemporaryFolder()
        try write(rows([3, 4, 5, 1], [.null, .null, .null, .null]), to: "\(folder.path)/one.jsonl")
        try write(rows([3, 4, 4, 1], [.null, .null, .null, .null]), to: "\(folder.path)/two.jsonl")
        let agreement = try Agreement(
            [SavedRun("\(folder.path)/one.jsonl"), SavedRun("\(folder.path)/two.jsonl")], options: AgreementOptions())
        #expect(agreement.alphaLevel == .ordinal)
        #expect(agreement.pairs.first?.weights == .quadratic)
        #expect(try #require(agreement.alpha?.value) > 0.8)
    }

    @Test("One judge without labels has nothing to agree with")
    func alone() throws {
        let folder = try TemporaryFolder()
        try write(rows([1], [1]), to: "\(folder.path)/judged.jsonl")
        #expect(throws: RunError.self) {
            try Agreement([SavedRun("\(folder.path)/judged.jsonl")], options: AgreementOptions())
        }
    }
}
