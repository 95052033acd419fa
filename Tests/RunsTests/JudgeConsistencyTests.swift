import JSON
import TestSupport
import Testing

@testable import Runs
@testable import Statistics

@Suite("Judges against themselves") struct JudgeConsistencyTests {
    private func run(_ folder: TemporaryFolder, _ rows: [JSONValue]) throws -> SavedRun {
        try write(rows.map { $0.text + "\n" }.joined(), to: "\(folder.path)/judged.jsonl")
        return try SavedRun("\(folder.path)/judged.jsonl")
    }

    @Test("Verdicts on both orders: flips, who wins them, and the win rate with half ties")
    func orders() throws {
        let folder = try TemporaryFolder()
        let orders: [[JSONValue]] = [
            ["A", "A"], ["B", "B"], ["A", "B"], ["B", "A"], ["A", "B"], ["tie", "A"], ["A", .null],
        ]
        let run = try run(
            folder,
            orders.enumerated().map { index, orders in
                ["row": JSONValue(index), "scores": ["pair": ["score": "A", "orders": .array(orders)]]]
            })
        let agreement = try Agreement([run], options: AgreementOptions())
        let position = try #require(agreement.consistency.first?.position)
        #expect(position.pairs == 6 && position.oneOrderOnly == 1)
        #expect(position.flips == 4 && position.firstWins == 2 && position.secondWins == 1)
        #expect(position.winRate().value == 0.5)
        #expect(agreement.text.contains("pair with itself: 6 pairs in both orders, 1 in one order only"))
        #expect(try agreement.check(Requirement("pair flip_rate <= 0.5")).map(\.isMet) == [false])
        #expect(agreement.json["consistency"]?["pair"]?["position"]?["flips"] == 4)
    }

    @Test("Rows of one pair in both orders are put together, and verdicts named by the answer")
    func swapColumn() throws {
        let folder = try TemporaryFolder()
        let verdicts = [("A", "B"), ("A", "A"), ("B", "B"), ("tie", "tie")]
        let rows = verdicts.enumerated().flatMap { index, pair in
            [(0, pair.0), (1, pair.1)].map { order, verdict -> JSONValue in
                [
                    "row": JSONValue(2 * index + order), "pair": JSONValue(index), "swapped": .bool(order == 1),
                    "scores": ["judge": ["score": .string(verdict)]],
                ]
            }
        }
        var options = AgreementOptions()
        options.key = ["pair"]
        options.swapColumn = "swapped"
        let position = try #require(
            try Agreement([run(folder, rows)], options: options).consistency.first?.position)
        #expect(position.pairs == 4 && position.flips == 2 && position.firstWins == 1 && position.secondWins == 1)
        #expect(position.reduced == [.a: 1, .tie: 3])
        options.swapColumn = "pair"
        let error = #expect(throws: (any Error).self) { try Agreement([run(folder, rows)], options: options) }
        #expect("\(error as Any)".contains("has 4 values, but a pair has two orders") || error is Refusal)
    }

    @Test("Votes are held against one another")
    func votes() throws {
        let folder = try TemporaryFolder()
        let votes = [[1, 1, 1], [1, 1, 0], [0, 0, 0]]
        let rows = votes.enumerated().map { index, votes -> JSONValue in
            let list = JSONValue.array(votes.map { vote -> JSONValue in ["score": JSONValue(vote)] })
            let judge: JSONValue = ["score": 1, "votes": list]
            return ["row": JSONValue(index), "scores": ["judge": judge]]
        }
        let run = try run(folder, rows)
        var options = AgreementOptions()
        options.comparesVotes = true
        let found = try #require(try Agreement([run], options: options).consistency.first?.votes)
        #expect(found.rows == 3 && found.unanimous == 2)
        let mean = 7.0 / 9
        let agreement = try #require(found.pairwiseAgreement)
        #expect((agreement - mean).magnitude < 1e-15)
    }
}

@Suite("Judges that were checked against people") struct CalibrationTests {
    /// A saved run of a judge, with labels.
    private func run(_ path: String, prompt: String, served: String) throws -> SavedRun {
        var fixture = RunFixture(scores: (0..<40).map { Double($0 % 2) })
        fixture.columns.append("human")
        fixture.rows = fixture.rows.enumerated().map { index, row in
            var row = row.object ?? [:]
            row["human"] = JSONValue(index % 10 == 0 ? 1 - index % 2 : index % 2)
            return .object(row)
        }
        fixture.judge = [
            "model": "judge", "models": .null, "prompt_sha256": .string(prompt), "served": [.string(served)],
        ]
        return try fixture.save(path)
    }

    @Test("An agreement is saved and read, and says whether the judge is the same")
    func saved() throws {
        let folder = try TemporaryFolder()
        let run = try run("\(folder.path)/run", prompt: "1", served: "judge-1")
        var options = AgreementOptions()
        options.labels = "human"
        let json = try #require(try Agreement([run], options: options).calibration(of: [run]))
        try write(json.text, to: "\(folder.path)/calibration.json")
        let calibration = try Calibration("\(folder.path)/calibration.json")
        func judge(_ prompt: String, _ served: String?) -> JSONValue {
            ["model": "judge", "prompt_sha256": .string(prompt), "served": served.map { [.string($0)] } ?? .null]
        }
        #expect(
            calibration.check("f", judge: judge("1", "judge-1")).text.hasPrefix(
                "checked against people: agreement 0.9000"))
        #expect(calibration.check("f", judge: judge("1", nil)).json?["current"] == true)
        let prompt = calibration.check("f", judge: judge("2", "judge-1"))
        #expect(prompt.text.contains("when the judge was another one (the prompt has changed)"))
        let served = calibration.check("f", judge: judge("1", "judge-2"))
        #expect(served.json?["difference"] == #"the model that replies has changed: ["judge-1"], now ["judge-2"]"#)
        #expect(calibration.check("g", judge: judge("1", "judge-1")) == .unchecked)
        #expect(JudgeCheck(served.json) == served)
    }

    @Test("A run of a judge without a calibration is not checked against people; other functions need no check")
    func unchecked() throws {
        let folder = try TemporaryFolder()
        let run = try run("\(folder.path)/run", prompt: "1", served: "judge-1")
        #expect(run.judgeCheck(of: "f") == .unchecked)
        #expect(try RunFixture(scores: [1]).save("\(folder.path)/plain").judgeCheck(of: "f") == nil)
    }

    @Test("A file that holds no agreement is refused", arguments: ["{}", "not JSON", #"{"schema": "assay.run/1"}"#])
    func wrongFile(_ text: String) throws {
        let folder = try TemporaryFolder()
        try write(text, to: "\(folder.path)/file.json")
        let error = #expect(throws: RunError.self) { try Calibration("\(folder.path)/file.json") }
        #expect(error?.message.contains("not an agreement with people") == true)
    }
}

@Suite("Systems that a judge compares in pairs") struct SystemRatingTests {
    /// Rows of verdicts, A against B.
    private func run(_ folder: TemporaryFolder, _ verdicts: [(String, String, JSONValue, Int)]) throws -> SavedRun {
        let rows = verdicts.enumerated().map { index, verdict -> JSONValue in
            [
                "row": JSONValue(index), "model_a": .string(verdict.0), "model_b": .string(verdict.1),
                "question": JSONValue(verdict.3), "generated_answer": "long answer", "baseline_answer": "short",
                "scores": ["judge": ["score": verdict.2, "outcome": "unparsed"]],
            ]
        }
        try write(rows.map { $0.text + "\n" }.joined(), to: "\(folder.path)/judged.jsonl")
        return try SavedRun("\(folder.path)/judged.jsonl")
    }

    private func ratings(_ run: SavedRun) throws -> SystemRatings {
        try SystemRatings(run, function: nil, columns: ("model_a", "model_b"), key: ["question"])
    }

    @Test("Three systems have the ratings that the statistics give, and the length beside them")
    func three() throws {
        let folder = try TemporaryFolder()
        var all: [(String, String, JSONValue, Int)] = []
        for question in 0..<30 {
            all.append(("x", "y", question % 3 == 0 ? "B" : "A", question))
            all.append(("y", "z", question % 4 == 0 ? "B" : "A", question))
            all.append(("z", "x", question % 5 == 0 ? "A" : question % 5 == 1 ? "tie" : "B", question))
        }
        let result = try ratings(try run(folder, all + [("x", "y", .null, 31)]))
        #expect(result.systems == ["x", "y", "z"] && result.verdicts == 90 && result.unscored == 1 && result.ties == 6)
        let places = ["x": 0, "y": 1, "z": 2]
        let expected = BradleyTerry(
            systems: 3,
            all.map { verdict in
                BradleyTerry.Verdict(
                    question: verdict.3, a: places[verdict.0] ?? 0, b: places[verdict.1] ?? 0,
                    winner: PairwiseVerdict(verdict: verdict.2.string ?? ""))
            })
        #expect(result.ratings == expected?.ratings && result.ratings?[0] == 1000)
        #expect(result.errors == expected?.ratingErrors)
        // The longer answer is always A.
        let decided = all.filter { $0.2 != "tie" }
        #expect(result.longerWins?.value == Double(decided.count { $0.2 == "A" }) / Double(decided.count))
        #expect(result.text.contains("90 verdicts on 3 systems, 6 ties; 1 row without a verdict"))
    }

    @Test("Two systems have win rates and no ratings; one that never lost has none either")
    func none() throws {
        let folder = try TemporaryFolder()
        let two = try ratings(try run(folder, [("x", "y", "A", 0), ("y", "x", "A", 1), ("x", "y", "tie", 2)]))
        #expect(two.ratings == nil && two.reason == nil && two.winRates.map(\.value) == [0.5, 0.5])
        let won = try ratings(
            try run(folder, [("x", "y", "A", 0), ("y", "z", "A", 1), ("z", "y", "A", 2), ("x", "z", "A", 3)]))
        #expect(won.ratings == nil && won.reason == "x never lost, so ratings cannot be computed")
    }

    @Test("A row that names one system twice, or whose score is a number, is named")
    func wrongRows() throws {
        let folder = try TemporaryFolder()
        let same = #expect(throws: RunError.self) { try ratings(try run(folder, [("x", "x", "A", 0)])) }
        #expect(same?.message.contains("row 0: \"model_a\" and \"model_b\" must name two systems") == true)
        let number = #expect(throws: RunError.self) { try ratings(try run(folder, [("x", "y", JSONValue(0.5), 0)])) }
        #expect(number?.message.contains("row 0: the score is a number; a verdict is A, B or tie") == true)
    }
}
