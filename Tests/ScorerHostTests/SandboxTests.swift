import Concurrency
import Foundation
import ScorerHost
import ScoringCore
import Synchronization
import Testing

/// What a plugin can reach that ships with anything its author likes beside it. The cases are those of public reports on
/// archives (links, FIFOs, devices) and of an audit of this sandbox.
@Suite("A plugin in a worker reads its own folder's files and the system's libraries, and nothing else")
struct SandboxTests {
    private let build: FixtureBuild
    private let cells = CellMemory()
    private let log = LogLines()
    private let secret: String

    init() throws {
        build = try FixtureBuild()
        secret = "\(build.folder)/private/id_rsa"
        try FileManager.default.createDirectory(atPath: "\(build.folder)/private", withIntermediateDirectories: true)
        try "SECRET".write(toFile: secret, atomically: true, encoding: .utf8)
    }

    private var folder: String { "\(build.folder)/plugins" }

    /// The fixture as `plugins/evil.so`, with whatever `setup` puts beside it.
    private func load(_ settings: WorkerSettings = WorkerSettings(), setup: (String) throws -> Void = { _ in }) throws
        -> Plugin
    {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let built = try build.compile("hostile", as: UUID().uuidString)
        try FileManager.default.moveItem(atPath: built, toPath: "\(folder)/evil.so")
        try setup(folder)
        return try Plugin(in: .worker, "\(folder)/evil.so", settings, log: log)
    }

    private func said(_ commands: [String], _ plugin: Plugin) throws -> [String?] {
        let call = ScorerCall(try plugin.scorer("hostile"))
        call.prepare(rowCount: commands.count)
        _ = call.start([cells.texts(commands, nullable: false)], rowCount: commands.count)
        return (0..<commands.count).map { call.results.texts("said")[$0] }
    }

    private func verdicts(_ texts: [String], _ plugin: Plugin, _ cancellation: Cancellation = Cancellation()) throws
        -> [RowVerdict]
    {
        let call = ScorerCall(try plugin.scorer("hostile"), cancellation: cancellation)
        call.prepare(rowCount: texts.count)
        _ = call.start([cells.texts(texts, nullable: false)], rowCount: texts.count)
        return call.results.verdicts
    }

    private static let denied = "Permission denied"

    // MARK: Files

    /// Ways to have a name beside the plugin lead to a file that is not the plugin's. `SECRET` and `PRIVATE` stand for the
    /// file and its folder.
    @Test(
        "nothing beside the plugin leads out of its folder",
        arguments: [
            // The name of what is made, what it links to, and what the plugin then opens.
            ("evil.data", "/", "SECRET"), ("evil.data", "PRIVATE", "SECRET"),
            ("evil.data", "PRIVATE", "evil.data/id_rsa"),
            ("evil.data", "../private", "SECRET"), ("evil.data", "SECRET", "evil.data"),
            ("evil.data/inside", "PRIVATE", "evil.data/inside/id_rsa"), ("evil.data/file", "SECRET", "evil.data/file"),
            ("key.so", "SECRET", "key.so"), ("key.so.1", "SECRET", "key.so.1"),
            ("key.so.1", "../private/id_rsa", "key.so.1"),
            ("lib.so.d", "PRIVATE", "lib.so.d/id_rsa"), ("key.so", "PRIVATE", "key.so/id_rsa"),
            ("lib.so.1", "/proc/self/environ", "lib.so.1"), ("lib.so.1", "/etc/passwd", "lib.so.1"),
            ("evil.so.data", "PRIVATE", "evil.so.data/id_rsa"),
        ])
    func links(name: String, target: String, opened: String) throws {
        func place(_ text: String) -> String {
            text.replacing("SECRET", with: secret).replacing("PRIVATE", with: "\(build.folder)/private")
        }
        let plugin = try load { folder in
            if name.hasPrefix("evil.data/") {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/evil.data", withIntermediateDirectories: true)
            }
            try #require(symlink(place(target), "\(folder)/\(name)") == 0)
        }
        let path = opened == "SECRET" ? secret : "\(folder)/\(opened)"
        #expect(try said(["read \(path)", "read \(secret)"], plugin) == [Self.denied, Self.denied])
    }

    @Test("a link to a file of the plugin's own folder is followed only where both are shared objects")
    func ownLinks() throws {
        let plugin = try load { folder in
            try "\u{7F}ELF, in a way".write(toFile: "\(folder)/libone.so.1.2", atomically: true, encoding: .utf8)
            try "private notes".write(toFile: "\(folder)/notes.txt", atomically: true, encoding: .utf8)
            try "no object".write(toFile: "\(folder)/text.so", atomically: true, encoding: .utf8)
            symlink("libone.so.1.2", "\(folder)/libone.so.1")
            symlink("libone.so.1", "\(folder)/libone.so")
            symlink("notes.txt", "\(folder)/libtwo.so")
        }
        let names = ["libone.so", "libone.so.1", "libone.so.1.2", "libtwo.so", "notes.txt", "text.so"]
        let object = "\u{7F}ELF, in a way"
        #expect(
            try said(names.map { "read \(folder)/\($0)" }, plugin)
                == [object, object, object, Self.denied, Self.denied, Self.denied])
    }

    @Test("a plugin reads its data, and the libraries of the system")
    func data() throws {
        let plugin = try load { folder in
            try FileManager.default.createDirectory(
                atPath: "\(folder)/evil.data/deep", withIntermediateDirectories: true)
            try "words".write(toFile: "\(folder)/evil.data/deep/words.txt", atomically: true, encoding: .utf8)
        }
        #expect(
            try said(
                [
                    "read \(folder)/evil.data/deep/words.txt", "list \(folder)/evil.data", "list /usr/lib",
                    "list \(folder)",
                ], plugin)
                == ["words", "allowed", "allowed", Self.denied])
    }

    @Test(
        "of the system, it reads libraries only",
        arguments: [
            "/usr", "/usr/bin", "/usr/share", "/usr/local", "/opt", "/etc", "/root", "/home", "/tmp", "/proc", "/",
        ])
    func system(path: String) throws {
        let plugin = try load()
        #expect(
            try said(["list \(path)"], plugin) == [
                FileManager.default.fileExists(atPath: path) ? Self.denied : "No such file or directory"
            ])
    }

    @Test("what looks like a library and is a FIFO, a socket, a device or a folder does not hold up the others")
    func specialFiles() throws {
        let plugin = try load { folder in
            mkfifo("\(folder)/libfifo.so", 0o600)
            mknod("\(folder)/libdevice.so", S_IFCHR | 0o600, 0x501)  // the console; needs root, and else is not there
            mkdir("\(folder)/libfolder.so", 0o700)
            symlink("libloop.so", "\(folder)/libloop.so")
            try "ELF".write(toFile: "\(folder)/libfolder.so/inside.so", atomically: true, encoding: .utf8)
        }
        #expect(
            try said(
                ["read \(folder)/libfifo.so", "list \(folder)/libfolder.so", "read \(folder)/libfolder.so/inside.so"],
                plugin)
                == [Self.denied, Self.denied, Self.denied])
    }

    @Test("a plugin whose folder became a link after it was found is not loaded")
    func swappedFolder() throws {
        let plugin = try load()
        #expect(try said(["read \(secret)"], plugin) == [Self.denied])
        try FileManager.default.moveItem(atPath: folder, toPath: "\(folder)-moved")
        #expect(symlink("\(folder)-moved", folder) == 0)
        let results = try verdicts(["abort", "a"], plugin)
        #expect(results[1].outcome == .pluginCrashed)
        let reason = results[1].reason ?? ""
        #expect(reason.contains("the folder of the plugin could not be opened"), "\(reason)")
    }

    @Test("a file that takes a plugin's name while it is loaded cannot be read in its place")
    func swappedFile() throws {
        // A link in its place, again and again, while workers start.
        let plugin = try load()
        let isOver = Mutex(false)
        let path = "\(folder)/evil.so"
        try FileManager.default.copyItem(atPath: path, toPath: "\(folder)/kept")
        let (secret, folder) = (secret, folder)
        Thread.detachNewThread {
            while !isOver.withLock({ $0 }) {
                symlink(secret, "\(folder)/link")
                rename("\(folder)/link", path)
                try? FileManager.default.copyItem(atPath: "\(folder)/kept", toPath: "\(folder)/copy")
                rename("\(folder)/copy", path)
            }
        }
        for _ in 0..<20 {
            _ = try? verdicts(["abort"], plugin)
            if let texts = try? said(["read \(secret)", "read \(path)"], plugin) {
                #expect(!texts.contains("SECRET"))
            }
        }
        isOver.withLock { $0 = true }
    }

    // MARK: System calls

    @Test(
        "advice about memory that is everybody's is not taken",
        arguments: [
            (9, false), (12, false), (21, false), (25, false), (100, false), (101, false), (-1, false), (0, true),
            (4, true), (8, true),
        ])
    func advice(number: Int, isAllowed: Bool) throws {
        // On systems that do not know it either, the kernel says the same.
        let text = try #require(try said(["madvise \(number)"], try load())[0])
        #expect(text == (isAllowed ? "allowed" : "Invalid argument"))
    }

    @Test("it knows nothing of how other processes are scheduled or limited, and all of itself")
    func others() throws {
        let commands = [
            "affinity of the parent", "scheduler of the parent", "limits of the parent", "own affinity", "own limits",
            "stack of a thread",
        ]
        let notKnown = "Function not implemented"
        #expect(
            try said(commands, try load()) == [notKnown, notKnown, "EPERM", "allowed", "allowed", "allowed"])
    }

    @Test(
        "it makes threads of its own process, and neither processes nor namespaces",
        arguments: ["11", "20011", "10000000", "20000000", "40000000", "30f00", "4000", "8000", "2010f00"])
    func clone(flags: String) throws {
        #expect(try said(["clone \(flags)"], try load()) == ["EPERM"])
    }

    @Test("of system calls that nothing needs, none is let through")
    func systemCalls() throws {
        // Mounts, keys, modules, clocks, hosts' names, performance counters, BPF, userfaultfd, handles, pidfds, memfds.
        let numbers = [
            165, 166, 248, 250, 175, 313, 227, 170, 171, 298, 321, 323, 303, 304, 434, 438, 424, 319, 157 + 1000,
        ]
        let texts = try said(numbers.map { "number \($0)" }, try load())
        #expect(texts.allSatisfy { $0 == "EPERM" }, "\(texts)")
    }

    @Test("a worker has no capabilities, whoever runs it")
    func capabilities() throws {
        let plugin = try load()
        let process = try #require(try said(["process"], plugin)[0])
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        for name in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            #expect(status.contains("\(name):\t0000000000000000\n"), "\(name)")
        }
        if geteuid() == 0 { #expect(status.contains("CapBnd:\t0000000000000000\n")) }
        #expect(status.contains("NoNewPrivs:\t1\n"))
        #expect(status.contains("Seccomp:\t2\n"))
    }

    // MARK: Time and memory

    @Test(
        "a plugin that only says that its output is full is stopped like one that says nothing",
        arguments: [
            ("full of nothing", RowOutcome.pluginCrashed), ("full", .pluginCrashed),
            ("full without waiting", .pluginCrashed),
        ])
    func full(command: String, outcome: RowOutcome) throws {
        var settings = WorkerSettings()
        settings.timeout = .seconds(20)
        let start = ContinuousClock.now
        let results = try verdicts([command], try load(settings))
        #expect(results[0].outcome == outcome)
        let reason = results[0].reason ?? ""
        #expect(reason.contains("output is broken"), "\(reason)")
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test("a plugin that does not end its step is ended some seconds after the run is stopped")
    func stopped() throws {
        var settings = WorkerSettings()
        settings.timeout = .seconds(40)
        let plugin = try load(settings)
        let cancellation = Cancellation()
        Thread.detachNewThread {
            poll(nil, 0, 500)
            cancellation.cancel()
        }
        let start = ContinuousClock.now
        let results = try verdicts(["a", "loop", "b"], plugin, cancellation)
        #expect(ContinuousClock.now - start < .seconds(30))
        let reason = "the run was stopped while the plugin was working"
        #expect(Array(results[1...]) == [.failed(.notAsked, reason), .failed(.notAsked, reason)])
    }

    @Test("what a step may give is bounded, so that no row costs the engine a gigabyte")
    func bounded() throws {
        let results = try verdicts(["big 10", "big 65", "a"], try load())
        #expect(results[0].outcome == .scored && results[2].outcome == .scored)
        #expect(
            results[1]
                == .failed(.pluginCrashed, "the plugin crashed: its output is broken: more than 64 MiB in one step"))
    }

    @Test("a row that makes very many threads is lost, and no other")
    func threads() throws {
        var settings = WorkerSettings()
        settings.threadLimit = 50
        let results = try verdicts(["a", "have many threads 100", "b"], try load(settings))
        #expect(
            results[1] == .failed(.pluginCrashed, "the plugin crashed: it had more than 50 threads, and was stopped"))
        #expect(results[0].outcome == .scored && results[2].outcome == .scored)
    }

    @Test(
        "a worker that does something while it has nothing to do is ended, and the log says so",
        arguments: [
            ("spin", "it continued to use the processor"), ("have threads 100", "more than 50 threads ran in it"),
        ])
    func idle(command: String, how: String) throws {
        var settings = WorkerSettings()
        settings.threadLimit = 50
        settings.idleProcessorTime = .milliseconds(300)
        let plugin = try load(settings)
        let scorer = try plugin.scorer("hostile")
        let call = ScorerCall(scorer)
        call.prepare(rowCount: 2)
        _ = call.start([cells.texts([command, "process"], nullable: false)], rowCount: 2)
        let process = try #require(call.results.texts("said")[1].flatMap { pid_t($0) })
        try waitForEnd(of: process)
        #expect(
            log.all.contains { $0.contains("its process was ended: \(how) while it had nothing to do") }, "\(log.all)")
        // What comes next gets another one.
        #expect(try said(["process"], plugin)[0] != "\(process)")
    }

    @Test("a worker that nobody uses for long is ended, and one that waits for replies is not")
    func old() throws {
        var settings = WorkerSettings()
        settings.idleTime = .milliseconds(200)
        let plugin = try load(settings)
        let process = try #require(try said(["process"], plugin)[0].flatMap { pid_t($0) })
        try waitForEnd(of: process)
        #expect(log.all == [])
        let judge = try build.load("hostile", ["JUDGE"], in: .worker, settings)
        let call = ScorerCall(try judge.scorer("hostile"))
        call.prepare(rowCount: 1)
        guard case .waiting(let requests) = call.start([cells.texts(["a"], nullable: false)], rowCount: 1) else {
            Issue.record("it has asked nothing")
            return
        }
        poll(nil, 0, 1500)
        guard
            case .waiting(let more) = call.deliver([ModelReply(tag: requests[0].tag, status: .answered, text: "yes")]),
            case .finished = call.deliver([ModelReply(tag: more[0].tag, status: .answered, text: "yes")])
        else {
            Issue.record("it does not go on")
            return
        }
        #expect(judge.scorers.count == 1 && call.results.verdicts[0].reason == nil)
    }

    /// Waits for the end of a process, which comes within seconds.
    private func waitForEnd(of process: pid_t) throws {
        for _ in 0..<300 {
            if kill(process, 0) != 0 { return }
            poll(nil, 0, 50)
        }
        Issue.record("the process \(process) is still there")
    }
}
