import Concurrency
import Foundation
import ScorerHost
import ScoringCore
import Testing

@Suite("A judge whose worker is lost asks nobody twice")
struct LostJudgeTests {
    private let build: FixtureBuild
    private let plugin: Plugin
    private let cells = CellMemory()

    init() throws {
        build = try FixtureBuild()
        plugin = try build.load("hostile", ["JUDGE"], in: .worker)
    }

    private func start(_ texts: [String], _ scorer: Scorer) -> (ScorerCall, [ModelRequest]) {
        let call = ScorerCall(scorer)
        call.prepare(rowCount: texts.count)
        let progress = call.start([cells.texts(texts, nullable: false)], rowCount: texts.count)
        guard case .waiting(let requests) = progress else {
            Issue.record("it waits for no reply")
            return (call, [])
        }
        return (call, requests)
    }

    private static func reply(to request: ModelRequest) -> ModelReply {
        ModelReply(tag: request.tag, status: .answered, text: "reply to \(request.json)")
    }

    /// Answers all requests, `batch` at a time, until the call has ended. Returns what was asked.
    private static func answer(_ call: ScorerCall, _ requests: [ModelRequest], batch: Int) -> [String] {
        var asked = requests.map(\.json)
        var open = requests
        while !open.isEmpty {
            let now = open.prefix(batch)
            open.removeFirst(now.count)
            if case .waiting(let more) = call.deliver(now.map(Self.reply)) {
                asked += more.map(\.json)
                open += more
            } else {
                break
            }
        }
        return asked
    }

    private static func expected(_ text: String) -> RowVerdict {
        let sum = text.utf8.reduce(0) { ($0 * 31 + Int($1)) % 10007 }
        return .scored(Double(sum + "reply to \(text), really?".utf8.count))
    }

    @Test("one row that crashes between its questions is lost, and each question was put once", arguments: [1, 3, 16])
    func crash(batch: Int) throws {
        var texts = (0..<16).map { "row \($0)" }
        texts[6] = "abort"
        let (call, requests) = start(texts, try plugin.scorer("hostile"))
        let asked = Self.answer(call, requests, batch: batch)
        for (row, verdict) in call.results.verdicts.enumerated() {
            #expect(
                verdict
                    == (row == 6
                        ? .failed(.pluginCrashed, "the plugin crashed: SIGABRT (aborted)") : Self.expected(texts[row])))
        }
        let questions = texts.flatMap { [$0, "\($0), really?"] }.filter { $0 != "abort, really?" }
        #expect(asked.sorted() == questions.sorted())
    }

    @Test("a call that waited in a worker that another call crashed goes on elsewhere")
    func neighbour() throws {
        let scorer = try plugin.scorer("hostile")
        let (one, itsRequests) = start(["a", "b"], scorer)
        // One reply has come, and one question is open.
        guard case .waiting(let more) = one.deliver([Self.reply(to: itsRequests[0])]) else {
            Issue.record("it waits for no reply")
            return
        }
        #expect(more.map(\.json) == ["a, really?"])
        let (other, otherRequests) = start(["abort"], scorer)
        #expect(other.deliver([Self.reply(to: otherRequests[0])]) == .finished)
        #expect(other.results.verdicts == [.failed(.pluginCrashed, "the plugin crashed: SIGABRT (aborted)")])

        let asked = Self.answer(one, [itsRequests[1]] + more, batch: 1)
        #expect(one.results.verdicts == [Self.expected("a"), Self.expected("b")])
        #expect(asked.sorted() == ["a, really?", "b", "b, really?"])
    }

    @Test("a hang after a reply costs its row")
    func hang() throws {
        var settings = WorkerSettings()
        settings.timeout = .seconds(1)
        let plugin = try build.load("hostile", ["JUDGE"], in: .worker, settings)
        let (call, requests) = start(["a", "sleep"], try plugin.scorer("hostile"))
        _ = Self.answer(call, requests, batch: 2)
        #expect(
            call.results.verdicts == [
                Self.expected("a"),
                .failed(.timedOut, "the plugin showed no sign of progress for 1 s, and was stopped"),
            ])
    }

    @Test("calls that are dropped while they wait leave nothing to the next ones")
    func dropped() throws {
        let scorer = try plugin.scorer("hostile")
        for _ in 0..<20 { _ = start(["a", "b"], scorer) }
        let (call, requests) = start(["c"], scorer)
        _ = Self.answer(call, requests, batch: 1)
        #expect(call.results.verdicts == [Self.expected("c")])
    }

    @Test("many calls at once, some of which crash, each come to their end")
    func manyCalls() throws {
        let scorer = try plugin.scorer("hostile")
        DispatchQueue.concurrentPerform(iterations: 6) { thread in
            for turn in 0..<5 {
                let texts = (0..<20).map { $0 == 3 * turn && thread % 2 == 0 ? "segv" : "\(thread) \(turn) \($0)" }
                let memory = CellMemory()
                let call = ScorerCall(scorer)
                call.prepare(rowCount: texts.count)
                guard
                    case .waiting(let requests) = call.start(
                        [memory.texts(texts, nullable: false)], rowCount: texts.count)
                else { return }
                _ = Self.answer(call, requests, batch: 7)
                for (row, verdict) in call.results.verdicts.enumerated() {
                    let crash = RowVerdict.failed(.pluginCrashed, "the plugin crashed: SIGSEGV (segmentation fault)")
                    #expect(verdict == (texts[row] == "segv" ? crash : Self.expected(texts[row])))
                }
            }
        }
    }
}
