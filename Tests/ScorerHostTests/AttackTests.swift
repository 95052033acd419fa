import Concurrency
import Foundation
import ScorerHost
import ScoringCore
import Testing

/// Attempts to break the sandbox and the host by plugins whose author has read how both are made, one for each family of
/// system calls and each kind of file. What is expected is what a user is promised in Documentation/TrustingPlugins.md.
@Suite("A plugin whose author has read the source breaks out of nothing")
struct AttackTests {
    private let build: FixtureBuild
    private let cells = CellMemory()
    private let log = LogLines()

    init() throws {
        build = try FixtureBuild()
    }

    private func call(_ texts: [String], _ plugin: Plugin) throws -> ScorerCall {
        let call = ScorerCall(try plugin.scorer("attacks"))
        call.prepare(rowCount: texts.count)
        return call
    }

    /// What the plugin says of each row.
    private func said(_ texts: [String], _ plugin: Plugin) throws -> [String?] {
        let call = try call(texts, plugin)
        _ = call.start([cells.texts(texts, nullable: false)], rowCount: texts.count)
        return texts.indices.map { call.results.texts("said")[$0] }
    }

    private func said(_ text: String) throws -> String? {
        try said([text], try build.load("attacks", in: .worker, log: log))[0]
    }

    // MARK: System calls and files

    @Test("of all system calls, only those that computing, memory, threads and reading take are let through")
    func allCalls() throws {
        // clone3 and openat2 are said not to exist, so that libraries use the calls that the filter can look into; ioctl says
        // that nothing is a terminal; advice and scheduling have answers of their own.
        let answers = try #require(try said("all calls"))
        let known: Set = ["-3:ENOSYS", "-2:ENOSYS", "-1:ENOTTY"]
        let others = answers.split(separator: " ").map(String.init).filter { !known.contains($0) }
        #expect(others.allSatisfy { $0.hasSuffix(":EINVAL") || $0.hasSuffix(":ENOSYS") }, "\(others)")
        #expect(others.count <= 4, "\(others)")
    }

    #if arch(x86_64)
        @Test("the other numbers by which x86-64 knows system calls lead nowhere")
        func otherNumbers() throws {
            #expect(try said("all calls of x32") == nil)
        }
    #endif

    @Test("what can be asked of a process or a descriptor changes neither", arguments: ["prctl", "fcntl"])
    func options(command: String) throws {
        #expect(try said(command) == nil)
    }

    @Test("the rows stay as the engine has written them, and no memory is locked")
    func memory() throws {
        let answers = try #require(try said("memory"))
        #expect(answers.contains("write:EACCES"), "\(answers)")
        #expect(!answers.contains("write a copy:allowed"), "\(answers)")
        #expect(answers.contains("lock:E") && answers.contains("limit:0"), "\(answers)")
    }

    @Test("no kind of file outside of its folder and the system's libraries can be opened, by whatever path")
    func files() throws {
        let opened = try said("files")
        #expect(opened == nil, "\(opened ?? "")")
    }

    // MARK: The loader

    @Test("code that the loader runs is in the sandbox, too")
    func resolver() throws {
        #expect(try said(["process"], try build.load("attacks", ["RESOLVES"], in: .worker))[0] != nil)
    }

    @Test("a plugin that wants more memory than there is for it does not load", arguments: ["HUGE_TLS", "HUGE_DATA"])
    func hugeSegments(macro: String) throws {
        var settings = WorkerSettings()
        settings.addressSpace = 1 << 30
        let error = #expect(throws: PluginError.self) { try build.load("attacks", [macro], in: .worker, settings) }
        let message = error?.message ?? ""
        let ends = ["cannot allocate memory", "failed to map segment", "crashed"]
        #expect(ends.contains { message.contains($0) }, "\(message)")
    }

    /// Fields of an ELF-64 header and of its program headers, and what an attacker may write there.
    static let lies: [Lie] = [
        Lie("e_phoff", 32, 0xFF, 8), Lie("e_shoff", 40, 0xFF, 8), Lie("e_phentsize", 54, 0xFF, 2),
        Lie("no e_phentsize", 54, 0, 2), Lie("e_phnum", 56, 0xFF, 2), Lie("no e_phnum", 56, 0, 2),
        Lie("e_type", 16, 2, 1), Lie("p_offset", 72, 0xFF, 8), Lie("p_vaddr", 80, 0xF0, 8),
        Lie("p_filesz", 96, 0x7F, 8), Lie("p_memsz", 104, 0x7F, 8), Lie("p_align", 112, 0xFF, 8),
        Lie("the next two segments", 120, 0x06, 112), Lie("the code", 0x1000, 0xCC, 4096),
    ]

    struct Lie: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var offset: Int
        var bytes: [UInt8]

        init(_ name: String, _ offset: Int, _ byte: UInt8, _ count: Int) {
            (testDescription, self.offset, bytes) = (name, offset, [UInt8](repeating: byte, count: count))
        }
    }

    @Test("a shared object with a header that lies is refused, or is its worker's trouble", arguments: lies)
    func header(lie: Lie) throws {
        let path = try build.compile("attacks", as: UUID().uuidString)
        var object = try Data(contentsOf: URL(fileURLWithPath: path))
        object.replaceSubrange(lie.offset..<lie.offset + lie.bytes.count, with: lie.bytes)
        try object.write(to: URL(fileURLWithPath: path))
        var settings = WorkerSettings()
        settings.timeout = .seconds(5)
        do {
            // It may load all the same, where nobody reads what was changed.
            _ = try said(["process"], try Plugin(in: .worker, path, settings, log: log))
        } catch let error as PluginError {
            #expect(!error.message.isEmpty)
        }
        _ = try? PluginManifest.write(for: path, settings)
    }

    // MARK: Time and memory of the host

    @Test(
        "no name that a process gives itself hides what it does",
        arguments: ["hide and spin", "hide otherwise and spin"])
    func hiding(command: String) throws {
        var settings = WorkerSettings()
        settings.idleProcessorTime = .milliseconds(300)
        settings.timeout = .seconds(2)
        let plugin = try build.load("attacks", in: .worker, settings, log: log)
        let process = try #require(try said(["process", command], plugin)[0].flatMap { pid_t($0) })
        for _ in 0..<300 where kill(process, 0) == 0 { poll(nil, 0, 50) }
        #expect(kill(process, 0) != 0, "the process still runs")
    }

    @Test(
        "a process that takes no signals, or whose first thread has ended, is ended like any other",
        arguments: ["block all signals", "spin as nobody"])
    func unreachable(command: String) throws {
        var settings = WorkerSettings()
        settings.timeout = .seconds(1)
        let call = try call([command, "process"], try build.load("attacks", in: .worker, settings))
        _ = call.start([cells.texts([command, "process"], nullable: false)], rowCount: 2)
        #expect(call.results.verdicts.map(\.outcome) == [.timedOut, .scored])
    }

    @Test("what is written to standard output without end is passed over, and the rows are scored")
    func flood() throws {
        let call = try call(["flood", "process"], try build.load("attacks", in: .worker, log: log))
        _ = call.start([cells.texts(["flood", "process"], nullable: false)], rowCount: 2)
        #expect(call.results.verdicts.map(\.outcome) == [.scored, .scored])
        #expect(log.all.reduce(0) { $0 + $1.utf8.count } < 1 << 20)
    }

    @Test("output that changes while it is read costs no more than the rows of that process")
    func changingOutput() throws {
        let plugin = try build.load("attacks", in: .worker, log: log)
        for _ in 0..<10 {
            let texts = ["scribble"] + (0..<500).map { "row \($0)" }
            let call = try call(texts, plugin)
            _ = call.start([cells.texts(texts, nullable: false)], rowCount: texts.count)
            for (row, verdict) in call.results.verdicts.enumerated() {
                #expect((verdict.outcome == .scored) == (verdict.reason == nil), "row \(row)")
            }
        }
    }

    // MARK: Requests to models

    private func converse(_ texts: [String], _ settings: WorkerSettings = .init(), rounds: Int) throws -> (
        asked: Int, call: ScorerCall
    ) {
        let call = try call(texts, try build.load("attacks", ["CONVERSES"], in: .worker, settings))
        var progress = call.start([cells.texts(texts, nullable: false)], rowCount: texts.count)
        var open: [ModelRequest] = []
        var asked = 0
        for _ in 0..<rounds {
            guard case .waiting(let requests) = progress else { break }
            open += requests
            asked += requests.count
            guard let request = open.popLast() else { break }
            progress = call.deliver([ModelReply(tag: request.tag, status: .answered, text: "go on")])
        }
        return (asked, call)
    }

    @Test("a scorer that asks again for each reply is stopped, whatever its models cost")
    func endless() throws {
        let (asked, call) = try converse(["2"], rounds: 5000)
        #expect(asked <= 3000)
        let reason = call.results.verdicts[0].reason ?? ""
        #expect(reason.contains("more than 1000 requests to models for each row"), "\(reason)")
    }

    @Test("a scorer that asks the same a million times costs its row, and nothing is sent")
    func million() throws {
        let (asked, call) = try converse(["500000"], rounds: 1)
        #expect(asked == 0)
        #expect(call.results.verdicts[0].outcome == .pluginCrashed)
    }

    @Test("requests are no progress without end")
    func slowRequests() throws {
        var settings = WorkerSettings()
        settings.timeout = .seconds(1)
        let (asked, call) = try converse(["slowly"], settings, rounds: 1)
        #expect(asked == 0)
        #expect(call.results.verdicts[0].outcome == .timedOut)
    }
}
