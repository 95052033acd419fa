import Foundation
import ScorerHost
import ScoringCore
import Testing

/// Attempts to reach out of a worker: each family of system calls, with arguments that the kernel takes from others. Those
/// of ``AttackTests`` need more than one call.
@Suite("What a plugin attempts from its worker is refused, by name")
struct AttemptTests {
    private let build: FixtureBuild
    private let cells = CellMemory()

    init() throws {
        build = try FixtureBuild()
    }

    private func call(_ texts: [String], in place: Plugin.Place = .worker) throws -> ScorerCall {
        let call = ScorerCall(try build.load("attempts", in: place).scorer("attempts"))
        call.prepare(rowCount: texts.count)
        _ = call.start([cells.texts(texts, nullable: false)], rowCount: texts.count)
        return call
    }

    private func said(_ texts: [String], in place: Plugin.Place = .worker) throws -> [String?] {
        let call = try call(texts, in: place)
        return texts.indices.map { call.results.texts("said")[$0] }
    }

    /// The errors of attempts that the filter does not answer with EPERM, so that libraries choose other ways (ENOSYS), take
    /// nothing for a terminal (ENOTTY), or because a rule of its own is behind it.
    private static let otherErrors = [
        "clone3": "ENOSYS", "openat2": "ENOSYS", "ioctl": "ENOTTY", "typing into the terminal": "ENOTTY",
        // Sealed memory, and a socket, which cannot be opened by a name.
        "rows for writing": "EACCES", "rows for writing and running": "EACCES", "the channel again": "ENXIO",
    ]

    @Test("each attempt of the plugin's own list")
    func attempts() throws {
        let names = try #require(try said(["attempts"])[0]).split(separator: "\n").map(String.init)
        #expect(names.count > 150)
        for (name, answer) in zip(names, try said(names)) {
            #expect(answer == Self.otherErrors[name] ?? "EPERM", "\(name)")
        }
    }

    @Test("the attempts are real: in the process of the host, where only trusted plugins run, they succeed")
    func control() throws {
        let names = [
            "memfd", "socket pair", "inotify", "a timer's descriptor", "a signal descriptor", "a timer",
            "a signal to the host", "the host's priority", "personality", "asking for capabilities",
        ]
        #expect(try said(names, in: .host) == names.map { _ in "allowed" })
    }

    @Test("no family of sockets is there: local ones, the internet, netlink, packets, virtual machines, ciphers")
    func sockets() throws {
        let names = (0..<50).map { "socket of family \($0)" }
        #expect(try said(names) == names.map { _ in "EPERM" })
    }

    @Test("a stack that overflows costs its row; memory and pending signals end at the worker's limits")
    func limits() throws {
        let call = try call(["keep signals", "take memory", "sink", "keep signals"])
        #expect(call.results.texts("said")[0] == "few")
        #expect(call.results.texts("said")[1] == "less than 4 GiB")
        #expect(call.results.verdicts.map(\.outcome) == [.scored, .scored, .pluginCrashed, .scored])
    }

    @Test(
        "a plugin whose data holds a device is not loaded, since to read a disk is to read all files",
        .enabled(if: geteuid() == 0), arguments: [("dev", S_IFBLK), ("deep/er/dev", S_IFBLK), (".dev", S_IFCHR)])
    func devices(name: String, kind: mode_t) throws {
        let path = try build.compile("attempts", as: "packed")
        let data = "\(build.folder)/packed.data"
        let place = "\(data)/\(name)"
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: place).deletingLastPathComponent().path, withIntermediateDirectories: true)
        // The null device's numbers; a block device of these is a RAM disk, which need not exist.
        guard mknod(place, kind | 0o666, 0x103) == 0 else { return }
        let error = #expect(throws: PluginError.self) { try Plugin(in: .worker, path) }
        #expect(error?.message.contains("its data holds a device") == true, "\(error?.message ?? "")")
    }

    @Test("a FIFO or a socket in a plugin's data is not waited for")
    func fifo() throws {
        let path = try build.compile("attempts", as: "packed")
        let data = "\(build.folder)/packed.data"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        mkfifo("\(data)/fifo", 0o600)
        let call = ScorerCall(try Plugin(in: .worker, path).scorer("attempts"))
        call.prepare(rowCount: 1)
        _ = call.start([cells.texts(["read \(data)/fifo"], nullable: false)], rowCount: 1)
        #expect(call.results.texts("said")[0] == "opened")
    }
}
