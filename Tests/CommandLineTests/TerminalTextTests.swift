import Foundation
import Testing

@Suite("What is written for people gives no orders to their terminal")
struct TerminalTextTests {
    /// Clears the screen, sets the title, turns the direction of text, and an 8-bit control.
    private static let hostile = "x\u{1B}[2J\u{1B}]0;title\u{07}\u{202E}txt\u{9B}31m"
    /// The same as a JSON string has it.
    private static let escaped = #"x\u001b[2J\u001b]0;title\u0007\u202etxt\u009b31m"#

    /// The characters of a text that a terminal would obey.
    private func orders(in text: String) -> [Unicode.Scalar] {
        text.unicodeScalars.filter { scalar in
            switch scalar.value {
            case 0x0A: false
            case ..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
            default: false
            }
        }
    }

    @Test(
        "in names and values from datasets, definitions and options",
        arguments: [
            ["score", "rows.jsonl", "--fn", "basic::equality"],
            ["score", "rows.jsonl", "--fn", "basic::\(hostile)"],
            [
                "score", "rows.jsonl", "--fn", "basic::equality", "--map", "generated_answer=a", "--map",
                "expected_answer=b", "--by", "c",
            ],
            ["score", "rows.jsonl", "--fn", "basic::equality", "--where", "\(hostile)=1"],
            ["score", "rows.jsonl", "--fn", "test::\(hostile)", "--fn-dir", "functions", "--dry-run", "--no-cache"],
            ["score", "\(hostile).jsonl", "--fn", "basic::equality"],
            ["functions", "list", "--fn-dir", "functions"], ["functions", "show", hostile],
            ["functions", "check", "functions/judge.json"],
            ["score", "rows.jsonl", "--fn", "basic::equality", "--\(hostile)"],
            ["score", "rows.jsonl", "--fn", "basic::equality", "--output", "no/\(hostile)"],
        ])
    func everywhere(arguments: [String]) throws {
        let row =
            #"{"\#(Self.escaped)": "\#(Self.escaped)", "a": "\#(Self.escaped)", "b": "\#(Self.escaped)", "c": "\#(Self.escaped)", "input_query": "\#(Self.escaped)", "generated": "1"}"#
        let judge = ratingJudge.replacing("test::rating", with: "test::\(Self.escaped)")
            .replacing("\"judge_model\": \"fake\"", with: "\"judge_model\": \"\(Self.escaped)\"")
            .replacing("{generated_answer}", with: "{c}")
        let folder = try TemporaryFolder(["rows.jsonl": row + "\n", "functions/judge.json": judge])
        for format in arguments[0] == "score" ? [["--format", "table"], ["--format", "json"]] : [[]] {
            let result = try folder.command(arguments + format).run()
            #expect(orders(in: result.output + result.errors).isEmpty, "\(result.output) \(result.errors)")
            #expect(!(result.output + result.errors).isEmpty)
        }
    }

    @Test("a file that cannot be read is among it")
    func brokenFile() throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": threeRows, "functions/broken.json": "{\"\(Self.escaped)\": \u{1B}",
        ])
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "--fn-dir", "functions")
        #expect(result.errors.contains("warning: "))
        #expect(orders(in: result.errors).isEmpty)
    }

    @Test("nothing else in the program writes for people")
    func onlyWay() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/Sources/assay"
        var files = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            guard name.hasSuffix(".swift"), name != "Terminal.swift" else { continue }
            files += 1
            let text = String(decoding: try TemporaryFolder.contents(of: "\(folder)/\(name)"), as: UTF8.self)
            for way in ["print(", "debugPrint(", "fputs(", "putchar(", "fprintf(", "vprintf(", "FileHandle", "dump("] {
                let uses = text.split(separator: "\n").filter { line in
                    line.contains(way) && !line.contains("func ") && !line.drop { $0 == " " }.hasPrefix("//")
                }
                #expect(uses.isEmpty, "\(name): \(uses)")
            }
            for stream in ["write(STDOUT_FILENO", "write(STDERR_FILENO", "exit(withError"] {
                #expect(!text.contains(stream), "\(name) writes by itself")
            }
        }
        #expect(files > 20)
    }
}
