import Datasets
import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

@Suite("Text metrics have the values of sacrebleu, rouge-score and SQuAD")
struct TextMetricsTests {
    /// How the reference's configurations are written as parameters.
    static let bleu: [(String, JSONObject)] = [
        ("bleu_13a", [:]), ("bleu_13a_lc", ["lowercase": true]), ("bleu_intl", ["tokenize": "intl"]),
        ("bleu_char", ["tokenize": "char"]), ("bleu_zh", ["tokenize": "zh"]), ("bleu_none", ["tokenize": "none"]),
        ("bleu_13a_floor", ["smooth_method": "floor"]), ("bleu_13a_addk", ["smooth_method": "add-k"]),
        ("bleu_13a_nosmooth", ["smooth_method": "none"]), ("bleu_2", ["max_ngram_order": 2]),
    ]
    static let chrf: [(String, JSONObject)] = [
        ("chrf", [:]), ("chrf_pp", ["word_order": 2]), ("chrf_eps", ["eps_smoothing": true]),
        ("chrf_ws", ["whitespace": true]), ("chrf_lc", ["lowercase": true]), ("chrf_b1", ["beta": 1]),
    ]
    static let ter: [(String, JSONObject)] = [
        ("ter", [:]), ("ter_norm", ["normalized": true]),
        ("ter_nopunct_asian", ["normalized": true, "no_punct": true, "asian_support": true]),
        ("ter_case", ["case_sensitive": true]),
    ]

    private static func rows() throws -> [JSONValue] {
        try dataLines("text/text_metrics.jsonl").map { try JSONValue(parsing: $0) }
    }

    private static func lines(_ rows: [JSONValue]) -> String {
        rows.map { row in
            let line: JSONValue = [
                "generated_answer": row["generated_answer"] ?? .null, "expected_answer": row["references"] ?? .null,
            ]
            return line.text + "\n"
        }.joined()
    }

    private func compare(_ found: JSONValue?, _ wanted: JSONValue?, _ name: String) {
        guard let wanted = wanted?.number?.double, let found = found?.number?.double else {
            Issue.record("\(name): found \(found?.text ?? "nothing"), expected \(wanted?.text ?? "nothing")")
            return
        }
        #expect(abs(found - wanted) <= 1e-9 * max(1, abs(wanted)), "\(name)")
    }

    private func check(
        _ function: String, _ parameters: JSONObject, _ rows: [JSONValue], _ wanted: (JSONValue) -> JSONValue?
    ) throws {
        let verdicts = try Scoring(Self.lines(rows), function, parameters).verdicts
        try #require(verdicts.count == rows.count)
        for (row, verdict) in zip(rows, verdicts) {
            compare(
                verdict["score"], wanted(row),
                "\(row["id"]?.text ?? ""): \(function) \(JSONValue.object(parameters).text)")
        }
    }

    @Test("BLEU of each row", arguments: bleu.indices)
    func bleuRows(index: Int) throws {
        let (name, parameters) = Self.bleu[index]
        let rows = try Self.rows()
        #expect(rows.count == 329)
        try check("text::bleu", parameters, rows) { $0["bleu_sentence"]?[name] }
    }

    @Test("chrF of each row", arguments: chrf.indices)
    func chrfRows(index: Int) throws {
        let (name, parameters) = Self.chrf[index]
        try check("text::chrf", parameters, try Self.rows()) { $0["chrf_sentence"]?[name] }
    }

    @Test("TER of each row", arguments: ter.indices)
    func terRows(index: Int) throws {
        let (name, parameters) = Self.ter[index]
        try check("text::ter", parameters, try Self.rows()) { $0["ter_sentence"]?[name] }
    }

    @Test("ROUGE of each row, without and with the stemmer", arguments: [("plain", false), ("stem", true)])
    func rougeRows(name: String, stems: Bool) throws {
        let rows = try Self.rows()
        let types = ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"]
        let parameters: JSONObject = ["types": .array(types.map { .string($0) }), "use_stemmer": .bool(stems)]
        let verdicts = try Scoring(Self.lines(rows), "text::rouge", parameters).verdicts
        try #require(verdicts.count == rows.count)
        for (row, verdict) in zip(rows, verdicts) {
            for type in types {
                let wanted = row["rouge"]?[name]?[type]?.array ?? []
                for (index, measure) in ["precision", "recall", "fmeasure"].enumerated() {
                    compare(
                        verdict[type]?[measure], index < wanted.count ? wanted[index] : nil,
                        "\(row["id"]?.text ?? ""): \(type) \(measure)")
                }
            }
        }
    }

    @Test("F1 and exact match of each row")
    func answerRows() throws {
        let rows = try Self.rows()
        try check("text::f1", [:], rows) { $0["f1"] }
        try check("text::exact_match", [:], rows) { $0["em"] }
    }

    // MARK: Corpora

    private func aggregate(_ rows: [JSONValue], _ function: String, _ parameters: JSONObject, _ name: String) throws
        -> JSONValue
    {
        let results = try Scoring(Self.lines(rows), function, parameters).results
        return try #require(results[function]?.json["aggregated_results"]?[name])
    }

    @Test("corpus scores are those of sacrebleu, which are not the means of the rows' scores")
    func corpora() throws {
        let rows = try Self.rows()
        let corpora = try dataLines("text/text_corpora.jsonl").map { try JSONValue(parsing: $0) }
        #expect(corpora.count == 20)
        for corpus in corpora {
            let group = rows.filter { $0["group"] == corpus["group"] }
            #expect(group.count == corpus["segments"]?.number?.int)
            let place = corpus["group"]?.string ?? ""
            for (name, parameters) in Self.bleu {
                let found = try aggregate(group, "text::bleu", parameters, "corpus_bleu")
                let wanted = corpus["bleu"]?[name]
                compare(found["corpus_bleu"], wanted?["score"], "\(place): \(name)")
                compare(found["brevity_penalty"], wanted?["bp"], "\(place): \(name)")
                compare(found["hypothesis_length"], wanted?["sys_len"], "\(place): \(name)")
                compare(found["reference_length"], wanted?["ref_len"], "\(place): \(name)")
                let precisions = wanted?["precisions"]?.array ?? []
                for (index, precision) in precisions.enumerated() {
                    compare(found["precisions"]?.array?[index], precision, "\(place): \(name)")
                }
            }
            for (name, parameters) in Self.chrf {
                let found = try aggregate(group, "text::chrf", parameters, "corpus_chrf")
                compare(found["corpus_chrf"], corpus["chrf"]?[name], "\(place): \(name)")
            }
            for (name, parameters) in Self.ter {
                let found = try aggregate(group, "text::ter", parameters, "corpus_ter")
                compare(found["corpus_ter"], corpus["ter"]?[name]?["score"], "\(place): \(name)")
                compare(found["edits"], corpus["ter"]?[name]?["num_edits"], "\(place): \(name)")
                compare(found["reference_length"], corpus["ter"]?[name]?["ref_length"], "\(place): \(name)")
            }
        }
    }

    @Test("signatures are sacrebleu's")
    func signatures() throws {
        func row(_ references: [String]) -> JSONValue {
            ["generated_answer": "a b", "references": .array(references.map { .string($0) })]
        }
        let (same, varied) = ([row(["a", "b"]), row(["c", "d"])], [row(["a", "b"]), row(["c"])])
        func signature(_ rows: [JSONValue], _ name: String, _ parameters: JSONObject) throws -> String? {
            try aggregate(rows, "text::\(name)", parameters, "corpus_\(name)")["signature"]?.string
        }
        #expect(try signature(same, "bleu", [:]) == "nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0")
        #expect(
            try signature(varied, "bleu", ["lowercase": true, "tokenize": "intl", "smooth_method": "floor"])
                == "nrefs:var|case:lc|eff:no|tok:intl|smooth:floor[0.10]|version:2.6.0")
        #expect(
            try signature(same, "bleu", ["smooth_method": "add-k", "smooth_value": JSONValue(0.005)])
                == "nrefs:2|case:mixed|eff:no|tok:13a|smooth:add-k[0.01]|version:2.6.0")
        #expect(
            try signature(same, "chrf", ["word_order": 2, "eps_smoothing": true])
                == "nrefs:2|case:mixed|eff:no|nc:6|nw:2|space:no|version:2.6.0")
        #expect(
            try signature(varied, "ter", ["no_punct": true])
                == "nrefs:var|case:lc|tok:tercom|norm:no|punct:no|asian:no|version:2.6.0")
    }

    @Test("corpus scores are the same bytes for any number of jobs and any order of rows", arguments: [1, 2, 7])
    func sameBytes(jobs: Int) throws {
        // Short rows, for TER is slow where it is not optimised.
        let rows = try Self.rows().filter {
            $0.text.utf8.count < 4000 && $0["group"]?.string?.hasPrefix("gsm8k") == false
        }
        let many = (0..<8).flatMap { _ in rows }
        var shuffled = many
        var state: UInt64 = 7
        for index in shuffled.indices.dropFirst().reversed() {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            shuffled.swapAt(index, Int(state >> 33) % (index + 1))
        }
        for function in ["text::bleu", "text::chrf", "text::ter"] {
            func text(_ rows: [JSONValue], jobs: Int) throws -> String? {
                let scoring = try Scoring(Self.lines(rows), function, nil) { $0.jobs = jobs }
                return scoring.results[function]?.json["aggregated_results"]?.text
            }
            let wanted = try text(many, jobs: 1)
            #expect(try text(many, jobs: jobs) == wanted, "\(function)")
            #expect(try text(shuffled, jobs: jobs) == wanted, "\(function)")
        }
    }

    @Test("groups have corpus scores of their own, as if they were scored alone")
    func groups() throws {
        let rows = try Self.rows()
        let lines = rows.map { row in
            var line = JSONObject()
            line["generated_answer"] = row["generated_answer"]
            line["expected_answer"] = row["references"]
            line["group"] = row["group"]
            return JSONValue.object(line).text + "\n"
        }
        let results = try Scoring(lines.joined(), "text::bleu", nil) { $0.groupColumns = ["group"] }.results
        let groups = try #require(results["text::bleu"]?.json["by"]?["group"]?.array)
        #expect(groups.count > 10)
        for group in groups {
            let own = rows.filter { $0["group"] == group["value"] }
            #expect(
                group["aggregated_results"]?["corpus_bleu"] == (try aggregate(own, "text::bleu", [:], "corpus_bleu")))
        }
    }

    @Test("an aggregation that the scorer does not have is refused before anything is scored")
    func unknownAggregation() {
        let error = #expect(throws: EngineError.self) {
            try Scoring(
                "{\"generated_answer\": \"a\", \"expected_answer\": \"a\"}\n", "text::bleu",
                [
                    "aggregation_functions": ["corpus_chrf"]
                ])
        }
        #expect(
            error?.description.contains(
                "/params/aggregation_functions/0: found \"corpus_chrf\"; expected one of accuracy, average, "
                    + "weighted_average, median, categorical_count, corpus_bleu") == true,
            "\(String(describing: error))")
    }
}
