import Concurrency
import Glibc
import JSON
import ScoringEngine

/// Scores with many threads, and cancels some of the runs: a program for ThreadSanitizer,
/// which ends at its start in the executables of the tests.
///
///     thread-check [ROUNDS]
///
/// `.ci/nightly` builds it with `--sanitize=thread`. The plugins lie beside it.
@main
struct ThreadCheck {
    static func main() throws {
        let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 5
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let folder = try Self.folder()
        let rows = (0..<4000).map { row -> JSONValue in
            [
                "generated_answer": .string("Answer: \(["A", "B", "C"][row % 3]), it is \(row)"),
                "expected_answer": .string("\(["A", "B", "C"][row % 2])"), "id": JSONValue(row),
            ]
        }
        let engine = Engine(functionFolders: ["\(root)/scoring_fns"], pluginFolders: [folder])
        for round in 0..<rounds { try check(engine, rows, round) }
        print("\(rounds) rounds")
    }

    private static func folder() throws -> String {
        guard let path = realpath("/proc/self/exe", nil) else { throw Failure(description: "no /proc") }
        defer { free(path) }
        return String(cString: path).split(separator: "/").dropLast().map { "/\($0)" }.joined()
    }

    /// Runs on the same rows side by side give the same; one of them is cancelled.
    private static func check(_ engine: Engine, _ rows: [JSONValue], _ round: Int) throws {
        let ends = Monitor([Int: String]())
        let threads = try (0..<4).map { number in
            try startThread {
                let cancellation = Cancellation()
                if number == 3 {
                    let thread = try? startThread {
                        usleep(UInt32(1000 * round))
                        cancellation.cancel()
                    }
                    if let thread { pthread_detach(thread) }
                }
                var request = ScoringRequest(
                    Dataset(rows: rows),
                    functions: [
                        "basic::equality": nil, "basic::subset_of": nil,
                        "basic::regex_parser_multiple_choice_answer": nil, "basic::multiple_choice": nil,
                    ])
                request.jobs = 1 + number
                request.keepsDistribution = true
                let results = try? engine.score(
                    request, sink: { _ in }, progress: RunProgress(), cancellation: cancellation)
                let text = number == 3 ? "" : results?.json.text ?? "it failed"
                ends.update { $0[number] = text }
            }
        }
        for thread in threads { pthread_join(thread, nil) }
        let texts = ends.update { $0 }
        guard texts.count == 4, texts[0] == texts[1], texts[0] == texts[2], texts[0] != "it failed" else {
            throw Failure(description: "the results depend on the number of threads: \(texts)")
        }
    }
}

private struct Failure: Error, CustomStringConvertible {
    var description: String
}
