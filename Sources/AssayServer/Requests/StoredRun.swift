import Datasets
import Evaluation
import HTTPTypes
import JSON
import Runs
import Store

/// What a request names as a run: a result, a job, or a dataset of scored rows.
enum RunReference {
    case result(String)
    case job(String)
    case dataset(String)
}

extension Service {
    /// A run of the registry, as `assay compare` and `assay report` read one from a folder.
    ///
    /// - Throws: if it does not exist, or if its rows are not there.
    func run(_ reference: RunReference) throws -> SavedRun {
        switch reference {
        case .result(let id):
            guard let result = try registry.result(id) else {
                throw APIError.unknown("result", id, listedBy: "/v1/scoring/results")
            }
            return try run(result, "the result \(id)")
        case .job(let id):
            guard let job = try registry.job(id) else {
                throw APIError.notFound("there is no job \(quoted(id))", code: "unknown_job")
            }
            guard job.finished != nil else {
                throw APIError.notReady("the job \(id) is \(job.status.rawValue)", code: "job_not_finished")
            }
            guard let result = try registry.result(ofJob: id) else {
                throw APIError.notReady(
                    "the job \(id) has no result: \(job.error ?? "it was not kept")", code: "job_failed")
            }
            return try run(result, "the job \(id)")
        case .dataset(let id):
            let dataset = try whole(DatasetRoutes.find(id, self))
            if let result = try registry.result(rowsIn: id) { return try run(result, "the dataset \(id)") }
            let contents = try ScoredColumns(registry, dataset)
            guard !contents.functions.isEmpty else {
                throw APIError.invalid(
                    "the dataset \(quoted(id)) has no scored rows: no row has \"scores\"; score it with "
                        + "save_results_dataset", code: "no_scores")
            }
            return SavedRun(
                path: "the dataset \(id)", name: id, manifest: nil, functions: contents.functions, definitions: [:],
                columns: contents.columns, rows: rows(of: dataset))
        }
    }

    private func run(_ result: StoredResult, _ path: String) throws -> SavedRun {
        guard let rowsID = result.rowsDatasetID else {
            throw APIError.notReady(
                "\(path): the rows were not kept; score with save_results_dataset", code: "rows_not_kept")
        }
        guard let dataset = try registry.dataset(rowsID) else {
            throw APIError(
                status: .gone, type: "not_found_error", code: "rows_gone",
                message: "\(path): the dataset \(rowsID) of its rows was unregistered")
        }
        let job = try result.jobID.flatMap { try registry.briefJob($0) }
        var columns = try ScoredColumns(registry, dataset).columns
        // Beside the answer, what a model generated is no data that a comparison could be of.
        if result.jobID != nil { columns.removeAll(where: Self.sideColumns.contains) }
        var provenance =
            result.origin["provenance"]?.object ?? [
                "dataset": ["source": .string(result.datasetID)],
                "functions": .object(JSONObject(result.functions.map { ($0, JSONValue.object([:])) })),
            ]
        var origin = provenance["dataset"]?.object ?? [:]
        origin["columns"] = .object(JSONObject(columns.map { ($0, JSONValue.object([:])) }))
        provenance["dataset"] = .object(origin)
        // Nothing is known of the functions of other engines.
        var functions = provenance["functions"]?.object ?? [:]
        for name in result.functions where functions[name] == nil { functions[name] = [:] }
        provenance["functions"] = .object(functions)
        var manifest: JSONObject = [
            "schema": .string(SavedRun.schema), "status": job?.status == .cancelled ? "interrupted" : "complete",
        ]
        let name = job?.candidateName ?? result.datasetID
        manifest["name"] = .string(name)
        manifest["provenance"] = .object(provenance)
        manifest["results"] = result.aggregates
        return SavedRun(
            path: path, name: name, manifest: manifest, functions: result.functions,
            definitions: Dictionary(
                (result.origin["definitions"]?.object?.members ?? []).map { ($0.key, $0.value) },
                uniquingKeysWith: { $1 }), columns: columns, rows: rows(of: dataset))
    }

    private static let sideColumns = Set(
        [GeneratedColumn.reasoning, .toolCalls, .finishReason, .generationError].map(\.rawValue))

    private func rows(of dataset: StoredDataset) -> RowsSource {
        RowsSource(hasInput: false) { [registry] in StoredRows(registry, dataset) }
    }
}

/// What the first rows of a dataset hold.
private struct ScoredColumns {
    /// The columns beside the scores.
    let columns: [String]
    let functions: [String]

    private static let rows = 100

    init(_ registry: Registry, _ dataset: StoredDataset) throws {
        var (columns, functions): (Set<String>, Set<String>) = ([], [])
        let lines = try StoredRows(registry, dataset, rows: 0..<Self.rows).page(separator: UInt8(ascii: "\n"))
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard let row = try? JSONValue(parsing: Array(line)).object else { continue }
            functions.formUnion(row["scores"]?.object?.keys ?? [])
            columns.formUnion(row.keys.filter { $0 != "row" && $0 != "scores" })
        }
        self.columns = columns.sorted()
        self.functions = functions.sorted()
    }
}
