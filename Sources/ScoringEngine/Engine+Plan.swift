import Concurrency
import Datasets
import Inference
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions

/// What is settled before a run: functions, columns, models.
extension Engine {
    private func inference(of request: ScoringRequest) throws(EngineError) -> InferenceService? {
        if let own = request.inference { own } else { try modelAccess.service() }
    }

    func plan(
        _ request: ScoringRequest, _ rows: FirstRows, writesRows: Bool, writesResults: Bool
    ) throws(EngineError) -> RunPlan {
        let definitions = request.definitions ?? definitions
        var columns = ColumnPlan(mapping: request.mapping)
        var functions: [BoundFunction] = []
        var calls = 0
        for (identifier, parameters) in request.functions {
            var function: ScoringFunction
            do {
                function = try definitions.find(identifier).overriding(with: parameters)
            } catch let error as UnknownFunction {
                if AggregationFunction(rawValue: identifier) != nil {
                    throw EngineError(
                        .unknownFunction,
                        "\"\(identifier)\" is an aggregation of scores, not a scoring function; name a function that "
                            + "produces scores, such as basic::equality or basic::subset_of",
                        remedy: .listFunctions(near: []),
                        cause: error)
                }
                throw EngineError(
                    .unknownFunction, error.description, remedy: .listFunctions(near: error.nearIdentifiers),
                    cause: error)
            } catch {
                throw EngineError(.invalidDefinition, "\(identifier): \(error)", cause: error)
            }
            if functions.contains(where: {
                !$0.isFurtherScore && ExactText($0.function.identifier) == ExactText(identifier)
            }) {
                throw EngineError(.invalidDefinition, "\(identifier) is named twice in one run")
            }
            function.limits = limits
            try function.nameColumns(of: rows, mapping: request.mapping, warn: request.warn)
            let scorer =
                if let spare = spareScorers.take(for: function) { spare } else {
                    try bind(function, parametersFrom: parameters == nil ? nil : "the request's parameters")
                }
            // A spare scorer may have been created for other aggregations.
            try function.checkAggregations(
                of: scorer, parametersFrom: parameters == nil ? nil : "the request's parameters")
            let inputs = scorer.description.inputs.map { columns.column($0.name, $0.type) }
            let bound = BoundFunction(
                function, scorer: scorer, columns: inputs, models: try models(of: scorer, function, request),
                takesAnyOf: scorer.description.parameters?["properties"]?["any_of"] != nil, call: calls)
            calls += 1
            functions += [bound] + bound.furtherScores
        }
        try checkNames(functions)
        if functions.isEmpty { throw EngineError(.unknownFunction, "no scoring function was named") }
        let filters = request.filters.map { filter in
            RowSelection(filter, column: columns.column(filter.column, .text))
        }
        let failureColumn = (request.failureColumn ?? request.dataset.failureColumn).map { columns.column($0, .json) }
        let skipColumn = request.skipColumn.map { columns.column($0, .bool) }
        let groups = request.groupColumns.map { columns.column($0, .json) }
        func units(_ names: [String], _ option: String) -> UnitColumns? {
            names.isEmpty
                ? nil : UnitColumns(columns: names.map { columns.column($0, .json) }, names: names, option: option)
        }
        let cluster = units(request.clusterColumns, "--cluster")
        let question = units(request.questionColumns, "--samples")
        try checkMapping(
            columns, functions,
            request.filters.map(\.column) + request.groupColumns + request.clusterColumns + request.questionColumns)
        return RunPlan(
            dataset: request.dataset, functions: functions, columns: columns, filters: filters,
            failureColumn: failureColumn, skipColumn: skipColumn, groups: groups,
            groupNames: request.groupColumns, groupLimit: request.groupLimit, cluster: cluster, question: question,
            passThreshold: request.passThreshold,
            limit: request.limit, samples: request.samples, retriedOutcomes: request.retriedOutcomes,
            refusesWrongShapes: request.refusesWrongShapes,
            includesInput: request.includesInput, writesRows: writesRows, writesResults: writesResults,
            keepsDistribution: request.keepsDistribution, examples: request.unscoredExamples * functions.count,
            formatter: RowFormatter(functions, includesInput: request.includesInput, samples: request.samples))
    }

    /// A score beside "score" and a function may have one name.
    private func checkNames(_ functions: [BoundFunction]) throws(EngineError) {
        var seen: Set<ExactText> = []
        for function in functions where !seen.insert(ExactText(function.function.identifier)).inserted {
            let identifier = function.function.identifier
            throw EngineError(
                .invalidDefinition,
                "\(identifier) is the name of a function and of a score of another function; leave out one of them, or "
                    + "rename it")
        }
    }

    /// A mapped column that nothing reads is probably a typing error that would change the result.
    private func checkMapping(
        _ columns: ColumnPlan, _ functions: [BoundFunction], _ filtered: [String]
    ) throws(EngineError) {
        let read = Set(functions.flatMap { $0.description.inputs.map(\.name) } + filtered)
        for name in columns.mapping.keys.sorted() where !columns.usedMappings.contains(name) {
            let names = read.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            throw EngineError(
                .missingColumn,
                "\"\(name)\" is mapped, but no function reads a column with that name; the functions read \(names)"
            )
        }
    }

    /// The models that a scorer asks, by role. A missing model must be detected before the run, not row by row, when other
    /// models have already been paid for.
    private func models(
        of scorer: Scorer, _ function: ScoringFunction, _ request: ScoringRequest
    ) throws(EngineError) -> [String: Model] {
        var models: [String: Model] = [:]
        for role in scorer.description.roles {
            let usual = role == "judge" ? request.judgeModel ?? function.usualJudgeModel : nil
            guard let name = function.modelName(for: role) ?? usual else {
                throw EngineError(
                    .model,
                    "\(function.identifier): its scorer asks a model in the role \"\(role)\", but no model is named. "
                        + "Name it with the parameter \"\(role)_model\"", remedy: role == "judge" ? .nameJudge : nil)
            }
            guard let inference = try inference(of: request) else {
                throw EngineError(
                    .model,
                    "\(function.identifier) asks the model \"\(name)\", but the engine has no access to models")
            }
            do throws(InferenceError) {
                models[role] = try inference.catalog.find(name)
            } catch {
                throw EngineError(
                    .model, "\(function.identifier): \(error.message)",
                    remedy: error.code == .unknownModel ? .addModel : nil, cause: error)
            }
        }
        return models
    }

    /// The queue for the requests of a run; nil if no function asks a model.
    func modelRequests(
        for plan: RunPlan, _ request: ScoringRequest, _ cancellation: Cancellation
    ) throws(EngineError) -> ModelRequestQueue? {
        guard plan.asksModels, let session = try session(of: request) else { return nil }
        do throws(InferenceError) {
            for function in plan.functions {
                for model in function.models.values { try session.check(model) }
            }
        } catch {
            throw EngineError(.model, error.message)
        }
        return ModelRequestQueue(
            plan, session, request.isDryRun ? DryRun(isInBatches: request.isInBatches) : nil,
            patience: request.patience, cancellation)
    }

    func session(of request: ScoringRequest) throws(EngineError) -> InferenceSession? {
        if let session = request.session { return session }
        return try inference(of: request)?.session(limits: request.budget)
    }

    /// A reader at the start of the dataset, which has been checked for the columns that the run needs.
    func checkedReader(
        _ plan: RunPlan, _ rows: FirstRows, _ request: ScoringRequest
    ) throws(EngineError) -> ChunkReader {
        var reader: ChunkReader
        do {
            reader = try rows.open(plan.columnNames)
        } catch {
            throw EngineError(.dataset, error.description)
        }
        if plan.dataset.isLive { return reader }
        var check = ColumnCheck(plan)
        try check.run(&reader)
        warnOfReasoning(in: &reader, of: plan, request)
        // Rows that wait for models are completed one by one, but their lines are written with those of their chunk.
        if plan.asksModels { reader.cutsChunks(ofSize: 4 << 10) }
        return reader
    }

    /// Looks for thinking in the answers of the first rows; usually, either all rows have it or none.
    private func warnOfReasoning(in reader: inout ChunkReader, of plan: RunPlan, _ request: ScoringRequest) {
        let isRead = plan.functions.contains { $0.description.inputs.contains { $0.name == answerColumn } }
        guard isRead, request.reasoning == .keep, let first = try? reader.peek(),
            first.hasReasoning(in: request.source(of: answerColumn))
        else { return }
        request.warn(
            "\(plan.dataset.name): the column \(quoted(request.source(of: answerColumn))) holds a model's thinking "
                + "(</think>), which is scored as part of its answers; to remove it, use --reasoning strip")
    }
}
