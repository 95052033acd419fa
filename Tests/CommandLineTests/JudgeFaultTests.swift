import FakeModel
import Glibc
import JSON
import Testing

@Suite("A judge's model that fails costs no row that could be scored")
struct JudgeFaultTests {
    @Test("refusals, errors, dropped connections and stalls: every row is scored, and none asked after its answer")
    func mixedFaults() throws {
        let judging = try Judging(
            rows: 2_000,
            Behaviour.answer("Total rating: 5").mixed(
                seed: 7,
                with: [
                    (0.05, .status(429, retryAfter: .milliseconds(200))), (0.02, .status(500)),
                    (0.005, .drop(.beforeHead)), (0.005, .drop(.inBody)), (0.01, .stall(.beforeHead)),
                ]))
        // Stalls and pauses add up.
        var command = judging.command(["--timeout", "2", "--max-concurrency", "256"])
        command.patience = .seconds(240)
        let result = try command.run()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored") == 2_000)
        let totals = judging.server.totals
        #expect(totals.bodiesAnswered == 2_000)
        #expect(totals.answered == 2_000)
        #expect(totals.askedAgain == 0)
        #expect(totals.requests > 2_000)
        #expect(try judging.verdicts().allSatisfy { $0["score"] == JSONValue(5.0) })
    }

    @Test("a request that the server refuses for good is an error of its row only, and is not asked again")
    func refusedRow() throws {
        let judging = try Judging(
            rows: 30,
            .choosing { request in
                request.prompt?.contains("number 7\n") == true
                    ? .status(400, body: #"{"error": {"message": "prompt too long"}}"#) : .answer("Total rating: 5")
            })
        let result = try judging.score()
        #expect(result.ending == .status(3))
        #expect(try result.rows("scored") == 29)
        #expect(try result.rows("model_error") == 1)
        #expect(judging.server.totals.requests == 30)
        let row = try judging.verdicts()[7]
        #expect(row["score"] == .null && row["outcome"] == "model_error")
        let message = try #require(row["message"]?.string)
        #expect(message.contains("400") && message.contains("prompt too long"), "\(message)")
        // What failed is asked again next time, and nothing else.
        judging.server.behaviour = .answer("Total rating: 5")
        let again = try judging.score()
        #expect(again.ending == .status(0))
        #expect(judging.server.totals.requests == 31)
    }

    @Test("a server that is gone ends the run in seconds, with one message", arguments: ["1", "2"])
    func noServer(jobs: String) throws {
        let judging = try Judging(rows: 3_000, .answer("Total rating: 5"))
        judging.server.stop()
        let result = try judging.score("--jobs", jobs)
        #expect(result.ending == .status(1))
        #expect(result.errors.contains(judging.server.url), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test("a key that the server does not take ends the run after a few requests", arguments: [401, 403, 404])
    func refusedKey(status: Int) throws {
        let judging = try Judging(rows: 3_000, .status(status))
        let result = try judging.score()
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("\(status)"), "\(result.errors)")
        #expect(judging.server.totals.requests < 100)
    }

    @Test("a server that dies in the middle of a run: what was answered is kept, and the next run goes on")
    func serverDies() throws {
        let judging = try Judging(
            rows: 2_000,
            .choosing { request in request.number <= 500 ? .answer("Total rating: 5") : .drop(.beforeHead) })
        let result = try judging.score("--max-retries", "0")
        // Each row's request fails at once, so the rows come to an end before anybody could call the server gone.
        #expect(result.ending == .status(3) || result.ending == .status(1), "\(result.errors)")
        judging.server.behaviour = .answer("Total rating: 5")
        let again = try judging.score()
        #expect(again.ending == .status(0), "\(again.errors)")
        #expect(judging.server.totals.answered == 2_000)
        #expect(judging.server.totals.askedAgain == 0)
    }

    @Test("no key is in any output, error, log or cache, though the server tells it", arguments: [400, 401, 500])
    func secrets(status: Int) throws {
        let key = "sk-very-secret-0123456789"
        let judging = try Judging(
            rows: 4,
            .choosing { request in
                request.number % 2 == 0
                    ? .answer("Your key is \(key). Total rating: 5") : .echoingHeaders(status: status)
            })
        try judging.folder.write(
            """
            {"models": [{"id": "fake", "url": "\(judging.server.url)", "model": "m", "api_key_env": "JUDGE_KEY",
                         "headers": {"X-Team": {"env": "TEAM_KEY"}}}]}
            """, to: "config.json")
        let setup = "export JUDGE_KEY=\(key) TEAM_KEY=team-secret-9876543210"
        let result = try judging.score(
            "--config", "config.json", "--max-retries", "0", "--verbose", "--with-input", setup: setup)
        #expect(judging.server.requests.contains { $0.header("authorization") == "Bearer \(key)" })
        #expect(judging.server.requests.contains { $0.header("x-team") == "team-secret-9876543210" })
        var texts = [result.output, result.errors, try judging.folder.read("out.jsonl")]
        for name in ["replies.sqlite", "replies.sqlite-wal"] where judging.folder.size(of: "cache/\(name)") > 0 {
            texts.append(try judging.folder.read("cache/\(name)"))
        }
        for text in texts {
            #expect(!text.contains(key))
            #expect(!text.contains("team-secret"))
        }
    }

    @Test("rows of a run that was interrupted are in the output, asked or not; the next run asks the rest")
    func interrupted() throws {
        let judging = try Judging(rows: 3_000, Behaviour.answer("Total rating: 5").delayed(by: .milliseconds(20)))
        let running = try RunningCommand(judging.command(["--max-concurrency", "16"]))
        try running.wait { judging.server.totals.answered > 100 }
        running.send(SIGINT)
        let result = try running.finish()
        #expect(result.ending == .status(130), "\(result.errors)")
        let verdicts = try judging.verdicts(in: "out.jsonl.partial")
        #expect(verdicts.contains { $0["score"] == JSONValue(5.0) })
        #expect(verdicts.contains { $0["outcome"] == "not_asked" })
        let again = try judging.score()
        #expect(again.ending == .status(0), "\(again.errors)")
        // Only what was on its way when the run was stopped may have been paid for in vain.
        #expect(judging.server.totals.askedAgain <= 16)
    }

    @Test("runs that are killed at any moment lose nothing, and end in the same bytes as one that was not")
    func killed() throws {
        let behaviour = Behaviour.answer(among: (0...10).map { "Total rating: \($0)" }).delayed(by: .milliseconds(5))
        let undisturbed = try Judging(rows: 1_500, behaviour)
        #expect(try undisturbed.score().ending == .status(0))
        let judging = try Judging(rows: 1_500, behaviour)
        var generator = SystemRandomNumberGenerator()
        for round in 1...6 {
            let running = try RunningCommand(judging.command(["--max-concurrency", "32"]))
            let goal = Int.random(in: round * 150..<round * 150 + 100, using: &generator)
            try running.wait { judging.server.totals.answered >= goal }
            running.send(SIGKILL)
            #expect(try running.finish().ending == .signal(SIGKILL))
        }
        let result = try judging.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        // The bodies differ in nothing but the server's address, which is no part of them.
        #expect(try judging.folder.read("out.jsonl") == undisturbed.folder.read("out.jsonl"))
        // An answer that is on its way when its reader is killed is lost, and no other.
        #expect(judging.server.totals.answered - 1_500 <= 6 * 32)
        #expect(try result.usage("cached") > 0)
    }

    @Test("two runs at once may share a cache")
    func sharedCache() throws {
        let judging = try Judging(rows: 400, .answer(among: ["Total rating: 1", "Total rating: 2"]))
        let one = try RunningCommand(judging.command())
        let other = try RunningCommand(
            judging.folder.command([
                "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--model-url",
                judging.server.url, "--cache", "cache", "--output", "other.jsonl",
            ]))
        #expect(try one.finish().ending == .status(0))
        #expect(try other.finish().ending == .status(0))
        #expect(try judging.folder.read("out.jsonl") == judging.folder.read("other.jsonl"))
    }
}
