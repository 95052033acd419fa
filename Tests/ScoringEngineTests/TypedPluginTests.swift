import Foundation
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions
import Testing

@testable import ScoringEngine

@Suite("Anyone's plugin reads and gives values of all types")
struct TypedPluginTests {
    private let engine: Engine

    init() throws {
        let folder = NSTemporaryDirectory() + "typed-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = [
            "cc", "-std=c11", "-Wall", "-shared", "-fPIC", "-I\(packageFolder)/Sources/CScorerPlugin/include",
            "-o", "\(folder)/typed.so", "\(packageFolder)/Tests/ScoringEngineTests/Data/typed.c",
        ]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        let kinds = [
            ("cells", "number"), ("integer", "number"), ("boolean", "boolean"), ("text", "string"), ("json", "json"),
        ]
        for (name, type) in kinds {
            let definition = """
                {"identifier": "typed::\(name)", "provider_id": "org.example.typed", "provider_resource_id": "\(name)",
                 "return_type": {"type": "\(type)"}, "params": {"type": "basic", "aggregation_functions":
                 ["average", "weighted_average", "categorical_count"]}}
                """
            try definition.write(toFile: "\(folder)/\(name).json", atomically: false, encoding: .utf8)
        }
        engine = Engine(functionFolders: [folder], pluginFolders: [folder])
        try #require(engine.definitions.errors == [] && engine.plugins.errors == [])
    }

    private static let cells: [(row: String, verdict: String)] = [
        (
            #"{"text": "a\u00e9", "number": 2, "list": ["x", "", "y"], "flag": true}"#,
            #"{"score": 4.0, "weight": 2.0, "text": "aé", "joined": "<x><><y>", "json": {"flag": true}}"#
        ),
        (
            #"{"flag": false}"#,
            #"{"score": 1.0, "weight": null, "text": null, "joined": null, "json": false}"#
        ),
        (
            #"{"text": null, "number": "2", "list": [], "flag": false}"#,
            #"{"score": 2.0, "weight": null, "text": null, "joined": "", "json": false}"#
        ),
        (
            #"{"text": 7, "number": null, "list": null, "flag": true}"#,
            #"{"score": 2.0, "weight": null, "text": "7", "joined": null, "json": {"flag": true}}"#
        ),
        (
            #"{"text": ["a"], "flag": true}"#,
            Verdict.inputError(#"column "text" is not a text value but an array: ["a"]; strings inside it: text[0]"#)
        ),
        (#"{"list": ["a", 1], "flag": true}"#, Verdict.inputError(#"column "list" is not a list of text value"#)),
        (#"{"number": 1}"#, Verdict.inputError(#"the row has no column "flag""#)),
        (#"{"number": 1, "flag": "true"}"#, Verdict.inputError(#"column "flag" is not a bool value"#)),
        ("x", Verdict.inputError("line 9: not a JSON object: the line holds something else (byte 1)")),
        (
            #"{"number": 0.5, "list": ["z"], "flag": true}"#,
            #"{"score": 3.0, "weight": 0.5, "text": null, "joined": "<z>", "json": {"flag": true}}"#
        ),
    ]

    @Test("optional, lenient and list columns, whether or not other rows are held back")
    func cells() throws {
        let whole = try Scoring(Self.cells.map { $0.row + "\n" }.joined(), "typed::cells", engine: engine)
        let verdicts = try whole.verdicts
        try #require(verdicts.count == Self.cells.count)
        for (verdict, expected) in zip(verdicts, Self.cells) { #expect(verdict.text == expected.verdict) }
        let good = Self.cells.filter { $0.verdict.hasPrefix(#"{"score": null"#) == false }
        let clean = try Scoring(good.map { $0.row + "\n" }.joined(), "typed::cells", engine: engine)
        #expect(try clean.verdicts.map(\.text) == good.map(\.verdict))
    }

    @Test("each row's results stand on one line, whatever a scorer gives")
    func oneLine() throws {
        let scoring = try Scoring(
            "{\"flag\": true, \"text\": \"two lines\"}\n{\"flag\": true}\n", "typed::cells", engine: engine)
        #expect(scoring.output.lines.count == 2)
        for line in scoring.output.lines { #expect(throws: Never.self) { try JSONValue(parsing: line) } }
    }

    @Test("cells that the text lines of many batches hold are those of their rows")
    func manyRows() throws {
        let rows = (0..<3000).map { row in
            row % 7 == 3
                ? "{\"text\": \"\(row)\"}\n"
                : "{\"text\": \"\(row)\", \"list\": "
                    + "[\((0..<row % 3).map { "\"\(row)-\($0)\"" }.joined(separator: ", "))], \"number\": \(row), "
                    + "\"flag\": true}\n"
        }
        let scoring = try Scoring(rows.joined(), "typed::cells", engine: engine) { $0.jobs = 2 }
        let verdicts = try scoring.verdicts
        try #require(verdicts.count == 3000)
        for (row, verdict) in verdicts.enumerated() {
            if row % 7 == 3 {
                #expect(verdict["outcome"] == "input_error")
            } else {
                #expect(verdict["text"] == .string("\(row)"))
                #expect(verdict["weight"] == JSONValue(Double(row)))
                #expect(verdict["joined"] == .string((0..<row % 3).map { "<\(row)-\($0)>" }.joined()))
            }
        }
    }

    @Test(
        "scores of every type are written and aggregated",
        arguments: [
            (
                "integer", #"{"score": 3}"#, #"{"score": 2}"#,
                #"{"average": {"average": 2.5}, "weighted_average": null, "categorical_count": "#
                    + #"{"categorical_count": {"2.0": 1, "3.0": 1}}}"#
            ),
            (
                "boolean", #"{"score": true}"#, #"{"score": false}"#,
                #"{"average": {"average": 0.5}, "weighted_average": null, "categorical_count": "#
                    + #"{"categorical_count": {"False": 1, "True": 1}}}"#
            ),
            (
                "text", #"{"score": "1\"5"}"#, #"{"score": "22"}"#,
                #"{"average": null, "weighted_average": null, "categorical_count": {"categorical_count": "#
                    + #"{"1\"5": 1, "22": 1}}}"#
            ),
            (
                "json", #"{"score": [1, {"a": null}]}"#, #"{"score": "22"}"#,
                #"{"average": null, "weighted_average": null, "categorical_count": {"categorical_count": "#
                    + #"{"\"22\"": 1, "[1, {\"a\": null}]": 1}}}"#
            ),
        ])
    func scoreTypes(scorer: String, first: String, second: String, aggregates: String) throws {
        let rows = #"{"text": "1\"5", "value": [1, {"a": null}]}"# + "\n" + #"{"text": "22", "value": "22"}"# + "\n"
        let scoring = try Scoring(rows, "typed::\(scorer)", engine: engine)
        #expect(try scoring.verdicts.map(\.text) == [first, second])
        #expect(scoring.results["typed::\(scorer)"]?.json["aggregated_results"]?.text == aggregates)
    }

    @Test("weights of rows count in a weighted average")
    func weights() throws {
        let rows = #"{"flag": true, "number": 3}"# + "\n" + #"{"flag": true, "number": 1, "text": "x"}"# + "\n"
        let scoring = try Scoring(rows, "typed::cells", engine: engine)
        #expect(
            scoring.results["typed::cells"]?.json["aggregated_results"]?["weighted_average"]
                == ["weighted_average": JSONValue(2.25)])
    }
}
