import Foundation
import ScorerHost
import ScoringCore
import Testing

@Suite("Calls from many threads overlap as the scorer allows")
struct ConcurrencyTests {
    private let build: FixtureBuild
    private let plugin: Plugin

    init() throws {
        build = try FixtureBuild()
        plugin = try build.load("threads")
    }

    /// Scores a row again and again, each thread with a call of its own.
    private func score(_ scorers: [Scorer], threads: Int, times: Int) {
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let call = ScorerCall(scorers[thread % scorers.count])
            for _ in 0..<times {
                call.prepare(rowCount: 1)
                #expect(call.start([], rowCount: 1) == .finished)
                #expect(call.results.verdicts == [.scored(1)])
            }
        }
    }

    @Test("a parallel scorer runs on two threads at once")
    func parallel() throws {
        let scorer = try plugin.scorer("meeting")
        let threads = (0..<2).map { _ in Thread { score([scorer], threads: 1, times: 1) } }
        for thread in threads { thread.start() }
        while !threads.allSatisfy(\.isFinished) { usleep(1000) }
        #expect(try plugin.counter("most_in_instance") == 2)
    }

    @Test("a scorer that is serial in an instance never runs twice in one")
    func instanceSerial() throws {
        let scorers = [try plugin.scorer("instance-serial"), try plugin.scorer("instance-serial")]
        score(scorers, threads: 8, times: 50)
        #expect(try plugin.counter("most_in_instance") == 1)
        #expect(try plugin.counter("entries") == 2 * 8 * 50)
    }

    @Test("scorers that are serial in a process never overlap in their plugin, nor with being made and destroyed")
    func processSerial() throws {
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for turn in 0..<10 {
                guard let scorer = try? plugin.scorer((thread + turn) % 2 == 0 ? "process-serial" : "also-serial")
                else {
                    Issue.record("a scorer could not be made")
                    return
                }
                score([scorer], threads: 1, times: 5)
            }
        }
        #expect(try plugin.counter("most_in_plugin") == 1)
        #expect(try plugin.counter("most_in_serial_plugin") == 1)
        #expect(try plugin.counter("entries") == 2 * 8 * 10 * 5)
    }
}
