import Foundation
import ScorerHost
import ScoringCore
import Synchronization
import Testing

/// What a row does to its process, and what becomes of the row.
struct Fault: CustomTestStringConvertible, Sendable {
    var text: String
    var reason: String
    var outcome = RowOutcome.pluginCrashed

    var testDescription: String { text }

    static let crashes = [
        Fault(text: "segv", reason: "the plugin crashed: SIGSEGV (segmentation fault)"),
        Fault(text: "fpe", reason: "the plugin crashed: SIGFPE (arithmetic exception)"),
        Fault(text: "ill", reason: "the plugin crashed: SIGILL (illegal instruction)"),
        Fault(text: "bus", reason: "the plugin crashed: SIGBUS (bus error)"),
        Fault(text: "kill", reason: "the plugin crashed: SIGKILL (killed; the system may have run out of memory)"),
        Fault(text: "abort", reason: "the plugin crashed: SIGABRT (aborted)"),
        Fault(text: "exit", reason: "the plugin crashed: exited with status 3"),
        Fault(text: "exit 0", reason: "the plugin crashed: exited with status 0"),
        Fault(text: "overflow", reason: "the plugin crashed: SIGSEGV (segmentation fault)"),
        Fault(text: "hog", reason: "the plugin crashed: SIGABRT (aborted)"),
        Fault(text: "close", reason: "the plugin crashed: it closed its connection to the engine"),
        Fault(text: "write over rows", reason: "the plugin crashed: SIGSEGV (segmentation fault)"),
        Fault(text: "late", reason: "the plugin crashed: SIGABRT (aborted)"),
        Fault(
            text: "garbage",
            reason: "the plugin crashed: its output is broken: a message that does not answer a request"),
        Fault(
            text: "short garbage",
            reason: "the plugin crashed: its output is broken: a message that does not answer a request"),
        Fault(text: "endless", reason: "the plugin crashed: its output is broken: more than 32 MiB in one step"),
    ]

    static let hangs = ["loop", "sleep", "stop"].map {
        Fault(
            text: $0, reason: "the plugin showed no sign of progress for 1 s, and was stopped", outcome: .timedOut)
    }
}

@Suite("A plugin in a worker can do nothing to anybody but its own rows")
struct HostilePluginTests {
    private let build: FixtureBuild
    private let log = LogLines()
    private let cells = CellMemory()

    init() throws {
        build = try FixtureBuild()
    }

    /// The fixture in a worker with small limits.
    private func load(_ macros: [String] = [], timeout: Duration = .seconds(60)) throws -> Plugin {
        var settings = WorkerSettings()
        settings.timeout = timeout
        settings.addressSpace = 512 << 20
        settings.outputLimit = 32 << 20
        return try build.load("hostile", macros, in: .worker, settings, log: log)
    }

    private func score(_ texts: [String], _ scorer: Scorer) -> RowResults {
        let call = ScorerCall(scorer)
        call.prepare(rowCount: texts.count)
        #expect(call.start([cells.texts(texts, nullable: false)], rowCount: texts.count) == .finished)
        return call.results
    }

    /// Like the fixture's.
    private func score(of text: String) -> RowVerdict {
        .scored(Double(text.utf8.reduce(0) { ($0 * 31 + Int($1)) % 10007 }))
    }

    /// Scores rows of which some are faults, and checks what becomes of each.
    private func expect(_ faults: [Int: Fault], of count: Int, _ plugin: Plugin) throws {
        let texts = (0..<count).map { faults[$0]?.text ?? "row \($0)" }
        let results = score(texts, try plugin.scorer("hostile"))
        for (row, verdict) in results.verdicts.enumerated() {
            let expected = faults[row].map { RowVerdict.failed($0.outcome, $0.reason) } ?? score(of: texts[row])
            #expect(verdict == expected, "row \(row)")
        }
    }

    @Test("a row that crashes the plugin is lost, and no other", arguments: Fault.crashes, [[], ["AT_ONCE"]])
    func crash(fault: Fault, macros: [String]) throws {
        try expect([37: fault], of: 64, try load(macros))
    }

    @Test(
        "what a row writes over the memory that is shared costs nothing that was not its own",
        arguments: ["shared", "shared zeros"], [[], ["AT_ONCE"]])
    func overwriting(text: String, macros: [String]) throws {
        let texts = (0..<64).map { $0 == 37 ? text : "row \($0)" }
        #expect(score(texts, try load(macros).scorer("hostile")).verdicts == texts.map(score(of:)))
    }

    @Test("a row on which the plugin hangs is lost, and no other", arguments: Fault.hangs)
    func hang(fault: Fault) throws {
        try expect([5: fault], of: 20, try load(timeout: .seconds(1)))
    }

    @Test("the first row, the last and several at once", arguments: [[0], [63], [0, 1, 2, 63], [10, 40, 41], [0]])
    func places(rows: [Int]) throws {
        let faults = Dictionary(uniqueKeysWithValues: rows.map { ($0, Fault.crashes[0]) })
        for macros in [[], ["AT_ONCE"]] { try expect(faults, of: 64, try load(macros)) }
    }

    @Test("a hang whose place nobody can see is found by halving")
    func hiddenHang() throws {
        try expect([2: Fault.hangs[1]], of: 4, try load(["AT_ONCE"], timeout: .seconds(1)))
    }

    @Test("one row of 100,000 that crashes the plugin costs itself")
    func manyRows() throws {
        let scorer = try load().scorer("hostile")
        let call = ScorerCall(scorer)
        var lost: [Int] = []
        for start in stride(from: 0, to: 100_000, by: 1000) {
            let texts = (start..<start + 1000).map { $0 == 54_321 ? "segv" : "row \($0)" }
            let cells = CellMemory()
            call.prepare(rowCount: 1000)
            _ = call.start([cells.texts(texts, nullable: false)], rowCount: 1000)
            for (row, verdict) in call.results.verdicts.enumerated() where verdict != score(of: texts[row]) {
                lost.append(start + row)
            }
        }
        #expect(lost == [54_321])
    }

    @Test("a plugin that crashes on everything is given up soon")
    func hopeless() throws {
        let scorer = try load().scorer("hostile")
        let texts = [String](repeating: "abort", count: 1000)
        let reasons = (0..<3).map { _ in score(texts, scorer).verdicts.map { $0.reason ?? "" } }
        #expect(Set(reasons[0][..<20]) == ["the plugin crashed: SIGABRT (aborted)"])
        let givenUp =
            "not tried, because the plugin has already ended 50 worker processes; the last time, the plugin crashed: "
            + "SIGABRT (aborted)"
        #expect(Set(reasons[1] + reasons[2]) == [givenUp])
        #expect(reasons[0].filter { $0 != givenUp }.count <= 50)
    }

    @Test("a plugin that crashes on every hundredth row is not given up")
    func notHopeless() throws {
        let faults = Dictionary(
            uniqueKeysWithValues: stride(from: 50, to: 3000, by: 100).map { ($0, Fault.crashes[5]) })
        try expect(faults, of: 3000, try load(["AT_ONCE"]))
    }

    @Test(
        "a scorer that cannot be made says why",
        arguments: [
            ("crash", "the plugin crashed: SIGABRT (aborted)"), ("exit", "the plugin crashed: exited with status 4"),
            ("hang", "the plugin showed no sign of progress for 1 s, and was stopped"),
        ])
    func creation(configuration: String, cause: String) throws {
        let plugin = try load(timeout: .seconds(1))
        let error = #expect(throws: PluginError.self) { try plugin.scorer("hostile", configuration) }
        #expect(error?.description == "\(plugin.path): \(cause) while its scorer \"hostile\" was created")
        // What failed for these parameters works for others.
        #expect(score(["a"], try plugin.scorer("hostile")).verdicts == [score(of: "a")])
    }

    @Test(
        "a plugin that cannot even be loaded says why",
        arguments: [
            ("CRASHES_WHEN_LOADED", "the plugin crashed: SIGABRT (aborted)"),
            ("HANGS_WHEN_LOADED", "the plugin showed no sign of progress for 1 s, and was stopped"),
        ])
    func loading(macro: String, cause: String) throws {
        let error = #expect(throws: PluginError.self) { try load([macro], timeout: .seconds(1)) }
        #expect(error?.message == "\(cause) while it was loaded")
    }

    @Test("an instance that crashes when it is destroyed costs no row of another")
    func destruction() throws {
        let plugin = try load(["CRASHES_WHEN_DESTROYED"])
        for _ in 0..<3 { try expect([:], of: 10, plugin) }
    }

    @Test("threads that a plugin leaves behind are nobody's business")
    func threads() throws {
        try expect([:], of: 10, try load())
        let scorer = try load().scorer("hostile")
        #expect(score(["threads", "row 1"], scorer).verdicts[1] == score(of: "row 1"))
    }

    @Test("whoever looks at plugins is told how each worker ended, and what it wrote")
    func reports() throws {
        let reports = Mutex<[WorkerReport]>([])
        var settings = WorkerSettings()
        settings.onReport = { report in reports.withLock { $0.append(report) } }
        let plugin = try build.load("hostile", in: .worker, settings)
        _ = score(["print", "exit"], try plugin.scorer("hostile"))
        let ends = reports.withLock { $0 }.filter { $0.loss != nil }
        #expect(ends.map(\.loss) == [.exit(3), .exit(3)])
        #expect(ends.first.map { String(decoding: $0.standardErrors, as: UTF8.self) } == "a warning\n")
        #expect(
            ends.first.map { String(decoding: $0.standardOutput, as: UTF8.self) } == "{\"row\": 0, \"scores\": {}}\n")
    }

    @Test("what a plugin wrote before it crashed on being loaded is in the log")
    func lastWords() throws {
        #expect(throws: PluginError.self) { try load(["CRASHES_WHEN_LOADED"]) }
        #expect(log.all.count == 1 && log.all[0].hasSuffix("wrote to standard error: last words"), "\(log.all)")
    }

    @Test("a plugin whose scorers must not overlap has one worker, whose session is not that of the terminal")
    func oneProcess() throws {
        let scorer = try load(["CONCURRENCY=ASSAY_CONCURRENCY_PROCESS_SERIAL"]).scorer("hostile")
        let processes = Mutex<Set<String>>([])
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            let cells = CellMemory()
            let call = ScorerCall(scorer)
            for _ in 0..<10 {
                call.prepare(rowCount: 1)
                _ = call.start([cells.texts(["process"], nullable: false)], rowCount: 1)
                let said = call.results.texts("said")[0] ?? ""
                processes.withLock { _ = $0.insert(said) }
            }
        }
        let all = processes.withLock { $0 }
        #expect(all.count == 1)
        let process = try #require(all.first.flatMap { pid_t($0) })
        #expect(getsid(process) == process)
    }

    // MARK: What a worker cannot do

    private func said(_ command: String) throws -> String? {
        let results = score([command], try load().scorer("hostile"))
        #expect(results.verdicts == [score(of: command)])
        return results.texts("said")[0]
    }

    @Test(
        "what a scorer has no use for is refused",
        arguments: [
            "socket", "unix socket", "fork", "vfork", "exec", "open to write", "make a folder", "unlink",
            "kill the parent", "kill all", "ptrace", "read memory", "io_uring", "limits",
        ])
    func refused(command: String) throws {
        #expect(try said(command) == "EPERM")
    }

    @Test(
        "it cannot read the memory or the environment of this process, nor files of the user",
        arguments: ["parent's environment", "parent's memory", "a file of the user"])
    func secrets(command: String) throws {
        #expect(try said(command) == "Permission denied")
    }

    @Test("threads are allowed")
    func thread() throws {
        #expect(try said("thread") == "allowed")
    }

    @Test("its environment has no secrets, and nothing is open that is not its own")
    func environment() throws {
        setenv("ASSAY_TEST_SECRET", "secret", 1)
        unsetenv("RUST_BACKTRACE")  // The one variable that is passed on where it is set.
        let variables = try #require(try said("environment")).split(separator: ";").map { $0.prefix { $0 != "=" } }
        #expect(Set(variables) == ["PATH", "LANG"])
        #expect(try said("descriptors") == "0;1;2;3;")
    }

    @Test("what it prints goes to the log, and not without end")
    func output() throws {
        _ = try said("print")
        #expect(
            log.all == [
                #"warning org.example.hostile: wrote to standard output: {"row": 0, "scores": {}}"#,
                "warning org.example.hostile: wrote to standard error: a warning",
            ])
        _ = try said("print much")
        _ = try said("print to pipe")
        #expect(log.all.count < 5000)
    }
}
