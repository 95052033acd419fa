import FakeModel
import Glibc
import JSON
import Synchronization
import Testing

@Suite("Results of a batch that cannot be used are never paid for twice")
struct BatchResultFaultTests {
    /// What servers and proxies send in place of results.
    private static let changes: [(name: String, change: @Sendable ([UInt8]) -> [UInt8])] = [
        ("an error", { _ in Array(#"{"error": {"message": "busy"}}"#.utf8) }),
        ("an array", { Array("[".utf8) + $0.map { $0 == 0x0A ? UInt8(ascii: ",") : $0 }.dropLast() + Array("]".utf8) }),
        ("HTML", { _ in Array("<html>\n<body>Sign in</body>\n</html>\n".utf8) }),
        ("nothing", { _ in [] }),
        ("a file that is cut between two lines", { $0[..<($0.dropLast(400).lastIndex(of: 0x0A) ?? 0)] + [0x0A] }),
    ]

    @Test("for a while: they are downloaded again", arguments: changes.indices, ["openai", "anthropic"])
    func passes(index: Int, form: String) throws {
        let batching = try Batching(rows: 40, form == "openai" ? .openai : .anthropic) { call in
            call.step == .results && call.count <= 2 ? .change(Self.changes[index].change) : .pass
        }
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(Self.changes[index].name): \(result.errors)")
        #expect(try result.rows("scored") == 40)
        #expect(batching.isPaidOnce(40))
        #expect(batching.server.sizes == [40])
    }

    @Test("for longer: the run ends with an error, and the same command goes on later", arguments: changes.indices)
    func stays(index: Int) throws {
        let isMended = Mutex(false)
        let batching = try Batching(rows: 40) { call in
            call.step == .results && !isMended.withLock({ $0 }) ? .change(Self.changes[index].change) : .pass
        }
        let result = try batching.score()
        #expect(result.ending == .status(1), "\(Self.changes[index].name): \(result.errors)")
        #expect(result.errors.contains("its results cannot be used"), "\(result.errors)")
        #expect(result.errors.contains("batch batch_1 stays open"), "\(result.errors)")
        #expect(batching.server.calls(.delete) == 0)
        #expect(try batching.batches("fetch").ending == .status(1))
        isMended.withLock { $0 = true }
        let later = try batching.score()
        #expect(try later.rows("scored") == 40, "\(later.errors)")
        #expect(batching.isPaidOnce(40))
    }

    @Test("a file of results that is gone does not count as a wrong name of the model")
    func gone() throws {
        let batching = try Batching(rows: 30) { call in
            call.step == .results ? .status(404, ["error": ["message": "No such File"]]) : .pass
        }
        let result = try batching.score()
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("status 404") && !result.errors.contains("model's name"), "\(result.errors)")
        #expect(batching.server.sizes == [30])
        // Somebody who gives the results up can go on.
        #expect(try batching.batches("cancel", "batch_1").ending == .status(0))
        #expect(try batching.score().rows("not_asked") == 30)
    }

    /// Results with a byte order mark, as gzip data, and with lines twice.
    private static let shapes: [(name: String, change: @Sendable ([UInt8]) -> [UInt8])] = [
        ("a byte order mark", { [0xEF, 0xBB, 0xBF] + $0 }),
        ("gzip", { gzip($0) }),
        ("two members of gzip", { gzip(Array($0.prefix(100))) + gzip(Array($0.dropFirst(100))) }),
        ("every line twice", { $0 + $0 }),
    ]

    @Test("results in an unusual shape are read at once", arguments: shapes.indices)
    func unusual(index: Int) throws {
        let batching = try Batching(rows: 40) { call in
            call.step == .results ? .change(Self.shapes[index].change) : .pass
        }
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(Self.shapes[index].name): \(result.errors)")
        #expect(try result.rows("scored") == 40)
        #expect(batching.server.calls(.results) == 1)
        #expect(result.errors.contains("batch batch_1: 40 replies, 0 failed, 0 without a result"), "\(result.errors)")
        #expect(!result.errors.contains("do not belong"), "\(result.errors)")
    }

    @Test("a reply that is too long fails, and is not requested again")
    func long() throws {
        let batching = try Batching(rows: 20) { call in
            guard call.step == .results else { return .pass }
            return .change { bytes in
                // White space within the first line.
                guard let end = bytes.firstIndex(of: 0x0A) else { return bytes }
                return bytes[..<(end - 1)] + [UInt8](repeating: 0x20, count: 65 << 20) + bytes[(end - 1)...]
            }
        }
        let result = try batching.score()
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("scored") == 19)
        #expect(try result.rows("model_error") == 1)
        #expect(batching.isPaidOnce(20))
        #expect(try batching.folder.read("out.jsonl").contains("more than 64 MiB"))
    }

    @Test("a proxy that answers in place of the server for a while", arguments: [200, 403])
    func proxy(status: Int) throws {
        let batching = try Batching(rows: 40) { call in
            guard call.step == .poll, call.count <= 2 else { return .pass }
            return status == 200 ? .change { _ in Array("<html>Sign in</html>".utf8) } : .status(status, "<html>")
        }
        let result = try batching.score()
        #expect(try result.rows("scored") == 40, "\(result.errors)")
        #expect(batching.isPaidOnce(40))
    }

    @Test("a server that refuses single lines, one batch after the other, is only asked a few times")
    func lineByLine() throws {
        var plan = FakeBatchServer.Plan()
        plan.ending = { _, _ in
            .init("failed", errors: [["code": "invalid_json_line", "line": 1, "message": "not parseable"]])
        }
        let batching = try Batching(rows: 60, .openai, plan)
        let result = try batching.score()
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("model_error") == 60)
        // The first one, and as many as max_retries.
        #expect(batching.server.sizes == [60, 59, 58, 57])
        #expect(try batching.folder.read("out.jsonl").contains("in a row because of single lines"))
    }
}

/// Gzip data in stored blocks (RFC 1951, section 3.2.4).
private func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    func little(_ number: UInt32, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
    }
    var data: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
    var rest = bytes[...]
    repeat {
        let block = rest.prefix(60_000)
        rest = rest.dropFirst(block.count)
        data += [rest.isEmpty ? 1 : 0] + little(UInt32(block.count), 2) + little(~UInt32(block.count), 2) + block
    } while !rest.isEmpty
    return data + little(~crc, 4) + little(UInt32(bytes.count), 4)
}
