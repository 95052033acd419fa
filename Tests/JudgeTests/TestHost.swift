import CScorerPlugin
import JSON
import ScorerKit
import Testing

@testable import JudgeScorers

/// A judge with its parameters, and a host that answers its requests by a function.
final class TestJudge {
    struct Rejection: Error, Equatable {
        var pointer: String
        var message: String
    }

    /// A request as the host was given it.
    struct Request {
        var tag: UInt64
        var role: String
        var json: String
        /// Which of several votes it is.
        var sample: Int

        var body: JSONValue { (try? JSONValue(parsing: json)) ?? .null }
        /// The texts of the messages.
        var messages: [String] { body["messages"]?.array?.compactMap { $0["content"]?.string } ?? [] }
    }

    enum Answer {
        case text(String, response: String = "")
        case failed(String, status: Int = ASSAY_E_INTERNAL)
    }

    /// What the judge gave for a row, by the names of its outputs; "outcome" and "message" where it failed.
    typealias Row = [String: JSONValue]

    // `nonisolated(unsafe)`: they are not changed.
    private nonisolated(unsafe) static let host = UnsafePointer(makeHost())
    private nonisolated(unsafe) static let hostWithoutModels = UnsafePointer(makeHost(withModels: false))
    private nonisolated(unsafe) static let table = plugin.table(forHostMajor: ASSAY_ABI_MAJOR)

    private let instance: UnsafeMutableRawPointer
    let description: assay_scorer

    init(
        _ params: JSONObject, returnType: String = "number", identifier: String = "test::judge", hasModels: Bool = true,
        columns: [String] = []
    ) throws {
        let configuration: JSONValue = [
            "identifier": .string(identifier), "return_type": ["type": .string(returnType)], "params": .object(params),
            "columns": .array(columns.map(JSONValue.string)),
        ]
        let table = try #require(Self.table?.pointee)
        let creation = Creation()
        var made: UnsafeMutableRawPointer?
        let status = configuration.text.withStr { configuration in
            table.create(
                table.scorers[0], hasModels ? Self.host : Self.hostWithoutModels,
                OpaquePointer(Unmanaged.passUnretained(creation).toOpaque()), configuration, &made)
        }
        if let rejection = creation.rejection {
            #expect(status == ASSAY_E_INVALID)
            throw rejection
        }
        instance = try #require(made)
        description = try #require(table.describe(instance)?.pointee)
    }

    deinit { Self.table?.pointee.destroy(instance) }

    var inputs: [assay_column_spec] { Self.specs(description.inputs) }
    var outputs: [assay_column_spec] { Self.specs(description.outputs) }
    var roles: [String] {
        var roles: [String] = []
        while let role = description.roles?[roles.count] { roles.append(String(cString: role)) }
        return roles
    }

    private static func specs(
        _ list: UnsafePointer<UnsafePointer<assay_column_spec>?>
    ) -> [assay_column_spec] {
        var specs: [assay_column_spec] = []
        while let spec = list[specs.count]?.pointee { specs.append(spec) }
        return specs
    }

    /// Scores rows. So many replies come in a step, those to the latest requests first or last.
    func score(
        _ rows: [JSONObject], repliesInAStep: Int = 1, lastFirst: Bool = false,
        _ answer: (Request) -> Answer
    ) -> [Row] {
        let call = Call(self, rows.count)
        var state: UnsafeMutableRawPointer?
        let token = OpaquePointer(Unmanaged.passUnretained(call).toOpaque())
        guard let table = Self.table?.pointee else { return [] }
        withBatch(rows) { batch in
            var status = table.step(instance, token, &state, Int32(ASSAY_STEP_START), batch, nil, 0)
            while status == ASSAY_PENDING {
                #expect(!call.open.isEmpty, "a judge that waits has asked something")
                guard !call.open.isEmpty else { break }
                let next = (lastFirst ? call.open.reversed() : call.open).prefix(repliesInAStep)
                call.open.removeAll { request in next.contains { $0.tag == request.tag } }
                status = Reply.with(next.map { ($0.tag, answer($0)) }) { replies in
                    table.step(
                        instance, token, &state, Int32(ASSAY_STEP_REPLIES), batch, replies.baseAddress,
                        UInt64(replies.count))
                }
            }
            #expect(status == ASSAY_OK)
            #expect(call.open.isEmpty)
        }
        table.call_free(instance, token, state)
        return call.rows
    }

    /// Scores one row.
    func score(_ row: JSONObject, _ answer: (Request) -> Answer) -> Row { score([row], answer)[0] }

    /// Scores one row with the answers in their order; whatever is asked beyond them fails.
    func score(_ row: JSONObject, replies: String...) -> Row {
        var rest = replies[...]
        return score(row) { _ in rest.popFirst().map { Answer.text($0) } ?? .failed("asked too often") }
    }

    /// A batch in which arrays and objects are no text, as the declaration asks for.
    private func withBatch(_ rows: [JSONObject], _ body: (UnsafePointer<assay_batch>) -> Void) {
        var memory: [UnsafeMutableRawPointer] = []
        defer { for piece in memory { piece.deallocate() } }
        func keep<Value>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
            let piece = UnsafeMutablePointer<Value>.allocate(capacity: values.count + 1)
            piece.initialize(from: values, count: values.count)
            memory.append(UnsafeMutableRawPointer(piece))
            return piece
        }
        let columns = inputs.map { input in
            var validity = [UInt8](repeating: 0, count: rows.count / 8 + 1)
            let cells = rows.enumerated().map { index, row -> assay_str in
                let value = row[String(cString: input.name)] ?? .null
                var text: String? = value.text
                if value == .null, Int(input.flags) & ASSAY_COLUMN_OPTIONAL != 0 { text = nil }
                if input.type == ASSAY_TYPE_STR {
                    if value.object != nil || value.array != nil { text = nil }
                    if let string = value.string { text = string }
                }
                guard let text else { return assay_str(ptr: nil, len: 0) }
                validity[index / 8] |= 1 << (index % 8)
                let bytes = Array(text.utf8)
                return assay_str(
                    ptr: UnsafeRawPointer(keep(bytes)).assumingMemoryBound(to: CChar.self), len: UInt64(bytes.count))
            }
            let column = assay_column(
                struct_size: UInt32(MemoryLayout<assay_column>.size), type: input.type, validity: keep(validity),
                values: keep(cells), list_offsets: nil)
            return Optional(UnsafePointer(keep([column])))
        }
        var batch = assay_batch(
            struct_size: UInt32(MemoryLayout<assay_batch>.size), n_columns: UInt32(columns.count),
            n_rows: UInt64(rows.count), columns: keep(columns))
        body(&batch)
    }
}

// MARK: The host's tables

private final class Creation {
    var rejection: TestJudge.Rejection?
}

/// What a judge says during a call.
private final class Call {
    let judge: TestJudge
    var open: [TestJudge.Request] = []
    var rows: [TestJudge.Row]

    init(_ judge: TestJudge, _ count: Int) {
        self.judge = judge
        rows = Array(repeating: [:], count: count)
    }

    static func at(_ token: OpaquePointer?) -> Call? {
        token.map { Unmanaged<Call>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    func emit(_ output: Int, _ row: Int, _ column: assay_column) -> Int32 {
        let spec = judge.outputs[output]
        #expect(column.type == spec.type, "output \(String(cString: spec.name))")
        guard column.type == spec.type, let values = column.values else { return Int32(ASSAY_E_INVALID) }
        let value: JSONValue =
            switch Int(column.type) {
            case ASSAY_TYPE_F64: JSONValue(values.load(as: Double.self))
            case ASSAY_TYPE_BOOL: .bool(values.load(as: UInt8.self) != 0)
            case ASSAY_TYPE_JSON: (try? JSONValue(parsing: String(values.load(as: assay_str.self)))) ?? "no JSON"
            default: .string(String(values.load(as: assay_str.self)))
            }
        rows[row][String(cString: spec.name)] = value
        return Int32(ASSAY_OK)
    }
}

private enum Reply {
    static func with(
        _ answers: [(tag: UInt64, answer: TestJudge.Answer)],
        _ body: (UnsafeBufferPointer<UnsafePointer<assay_reply>?>) -> Int32
    ) -> Int32 {
        func next(_ index: Int, _ replies: [UnsafePointer<assay_reply>?]) -> Int32 {
            guard index < answers.count else { return replies.withUnsafeBufferPointer(body) }
            let (text, response, status) =
                switch answers[index].answer {
                case .text(let text, let response): (text, response, ASSAY_OK)
                case .failed(let text, let status): (text, "", status)
                }
            // As the engine has read them from the response.
            let choice = (try? JSONValue(parsing: response))?["choices"]?.array?.first
            let finish = choice?["finish_reason"]?.string ?? ""
            let reasoning = choice?["message"]?["reasoning_content"]?.string ?? ""
            return withStrs([text, response, finish, reasoning]) { texts in
                var reply = assay_reply(
                    struct_size: UInt32(MemoryLayout<assay_reply>.size), status: Int32(status),
                    tag: answers[index].tag, text: texts[0], response_json: texts[1], finish_reason: texts[2],
                    reasoning: texts[3], vectors: nil, n_vectors: 0, n_dimensions: 0)
                return withUnsafePointer(to: &reply) { next(index + 1, replies + [$0]) }
            }
        }
        return next(0, [])
    }
}

private func withStrs<Result>(_ texts: [String], _ body: ([assay_str]) -> Result) -> Result {
    func next(_ strs: [assay_str]) -> Result {
        strs.count == texts.count ? body(strs) : texts[strs.count].withStr { next(strs + [$0]) }
    }
    return next([])
}

private func makeHost(withModels: Bool = true) -> UnsafeMutablePointer<assay_host> {
    let chat = UnsafeMutablePointer<assay_host_chat>.allocate(capacity: 1)
    chat.initialize(
        to: assay_host_chat(
            struct_size: UInt32(MemoryLayout<assay_host_chat>.size), reserved: 0,
            request: { _, _, _, _, _ in
                Issue.record("a judge asks with the function of version 1.2")
                return Int32(ASSAY_E_INVALID)
            },
            ask: { _, token, request in
                guard let call = Call.at(token), let request = request?.pointee,
                    call.judge.roles.contains(String(request.role)),
                    !call.open.contains(where: { $0.tag == request.tag })
                else { return Int32(ASSAY_E_INVALID) }
                call.open.append(
                    TestJudge.Request(
                        tag: request.tag, role: String(request.role), json: String(request.json),
                        sample: Int(request.sample)))
                return Int32(ASSAY_OK)
            }))
    let host = UnsafeMutablePointer<assay_host>.allocate(capacity: 1)
    host.initialize(
        to: assay_host(
            struct_size: UInt32(MemoryLayout<assay_host>.size), abi_major: ASSAY_ABI_MAJOR, abi_minor: ASSAY_ABI_MINOR,
            reserved: 0, host_data: withModels ? UnsafeMutableRawPointer(chat) : nil,
            log: { _, _, _ in },
            reject: { _, creation, pointer, message in
                guard let creation else { return }
                Unmanaged<Creation>.fromOpaque(UnsafeRawPointer(creation)).takeUnretainedValue().rejection =
                    TestJudge.Rejection(pointer: String(pointer), message: String(message))
            },
            emit: { _, token, output, row, count, column in
                guard let call = Call.at(token), let column, count == 1 else { return Int32(ASSAY_E_INVALID) }
                return call.emit(Int(output), Int(row), column.pointee)
            },
            fail: { _, token, row, outcome, message in
                Call.at(token)?.rows[Int(row)]["outcome"] = JSONValue(Int(outcome))
                Call.at(token)?.rows[Int(row)]["message"] = .string(String(message))
                return Int32(ASSAY_OK)
            },
            is_cancelled: { _, _ in 0 },
            get_extension: { host, id in
                guard let id, String(cString: id) == ASSAY_EXT_CHAT else { return nil }
                return host.flatMap { UnsafeRawPointer($0.pointee.host_data) }
            },
            emit_statistics: nil, emit_aggregate: nil))
    return host
}

extension String {
    fileprivate init(_ text: assay_str) {
        self.init(decoding: UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len)), as: UTF8.self)
    }

    fileprivate func withStr<Result>(_ body: (assay_str) -> Result) -> Result {
        var text = self
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { body(assay_str(ptr: $0.baseAddress, len: UInt64($0.count))) }
        }
    }
}
