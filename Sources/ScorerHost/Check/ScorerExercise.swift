import Concurrency
import ScoringCore

/// One scorer with one set of parameters, at work on rows that are made to find its faults.
struct ScorerExercise {
    /// What a row came to, in a form that is compared bit for bit.
    struct Result: Hashable {
        var outcome: RowOutcome
        var cells: [[UInt8]?]
        /// Nil if the row has none.
        var statistics: [UInt64]?
    }

    let check: PluginCheck
    let plugin: Plugin
    let trial: PluginCheck.Trial

    init(_ check: PluginCheck, _ plugin: Plugin, _ trial: PluginCheck.Trial) {
        self.check = check
        self.plugin = plugin
        self.trial = trial
    }

    /// How often a scorer may ask again for a row before it counts as endless.
    private static let mostRounds = 500

    func run() {
        guard let description = makeScorer()?.description else { return }
        let inputs = description.inputs
        let kinds = CheckRows.all(inputs).filter { !$0.rows.isEmpty }
        for kind in kinds where score(kind) == nil { return }
        let all = CheckRows(name: "rows of all kinds", rows: kinds.flatMap(\.rows))
        guard compareBatches(all), finalize(all, description), race(all), cancel(all), giveEachReply(inputs),
            disturbReplies(inputs)
        else { return }
        guard breakJSON(inputs) else { return }
        checkMemory(inputs)
        for size in [1 << 20, 16 << 20] where score(CheckRows.huge(inputs, size), isHuge: true) == nil { return }
    }

    func makeScorer() -> Scorer? {
        do {
            return try Scorer(trial.scorer, of: plugin, configuration: trial.configuration)
        } catch {
            add(
                "parameters", .error, "it could be created once with these parameters, but not a second time: \(error)",
                key: "again")
            return nil
        }
    }

    func add(_ name: String, _ level: CheckFinding.Level, _ message: String, key: String? = nil) {
        let place = trial.name.map { "with \($0): " } ?? ""
        check.add(CheckFinding(name, level, scorer: trial.scorer, place + message), key: key)
    }

    // MARK: Scoring

    /// Scores rows in one batch with an instance of its own.
    ///
    /// - Returns: nil if the plugin did not survive it.
    @discardableResult
    func score(_ rows: CheckRows, _ replies: ScriptedReplies? = nil, isHuge: Bool = false) -> [Result]? {
        guard let scorer = makeScorer() else { return nil }
        return score(rows, with: ScorerCall(scorer), replies, isHuge: isHuge)
    }

    /// The replies that are given where nothing is to be wrong with them.
    var usualReplies: ScriptedReplies {
        var replies = ScriptedReplies()
        if !check.replies.isEmpty { replies.usual = check.replies }
        return replies
    }

    private func score(
        _ rows: CheckRows, with call: ScorerCall, _ replies: ScriptedReplies? = nil, isHuge: Bool = false
    ) -> [Result]? {
        let replies = replies ?? usualReplies
        let batch = CheckBatch(call.scorer.description.inputs, rows.rows)
        call.prepare(rowCount: batch.rowCount)
        var progress = call.start(batch.columns, rowCount: batch.rowCount)
        var open: [ModelRequest] = []
        var rounds = 0
        while case .waiting(let requests) = progress {
            open += requests
            rounds += requests.isEmpty ? 0 : 1
            if rows.rows.count == 1 { checkSamples(requests, rows) }
            if rounds > Self.mostRounds || open.isEmpty {
                add(
                    "requests", .error,
                    "after \(rounds) steps with replies, it still sends requests, on \(rows.name). Each request costs "
                        + "its users money. Give up after a few", key: "endless")
                call.cancel(.scorerError, "endless")
                return nil
            }
            var given: [ModelRequest] = []
            switch replies.order {
            case .together: swap(&given, &open)
            case .oneByOneBackwards: given = [open.removeLast()]
            }
            progress = call.deliver(given.map(replies.reply))
        }
        let results = results(of: call)
        let survived = judge(rows, call, results, replies, isHuge: isHuge)
        withExtendedLifetime(batch) {}
        return survived ? results : nil
    }

    private func results(of call: ScorerCall) -> [Result] {
        let outcomes = Array(call.results.outcomes)
        let views = call.results.outputs.map(\.view)
        return outcomes.indices.map { row in
            let cells = views.map { view -> [UInt8]? in
                guard view.hasValue(row) else { return nil }
                switch view.type {
                case .f64, .i64, .bool:
                    return withUnsafeBytes(of: view.integer(row)) { Array($0) }
                case .text, .json, .textList: return Array(view.text(row))
                }
            }
            let statistics = call.results.statistics
            let isScored = outcomes[row] == .scored && statistics.width > 0
            return Result(
                outcome: outcomes[row], cells: cells,
                statistics: isScored ? statistics.row(row).map(\.bitPattern) : nil)
        }
    }

    /// Looks at the results of a call. Returns false if the plugin did not survive.
    private func judge(
        _ rows: CheckRows, _ call: ScorerCall, _ results: [Result], _ replies: ScriptedReplies, isHuge: Bool
    ) -> Bool {
        // What the host refused explains what its rows lack.
        check.reportEvents(of: trial.scorer)
        if let fault = call.statusFault {
            add(
                "status", .error,
                "step returned \(fault), on \(rows.name). This loses the rows without a score. Return ASSAY_OK when "
                    + "the batch is done, ASSAY_PENDING when requests are queued, and otherwise one of "
                    + "ASSAY_E_…", key: "status")
        }
        let description = call.scorer.description
        let asks = !description.roles.isEmpty
        let circumstances = rows.name + (asks ? ", with \(replies.name)" : "")
        for (row, result) in results.enumerated() {
            let reason = call.results.reason(of: row) ?? ""
            let place =
                "row \(row) of \(results.count) (\(preview(rows.rows[row], description.inputs))) of \(circumstances)"
            let cause = call.results.cause(of: row)
            let loss = cause?.loss
            if loss?.isHang == true {
                add(
                    "hang", isHuge ? .warning : .error,
                    "\(reason), on \(place). "
                        + (isHuge
                            ? "Such a row is lost. Limit the length of compared values, and fail longer ones with a "
                                + "reason"
                            : "Such rows have no score, and each takes the whole timeout. Make sure that the work for a row ends"),
                    key: "step")
                return false
            }
            if loss != nil || result.outcome == .pluginCrashed {
                add(
                    "crash", .error,
                    "\(reason), on \(place). Such rows are lost; inside the engine's process, the whole run would be. "
                        + "Run it on such a row in a debugger or with -fsanitize=address", key: "step")
                return false
            }
            judge(result, cause, place, asks)
            checkRanges(result, description, place)
            if replies.content == .failed && asks && result.outcome == .scored {
                add(
                    "replies", .warning,
                    "\(place) got a score although all model requests failed. This is not a model's judgement. Call "
                        + "fail with ASSAY_ROW_MODEL_ERROR", key: "failed")
            }
        }
        return true
    }

    private func judge(_ result: Result, _ cause: UnscoredReason?, _ place: String, _ asks: Bool) {
        let reason = cause?.description ?? ""
        switch result.outcome {
        case .scored: return
        case .modelError where !asks, .notAsked where !asks:
            add(
                "outcome", .error,
                "\(place) ended as \(result.outcome.name), but the scorer does not ask a model, so its users will "
                    + "look for the fault in the wrong place. Use ASSAY_ROW_SCORER_ERROR or "
                    + "ASSAY_ROW_INPUT_ERROR", key: "outcome")
        default: break
        }
        if reason.isEmpty {
            add(
                "reason", .warning,
                "\(place) has no score, and its reason is empty. State the reason in words", key: "empty")
        }
        switch cause {
        case .noScore:
            let isExplained = check.findings.contains { $0.check == "host-services" && $0.scorer == trial.scorer }
            if isExplained { return }
            add(
                "rows", .error,
                "\(reason): \(place). Users cannot tell why it is missing. Call emit with its score, or fail with a "
                    + "reason",
                key: "rows")
        case .badOutput:
            add(
                "outputs", .error,
                "\(reason): \(place). The row loses its score. Return values as the output declares them",
                key: reason)
        case .gaveUp:
            add(
                "status", .error,
                "\(reason): step returned an error, on \(place). All rows of the batch without a score are lost for one. Call "
                    + "fail for the row that is at fault, and return ASSAY_OK", key: "status")
        case .noStatistics:
            let isExplained = check.findings.contains { $0.check == "host-services" && $0.scorer == trial.scorer }
            if isExplained { return }
            add(
                "statistics", .error,
                "\(reason): \(place). The row loses its score. Call emit_statistics for each row that gets a score, with a "
                    + "number for each of the description's statistics", key: "statistics")
        case .words, .lost, .notTried, .nothingAsked, nil: break
        }
    }

    private func checkRanges(_ result: Result, _ description: ScorerDescription, _ place: String) {
        for (output, cell) in zip(description.outputs, result.cells) {
            guard let range = output.range, let cell, cell.count == 8 else { continue }
            let bits = cell.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let value: Double
            switch output.type {
            case .f64: value = Double(bitPattern: bits)
            case .i64: value = Double(Int64(bitPattern: bits))
            default: continue
            }
            if range.contains(value) { continue }
            add(
                "range", .error,
                "the output \"\(output.name)\" is \(value), but its declared range is \(range.lowerBound) to "
                    + "\(range.upperBound): \(place). Bounds of unfinished runs are computed from the range. Correct "
                    + "one of them", key: output.name)
        }
    }

    private func preview(_ row: [CheckCell], _ inputs: [ColumnDescription]) -> String {
        zip(inputs, row).map { "\($0.name): \($1.preview)" }.joined(separator: ", ")
    }

    // MARK: The same rows in another way

    /// Scores the same rows in batches of other sizes, and backwards. Returns false if the plugin did not survive.
    private func compareBatches(_ all: CheckRows) -> Bool {
        // As many as 1,000 in one batch.
        let rows = (0..<1000).map { all.rows[$0 % all.rows.count] }
        guard let whole = score(CheckRows(name: "1000 rows of all kinds", rows: rows)) else { return false }
        let count = min(rows.count, all.rows.count)
        for size in [1, 7] {
            guard let scorer = makeScorer() else { return false }
            let call = ScorerCall(scorer)
            var parts: [Result] = []
            while parts.count < count {
                let slice = Array(rows[parts.count..<min(parts.count + size, count)])
                guard let part = score(CheckRows(name: "a batch of \(size)", rows: slice), with: call) else {
                    return false
                }
                parts += part
            }
            if compare(parts, whole, rows, "in batches of \(size)", "in one batch of 1000", scorer) { return true }
        }
        guard let scorer = makeScorer(),
            let backwards = score(
                CheckRows(name: "1000 rows backwards", rows: rows.reversed()), with: ScorerCall(scorer))
        else { return false }
        if compare(backwards.reversed(), whole, rows, "in reversed order", "in order", scorer) { return true }
        guard let again = score(CheckRows(name: "1000 rows again", rows: rows)) else { return false }
        _ = compare(again, whole, rows, "in another instance", "before", scorer)
        return true
    }

    /// Returns whether they differ, which is then a finding.
    func compare(
        _ ones: [Result], _ others: [Result], _ rows: [[CheckCell]], _ how: String, _ reference: String,
        _ scorer: Scorer
    ) -> Bool {
        for (row, (one, other)) in zip(ones, others).enumerated() where one != other {
            let output = zip(one.cells, other.cells).enumerated().first { $1.0 != $1.1 }?.offset
            let statistic = zip(one.statistics ?? [], other.statistics ?? []).enumerated().first { $1.0 != $1.1 }?
                .offset
            let what =
                output.map { "output \"\(scorer.description.outputs[$0].name)\"" }
                ?? statistic.map { "statistic \"\(scorer.description.statistics[$0])\"" } ?? "outcome"
            add(
                "determinism", .error,
                "the \(what) of row \(row) (\(preview(rows[row], scorer.description.inputs))) differs when the same "
                    + "rows are scored \(how) and \(reference). Results would depend on how a run is divided into "
                    + "batches. A row's result may only depend on the row, its replies and the "
                    + "parameters", key: "determinism")
            return true
        }
        return false
    }

    /// Runs calls of one instance side by side, where it says that this is fine. Returns false if it did not survive.
    private func race(_ all: CheckRows) -> Bool {
        // What differs from call to call differs from thread to thread, and is one fault.
        if check.findings.contains(where: { $0.check == "determinism" && $0.scorer == trial.scorer }) { return true }
        guard let scorer = makeScorer(), scorer.description.concurrency == .parallel,
            let isolated = scorer.instance as? IsolatedScorer
        else { return true }
        let batch = CheckBatch(scorer.description.inputs, all.rows)
        let (threadCount, rounds) = (4, 5)
        for _ in 0..<rounds {
            guard case .worker(let worker) = isolated.takeWorker() else { return false }
            defer { plugin.giveBack(worker) }
            do throws(WorkerLoss) {
                let row = try batch.withBatch { batch throws(WorkerLoss) in
                    try worker.race(threadCount, of: isolated.instance, BatchWriter(batch, 0..<all.rows.count))
                }
                guard let row, row < all.rows.count else { continue }
                add(
                    "threads", .error,
                    "the results of row \(row) (\(preview(all.rows[row], scorer.description.inputs))) differ between "
                        + "\(threadCount) threads that score the same rows at once with one instance. "
                        + "\(Self.whyThreads)",
                    key: "race")
                return true
            } catch {
                add(
                    error.check, .error,
                    "\(error.description), when \(threadCount) threads scored the same rows at once with one instance. "
                        + Self.whyThreads, key: "race")
                return false
            }
        }
        return true
    }

    private static let whyThreads =
        "Its concurrency is ASSAY_CONCURRENCY_PARALLEL, so the engine does this. Keep the state of a call in the "
        + "call, or declare ASSAY_CONCURRENCY_INSTANCE_SERIAL or _PROCESS_SERIAL"

    // MARK: Calls that end early, and models that fail

    /// Cancels calls, before and between steps. Returns false if the plugin did not survive.
    private func cancel(_ all: CheckRows) -> Bool {
        guard let scorer = makeScorer() else { return false }
        let cancellation = Cancellation()
        cancellation.cancel()
        let batch = CheckBatch(scorer.description.inputs, all.rows)
        for mark in [cancellation, Cancellation()] {
            let call = ScorerCall(scorer, cancellation: mark)
            call.prepare(rowCount: batch.rowCount)
            _ = call.start(batch.columns, rowCount: batch.rowCount)
            // Where requests are open, the call is freed with them.
            call.cancel(.notAsked, "the check cancelled it")
            for row in 0..<batch.rowCount where call.results.outcomes[row] == .pluginCrashed {
                let reason = call.results.reason(of: row) ?? ""
                add(
                    "crash", .error,
                    "\(reason), in a call that was cancelled, on row \(row) of \(all.name). A stopped run ends in "
                        + "this way. Return ASSAY_E_CANCELLED, or continue", key: "cancel")
                return false
            }
        }
        // Makes the worker free the calls.
        if let worker = plugin.worker() { plugin.giveBack(worker) }
        let known = check.findings.count
        check.reportEvents(of: trial.scorer)
        return check.findings[known...].allSatisfy { $0.check != "crash" && $0.check != "hang" }
    }

    /// Looks whether a scorer that reads JSON takes a text that was cut off, or is not JSON, for a whole one.
    private func breakJSON(_ inputs: [ColumnDescription]) -> Bool {
        guard let scorer = makeScorer(), scorer.description.roles.isEmpty else { return true }
        let whole = "{\"city\": \"Bern\", \"pop\": 134000}"
        let broken = ["{\"city\": \"Bern\", \"pop\": 134000", "{city: \"Bern\" \"pop\": 134000 ]]"]
        for (place, input) in inputs.enumerated() where input.type == .text {
            let rows = [whole, "It is the city of Bern."] + broken
            let cells = rows.map { text -> [CheckCell] in
                zip(inputs.indices, CheckRows.ordinary(inputs, 1)[0]).map { index, cell in
                    if index == place { return .text(text) }
                    return inputs[index].type == .text || inputs[index].type == .json ? .text(whole) : cell
                }
            }
            guard let results = score(CheckRows(name: "rows of JSON that is broken", rows: cells)) else { return false }
            // A scorer that gives prose a score does not read JSON there.
            guard results[0].outcome == .scored, results[1].outcome != .scored else { continue }
            guard let taken = (2..<rows.count).first(where: { results[$0].outcome == .scored }) else { continue }
            add(
                "json", .warning,
                "it scores the \(input.name) \(rows[taken].debugDescription), which is not JSON, although it rejects "
                    + "prose. A truncated answer would count like a complete one. Use a reader that rejects "
                    + "invalid JSON (kit_json_read in C), and fail the row as unparsed", key: "json \(input.name)")
        }
        return true
    }

    // MARK: Memory

    /// Makes instances and calls again and again, and looks whether the heap grows each time.
    private func checkMemory(_ inputs: [ColumnDescription]) {
        let rows = CheckRows(name: "ordinary rows", rows: CheckRows.ordinary(inputs, 100))
        var sizes: [Int] = []
        let (rounds, repetitions) = (5, 8)
        for _ in 0..<rounds {
            for _ in 0..<repetitions where score(rows) == nil { return }
            guard let worker = plugin.worker() else { return }
            let probe = try? worker.probe()
            plugin.giveBack(worker)
            guard let probe else { return }
            sizes.append(probe.heapBytes)
        }
        // What grows once, such as a cache, is not a leak: only the later rounds count, and each of them must have grown.
        let steps = zip(sizes.dropFirst(2), sizes.dropFirst()).map { $0 - $1 }
        let least = 4096
        guard let smallest = steps.min(), smallest >= least else { return }
        let growth = steps.reduce(0, +) / steps.count / repetitions
        add(
            "memory", .warning,
            "the heap grows by about \(growth) bytes each time that an instance is created, scores \(rows.rows.count) "
                + "rows and is destroyed. A long run will run out of memory. Free the memory of a call in call_free, "
                + "and that of an instance in destroy", key: "memory")
    }
}

extension UnscoredReason {
    /// The loss of a worker that the plugin is to blame for.
    fileprivate var loss: WorkerLoss? {
        switch self {
        case .lost(let loss), .notTried(_, let loss): loss.isFaultOfPlugin ? loss : nil
        case .words, .noScore, .noStatistics, .badOutput, .gaveUp, .nothingAsked: nil
        }
    }
}
