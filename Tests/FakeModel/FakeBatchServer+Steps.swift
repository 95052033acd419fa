import Glibc
import JSON
import NIOHTTP1

/// What the server does, when it does what it is asked for.
extension FakeBatchServer {
    private typealias Response = (Int, [(String, String)], [UInt8])

    private func json(_ status: Int, _ value: JSONValue, _ headers: [(String, String)] = []) -> Response {
        (status, headers, Array(value.text.utf8))
    }

    private func missing(_ what: String) -> Response {
        json(404, ["error": ["message": .string("No such \(what)"), "type": "invalid_request_error"]])
    }

    func perform(
        _ step: Step, _ head: HTTPRequestHead, _ words: [String], _ body: [UInt8], _ state: inout State
    ) -> (Int, [(String, String)], [UInt8]) {
        switch step {
        case .upload: upload(head, words, body, &state)
        case .create: create(body, &state)
        case .list:
            words.last == "files"
                ? json(
                    200,
                    ["data": .array(state.files.map { ["id": .string($0.key), "filename": .string($0.value.name)] })])
                : json(200, ["data": .array(state.batches.reversed().map { describe($0) }), "has_more": false])
        case .poll: poll(words.last ?? "", &state)
        case .results: results(words, state)
        case .delete:
            state.files.removeValue(forKey: words.last ?? "") == nil ? missing("File") : json(200, ["deleted": true])
        case .cancel: cancel(words.dropLast().last ?? "", &state)
        case .direct: direct(body, &state)
        }
    }

    private func upload(
        _ head: HTTPRequestHead, _ words: [String], _ body: [UInt8], _ state: inout State
    ) -> (Int, [(String, String)], [UInt8]) {
        if head.method == .PUT {
            let id = words.last ?? ""
            state.files[id]?.bytes = body
            return json(200, .null)
        }
        if words.last == "preprocess" { return json(200, ["processed": true]) }
        state.fileCount += 1
        let id = "file-\(state.fileCount)"
        if form == .together {
            state.files[id] = ("", [])
            let place = "http://127.0.0.1:\(port)/store/\(id)"
            return json(302, .null, [("Location", place), ("X-Together-File-Id", id)])
        }
        let mark = Array("\r\n\r\n".utf8)
        guard let name = text(of: body, after: "filename=\"", until: "\""),
            let fileHead = position(of: Array("name=\"file\"".utf8), in: body[...]),
            let start = position(of: mark, in: body[fileHead...]),
            let end = body.lastIndex(of: UInt8(ascii: "\r")).flatMap({ body[..<$0].lastIndex(of: UInt8(ascii: "\r")) })
        else { return json(400, ["error": ["message": "no form with a file"]]) }
        state.files[id] = (name, Array(body[(start + mark.count)..<end]))
        return json(200, ["id": .string(id), "object": "file", "filename": .string(name), "status": "processed"])
    }

    private func create(_ body: [UInt8], _ state: inout State) -> (Int, [(String, String)], [UInt8]) {
        guard let request = try? JSONValue(parsing: body) else { return json(400, ["error": ["message": "no JSON"]]) }
        let lines: [JSONValue]
        let file = request["input_file_id"]?.string ?? ""
        state.windows.append(request["completion_window"]?.string ?? "")
        if form == .anthropic {
            lines = request["requests"]?.array ?? []
        } else {
            guard let bytes = state.files[file]?.bytes else { return missing("File") }
            lines = bytes.split(separator: 0x0A).compactMap { try? JSONValue(parsing: Array($0)) }
        }
        let number = state.batches.count + 1
        var batch = Batch(
            id: "batch_\(number)", requests: lines.count, inputFile: file, metadata: request["metadata"] ?? .null,
            ending: plan.ending(number, lines.count))
        if batch.ending.state != "failed" { for line in lines { carryOut(line, &batch, &state) } }
        batch.results = batch.output.count
        if plan.hasNoise {
            batch.output += batch.output.prefix(3)
            batch.output.append(
                ["custom_id": "nobody", "response": ["status_code": 200, "body": chat("no", 1)], "error": .null])
        }
        batch.output.reverse()
        state.batches.append(batch)
        let described = describe(batch)
        return json(200, form == .together ? ["job": described, "warning": ""] : described)
    }

    private func carryOut(_ line: JSONValue, _ batch: inout Batch, _ state: inout State) {
        let (id, body) = (line["custom_id"] ?? .null, line["body"] ?? line["params"] ?? .null)
        let text = body.text
        let outcome = plan.outcome(body, state.made[text] ?? 0)
        state.made[text, default: 0] += 1
        switch (outcome, form) {
        case (.missing, _): break
        case (.reply(let reply), .anthropic):
            state.paid[text, default: 0] += 1
            let message: JSONValue = [
                "type": "message", "role": "assistant", "model": "fake",
                "content": [["type": "text", "text": .string(reply)]], "stop_reason": "end_turn",
                "usage": ["input_tokens": 100, "output_tokens": 10],
            ]
            batch.output.append(["custom_id": id, "result": ["type": "succeeded", "message": message]])
        case (.reply(let reply), _):
            state.paid[text, default: 0] += 1
            batch.output.append(
                [
                    "id": "r", "custom_id": id, "error": .null,
                    "response": ["status_code": 200, "request_id": "r", "body": chat(reply, 100)],
                ])
        case (.status(let status, let message), .anthropic):
            let type = status == 400 ? "invalid_request_error" : "api_error"
            let error: JSONValue = ["type": "error", "error": ["type": .string(type), "message": .string(message)]]
            batch.output.append(["custom_id": id, "result": ["type": "errored", "error": error]])
        case (.status(let status, let message), _):
            let body: JSONValue = ["error": ["message": .string(message), "type": "invalid_request_error"]]
            batch.errors.append(
                [
                    "id": "r", "custom_id": id, "error": .null,
                    "response": ["status_code": JSONValue(status), "request_id": "r", "body": body],
                ])
        case (.error, .anthropic): batch.output.append(["custom_id": id, "result": ["type": "expired"]])
        case (.error(let code, let message), _):
            batch.errors.append(
                [
                    "id": "r", "custom_id": id, "response": .null,
                    "error": ["code": .string(code), "message": .string(message)],
                ])
        }
    }

    private func chat(_ text: String, _ tokens: Int) -> JSONValue {
        [
            "object": "chat.completion", "model": "fake",
            "choices": [
                ["index": 0, "message": ["role": "assistant", "content": .string(text)], "finish_reason": "stop"]
            ],
            "usage": ["prompt_tokens": JSONValue(tokens), "completion_tokens": 10],
        ]
    }

    private func describe(_ batch: Batch) -> JSONValue {
        let isOver = batch.polls >= plan.polls || batch.isCancelled
        let state = isOver ? (batch.isCancelled ? "cancelled" : batch.ending.state) : "in_progress"
        let created = JSONValue(nowSeconds())
        if form == .anthropic {
            return [
                "id": .string(batch.id), "type": "message_batch", "processing_status": isOver ? "ended" : "in_progress",
                "created_at": .string("\(isoNow())"),
                "request_counts": [
                    "processing": JSONValue(isOver ? 0 : batch.requests),
                    "succeeded": JSONValue(isOver ? batch.output.count : 0), "errored": 0, "canceled": 0, "expired": 0,
                ],
                "results_url": isOver ? .string("http://127.0.0.1:\(port)/v1/x") : .null,
            ]
        }
        var json: JSONObject = [
            "id": .string(batch.id), "object": "batch", "input_file_id": .string(batch.inputFile),
            "status": .string(form == .together ? state.uppercased() : state),
            "created_at": form == .together ? .string(isoNow()) : created, "metadata": batch.metadata,
            "request_counts": [
                "total": JSONValue(batch.requests), "completed": JSONValue(isOver ? batch.results : 0),
                "failed": JSONValue(isOver ? batch.errors.count : 0),
            ],
        ]
        if form == .together { json["metadata"] = nil }
        if isOver {
            if !batch.output.isEmpty { json["output_file_id"] = .string("\(batch.id)_output") }
            if !batch.errors.isEmpty { json["error_file_id"] = .string("\(batch.id)_error") }
            if !batch.ending.errors.isEmpty {
                json["errors"] = ["object": "list", "data": .array(batch.ending.errors)]
            }
        }
        return .object(json)
    }

    private func poll(_ id: String, _ state: inout State) -> (Int, [(String, String)], [UInt8]) {
        guard let index = state.batches.firstIndex(where: { $0.id == id }) else { return missing("Batch") }
        state.batches[index].polls += 1
        return json(200, describe(state.batches[index]))
    }

    private func results(_ words: [String], _ state: State) -> (Int, [(String, String)], [UInt8]) {
        let name = words.dropLast().last ?? ""
        for batch in state.batches {
            let lines: [JSONValue]
            switch name {
            case "\(batch.id)_output": lines = batch.output
            case "\(batch.id)_error": lines = batch.errors
            case batch.id where form == .anthropic: lines = batch.output
            default: continue
            }
            return (200, [], lines.flatMap { Array($0.text.utf8) + [0x0A] })
        }
        return missing("File")
    }

    private func cancel(_ id: String, _ state: inout State) -> (Int, [(String, String)], [UInt8]) {
        guard let index = state.batches.firstIndex(where: { $0.id == id }) else { return missing("Batch") }
        state.batches[index].isCancelled = true
        return json(200, describe(state.batches[index]))
    }

    private func direct(_ body: [UInt8], _ state: inout State) -> (Int, [(String, String)], [UInt8]) {
        guard let request = try? JSONValue(parsing: body) else { return json(400, ["error": ["message": "no JSON"]]) }
        let text = request.text
        let outcome = plan.outcome(request, state.made[text] ?? 0)
        state.made[text, default: 0] += 1
        switch outcome {
        case .reply(let reply):
            state.paid[text, default: 0] += 1
            return json(200, chat(reply, 100))
        case .status(let status, let message): return json(status, ["error": ["message": .string(message)]])
        case .error, .missing: return json(500, ["error": ["message": "failed"]])
        }
    }

    private func text(of bytes: [UInt8], after mark: String, until end: String) -> String? {
        guard let start = position(of: Array(mark.utf8), in: bytes[...]) else { return nil }
        let rest = bytes[(start + mark.utf8.count)...]
        guard let stop = position(of: Array(end.utf8), in: rest) else { return nil }
        return String(decoding: rest[..<stop], as: UTF8.self)
    }

    private func position(of mark: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var index = bytes.startIndex
        while index + mark.count <= bytes.endIndex {
            if bytes[index] == mark[0], bytes[index..<(index + mark.count)].elementsEqual(mark) { return index }
            index += 1
        }
        return nil
    }
}

private func nowSeconds() -> Int { Int(time(nil)) }

private func isoNow() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    return "\(date)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).5Z"
}
