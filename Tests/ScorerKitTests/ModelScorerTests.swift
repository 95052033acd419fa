import CScorerPlugin
import Testing

@testable import ScorerKit

/// Asks each row's text, and asks once more for each "again"; the score is the number of replies that it took.
private struct Echo: ModelScorer {
    static let declaration = ScorerDeclaration(
        id: "echo", description: "asks", inputs: [], outputs: [.output("score", .f64, "how often it asked")],
        roles: ["judge"])

    let declaration: ScorerDeclaration

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        let column = String(decoding: configuration, as: UTF8.self)
        if column.isEmpty { throw ParameterRejection(pointer: "/params/column", "is missing") }
        declaration = ScorerDeclaration(
            id: "echo", description: "asks", inputs: [.required(column, .text, "what is asked")],
            outputs: [.output("score", .f64, "how often it asked")], roles: ["judge", "judge/1"])
    }

    final class Counts {
        var replies: [Int]
        init(_ replies: [Int]) {
            self.replies = replies
            live += 1
        }
        deinit { live -= 1 }
    }

    func start(_ rows: Rows, _ results: Results, _ models: Models) -> Counts {
        for row in 0..<rows.count {
            switch String(decoding: rows.texts(0)[row], as: UTF8.self) {
            case "silent": results.emit(0, output: 0, row: row)
            case "votes":
                for sample in 0..<2 { models.ask(tag: UInt64(sample), role: "judge", request: "v", sample: sample) }
            case "refused": models.ask(tag: UInt64(row), role: "nobody", request: "{}")
            case let text: models.ask(tag: UInt64(row), role: "judge", request: text)
            }
        }
        return Counts(Array(repeating: 0, count: max(rows.count, 2)))
    }

    func receive(
        _ reply: ModelReply, _ conversations: inout Counts, _ rows: Rows, _ results: Results, _ models: Models
    ) {
        let row = Int(reply.tag)
        conversations.replies[row] += 1
        if let failure = reply.failure {
            results.fail(row, failure, reply.text)
        } else if reply.text == "again" {
            models.ask(tag: reply.tag, role: "judge/1", request: "again")
        } else if reply.isCutOff {
            results.fail(row, .unparsed, "cut off behind \(reply.reasoning ?? "nothing")")
        } else {
            results.emit(Double(conversations.replies[row]), output: 0, row: row)
        }
    }
}

/// How many batches have a state. `nonisolated(unsafe)`: the tests of this file run one after the other.
private nonisolated(unsafe) var live = 0

private let plugin = ScorerPlugin(id: "test", version: "1", description: "…", modelScorers: [Echo.self])

/// What a host is told, and what it lets the scorer do.
private final class Host {
    var rejection: String?
    var requests: [String] = []
    var results: [Int: String] = [:]

    /// `nonisolated(unsafe)`: they are not changed.
    private nonisolated(unsafe) static let chat = makeChat(size: MemoryLayout<assay_host_chat>.size)
    /// That of a host of version 1.1, which ends before `ask`.
    private nonisolated(unsafe) static let olderChat = makeChat(size: 16)

    private static func makeChat(size: Int) -> UnsafeMutablePointer<assay_host_chat> {
        let chat = UnsafeMutablePointer<assay_host_chat>.allocate(capacity: 1)
        chat.initialize(
            to: assay_host_chat(
                struct_size: UInt32(size), reserved: 0,
                request: { _, token, tag, role, json in
                    Host.at(token)?.requests.append("older: \(tag) \(text(role)) \(text(json))")
                    return Int32(ASSAY_OK)
                },
                ask: { _, token, request in
                    guard let request = request?.pointee, text(request.role) != "nobody" else {
                        return Int32(ASSAY_E_INVALID)
                    }
                    let sample = request.sample > 0 ? " sample \(request.sample)" : ""
                    Host.at(token)?.requests.append(
                        "\(request.tag) \(text(request.role)) \(text(request.json))\(sample)")
                    return Int32(ASSAY_OK)
                }))
        return chat
    }

    let table: UnsafeMutablePointer<assay_host>

    init(minorVersion: UInt32 = ASSAY_ABI_MINOR, hasModels: Bool = true) {
        table = .allocate(capacity: 1)
        table.initialize(
            to: assay_host(
                struct_size: UInt32(MemoryLayout<assay_host>.size), abi_major: ASSAY_ABI_MAJOR,
                abi_minor: minorVersion, reserved: 0,
                host_data: hasModels ? UnsafeMutableRawPointer(minorVersion < 2 ? Self.olderChat : Self.chat) : nil,
                log: { _, _, _ in },
                reject: { _, token, pointer, message in
                    Host.at(token)?.rejection = "\(text(pointer)): \(text(message))"
                },
                emit: { _, token, _, row, _, column in
                    guard let number = column?.pointee.values?.load(as: Double.self) else { return 0 }
                    Host.at(token)?.results[Int(row)] = "\(number)"
                    return 0
                },
                fail: { _, token, row, outcome, message in
                    Host.at(token)?.results[Int(row)] = "\(outcome) \(text(message))"
                    return 0
                },
                is_cancelled: { _, _ in 0 },
                get_extension: { host, _ in host.flatMap { UnsafeRawPointer($0.pointee.host_data) } },
                emit_statistics: nil, emit_aggregate: nil))
    }

    deinit { table.deallocate() }

    var token: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func at(_ token: OpaquePointer?) -> Host? {
        token.map { Unmanaged<Host>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }
}

private func withStrs(_ one: String, _ other: String, _ body: (assay_str, assay_str) -> Void) {
    withStr(one) { one in withStr(other) { body(one, $0) } }
}

private func text(_ text: assay_str) -> String {
    String(decoding: UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len)), as: UTF8.self)
}

@Suite("A scorer in Swift asks models", .serialized)
struct ModelScorerTests {
    private let table: assay_plugin

    init() throws {
        table = try #require(plugin.table(forHostMajor: ASSAY_ABI_MAJOR)?.pointee)
    }

    private func instance(_ host: Host, column: String = "question") -> UnsafeMutableRawPointer? {
        var instance: UnsafeMutableRawPointer?
        let status = withStr(column) { table.create(table.scorers[0], host.table, host.token, $0, &instance) }
        #expect((status == ASSAY_OK) == (instance != nil))
        return instance
    }

    /// Scores texts; `replies` are given in their order, each in a step of its own. Returns the statuses of the steps.
    private func score(
        _ texts: [String], _ host: Host, _ replies: [(tag: UInt64, status: Int, text: String)],
        finishReason: String = "", replySize: Int = MemoryLayout<assay_reply>.size
    ) throws -> [Int32] {
        let instance = try #require(self.instance(host))
        defer { table.destroy(instance) }
        var bytes = texts.map { Array($0.utf8CString) }
        var cells: [assay_str] = []
        for index in bytes.indices {
            let length = bytes[index].count - 1
            bytes[index].withUnsafeMutableBufferPointer { bytes in
                let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
                copy.initialize(from: Array(bytes), count: bytes.count)
                cells.append(assay_str(ptr: copy, len: UInt64(length)))
            }
        }
        defer { for cell in cells { cell.ptr?.deallocate() } }
        var statuses: [Int32] = []
        cells.withUnsafeBytes { cells in
            var column = assay_column(
                struct_size: UInt32(MemoryLayout<assay_column>.size), type: CellType.text.rawValue, validity: nil,
                values: cells.baseAddress, list_offsets: nil)
            withUnsafePointer(to: &column) { column in
                var columns: [UnsafePointer<assay_column>?] = [column]
                columns.withUnsafeMutableBufferPointer { columns in
                    var batch = assay_batch(
                        struct_size: UInt32(MemoryLayout<assay_batch>.size), n_columns: 1, n_rows: UInt64(texts.count),
                        columns: columns.baseAddress)
                    var state: UnsafeMutableRawPointer?
                    statuses.append(
                        table.step(instance, host.token, &state, Int32(ASSAY_STEP_START), &batch, nil, 0))
                    for reply in replies {
                        withStrs(reply.text, finishReason) { text, finishReason in
                            var reply = assay_reply(
                                struct_size: UInt32(replySize), status: Int32(reply.status),
                                tag: reply.tag, text: text, response_json: assay_str(ptr: nil, len: 0),
                                finish_reason: finishReason, reasoning: text, vectors: nil, n_vectors: 0,
                                n_dimensions: 0)
                            withUnsafePointer(to: &reply) { reply in
                                var pointers: [UnsafePointer<assay_reply>?] = [reply]
                                statuses.append(
                                    table.step(
                                        instance, host.token, &state, Int32(ASSAY_STEP_REPLIES), &batch, &pointers, 1))
                            }
                        }
                    }
                    #expect(live == 1)
                    table.call_free(instance, host.token, state)
                    #expect(live == 0)
                }
            }
        }
        return statuses
    }

    private let pending = Int32(ASSAY_PENDING)
    private let done = Int32(ASSAY_OK)

    @Test("a batch waits until all replies have come, also those to what was asked on the way")
    func rounds() throws {
        let host = Host()
        let replies = [(1, ASSAY_OK, "again"), (0, ASSAY_OK, "x"), (1, ASSAY_OK, "y")]
        let statuses = try score(["a", "b"], host, replies.map { (UInt64($0), $1, $2) })
        #expect(statuses == [pending, pending, pending, done])
        #expect(host.requests == ["0 judge a", "1 judge b", "1 judge/1 again"])
        #expect(host.results == [0: "1.0", 1: "2.0"])
    }

    @Test("a batch that asks nothing is done at once")
    func nothingAsked() throws {
        let host = Host()
        #expect(try score(["silent"], host, []) == [done])
        #expect(host.results == [0: "0.0"])
    }

    @Test("a request that the host refuses has a reply that says so")
    func refused() throws {
        let host = Host()
        #expect(try score(["refused", "a"], host, [(1, ASSAY_OK, "x")]) == [pending, done])
        #expect(host.results == [0: "4 the host did not accept the request (status -1)", 1: "1.0"])
    }

    @Test(
        "a request that failed is a model's error, one that was never made is none",
        arguments: [
            (ASSAY_E_INTERNAL, 1, "4 why"), (ASSAY_E_TIMEOUT, 1, "4 why"), (ASSAY_E_CANCELLED, 1, "7 why"),
            // An older host knows no such outcome.
            (ASSAY_E_CANCELLED, 0, "4 why"),
        ] as [(Int, UInt32, String)])
    func failures(status: Int, minorVersion: UInt32, result: String) throws {
        let host = Host(minorVersion: minorVersion)
        _ = try score(["a"], host, [(0, status, "why")])
        #expect(host.results == [0: result])
    }

    @Test("equal requests are told apart by their samples")
    func samples() throws {
        let host = Host()
        #expect(try score(["votes"], host, [(1, ASSAY_OK, "x"), (0, ASSAY_OK, "y")]) == [pending, pending, done])
        #expect(host.requests == ["0 judge v", "1 judge v sample 1"])
    }

    @Test("a reply that was cut off says so, and what the model thought")
    func cutOff() throws {
        let host = Host()
        _ = try score(["a"], host, [(0, ASSAY_OK, "half")], finishReason: "length")
        #expect(host.results == [0: "1 cut off behind half"])
    }

    @Test("an older host is asked as it can be, and its shorter replies are read no further than they go")
    func olderHost() throws {
        let host = Host(minorVersion: 1)
        _ = try score(["a"], host, [(0, ASSAY_OK, "x")], finishReason: "length", replySize: 48)
        #expect(host.requests == ["older: 0 judge a"])
        #expect(host.results == [0: "1.0"])
        let voting = Host(minorVersion: 1)
        _ = try score(["votes"], voting, [(0, ASSAY_OK, "x")])
        #expect(voting.requests == ["older: 0 judge v"])
    }

    @Test("an instance describes itself, with its own columns and roles")
    func description() throws {
        let instance = try #require(self.instance(Host(), column: "zürich"))
        defer { table.destroy(instance) }
        let offered = try #require(table.scorers[0]?.pointee)
        let described = try #require(table.describe(instance)?.pointee)
        #expect(offered.inputs[0] == nil)
        #expect(described.inputs[0].map { String(cString: $0.pointee.name) } == "zürich")
        #expect(described.inputs[1] == nil)
        #expect(described.roles[1].map { String(cString: $0) } == "judge/1")
        #expect(described.roles[2] == nil)
        #expect(offered.roles[0].map { String(cString: $0) } == "judge")
        #expect(offered.roles[1] == nil)
    }

    @Test("an instance is refused for its parameters, or where the host asks no models")
    func rejections() {
        let host = Host()
        #expect(instance(host, column: "") == nil)
        #expect(host.rejection == "/params/column: is missing")
        let withoutModels = Host(hasModels: false)
        #expect(instance(withoutModels) == nil)
        #expect(
            withoutModels.rejection
                == ": this scorer asks models, but its host does not support model requests (extension assay.chat/1)")
    }
}
