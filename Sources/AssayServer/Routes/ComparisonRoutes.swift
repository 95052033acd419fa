import HTTPTypes
import JSON
import Runs
import Statistics

/// `/v1/comparisons` and `/v1/agreements`: what `assay compare` and `assay agree` do, over the server's results.
enum ComparisonRoutes {
    static let all: [Route] = [
        Route(
            .post, "/v1/comparisons",
            Operation(
                id: "compareRuns", summary: "Compare the scores of two results, jobs or datasets, row by row.",
                request: "ComparisonRequest", response: "Comparison",
                errors: [
                    ("409", "Something is not the same in both runs, or a run's rows are not there."),
                    ("410", "The rows were unregistered."), ("422", "The rows do not belong together."),
                ]), compare),
        Route(
            .post, "/v1/agreements",
            Operation(
                id: "agreeRuns", summary: "Compare judgements with labels, or with one another.",
                request: "AgreementRequest", response: "Agreement",
                errors: [
                    ("409", "A run's rows are not there."), ("410", "The rows were unregistered."),
                    ("422", "The rows do not belong together."),
                ]), agree),
    ]

    @Sendable private static func compare(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        let (a, b) = (try run("a", in: body, service), try run("b", in: body, service))
        let options = try options(body)
        do {
            let comparison = try Comparison(a, b, options: options)
            let json = comparison.json.object ?? [:]
            if comparison.isComparable { return .json(.object(json)) }
            return refused(comparison.refusals, json)
        } catch let refusal as Refusal {
            return refused([refusal], ["comparable": false, "refusals": [refusal.json]])
        } catch let error as RunError {
            throw APIError.invalid(error.message, code: "invalid_comparison")
        }
    }

    @Sendable private static func agree(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        let place = try body.required("runs", "an array of results, jobs or datasets")
        guard let references = place.value.array, !references.isEmpty, references.count <= runLimit else {
            throw place.fault("an array of 1 to \(runLimit) results, jobs or datasets")
        }
        let runs = try references.enumerated().map { index, value in
            try service.run(reference(value, at: place.pointer.appending(index).description))
        }
        var options = AgreementOptions()
        options.key = try body.columns("key")
        options.functions = try body.columns("functions") ?? []
        options.threshold = try body.number("threshold", above: -.infinity)
        options.disagreements = 0
        for (old, new) in try body.member("map_labels")?.object().members ?? [] {
            options.labelMap.append((old, new.string ?? new.text))
        }
        if let place = body.member("labels") {
            let column = try place.text("the name of a column")
            // A file's name would be read here.
            guard runs[0].columns.contains(column) else {
                throw place.invalid(
                    "the rows have no column \(quoted(column)); they have: \(runs[0].columns.joined(separator: ", "))")
            }
            options.labels = column
        }
        do {
            return .json(try Agreement(runs, options: options).json)
        } catch let refusal as Refusal {
            return refused([refusal], ["refusals": [refusal.json]])
        } catch let error as RunError {
            throw APIError.invalid(error.message, code: "invalid_agreement")
        }
    }

    private static let runLimit = 20
    private static let regressionLimit = 10_000

    /// The error of a refusal: the members of the comparison, and those of an error.
    private static func refused(_ refusals: [Refusal], _ json: JSONObject) -> RouteResponse {
        guard let first = refusals.first else { return .json(.object(json)) }
        var json = json
        var error = APIError.conflict(first.description)
        error.code = first.code.rawValue
        error.param = first.pointer
        if !first.code.canBeAllowed { error.status = .unprocessableContent }
        json["error"] = error.json["error"]
        return .json(.object(json), status: error.status)
    }

    private static func run(_ name: String, in body: RequestBody.Place, _ service: Service) throws -> SavedRun {
        let place = try body.required(name, referenceExpected)
        return try service.run(reference(place.value, at: place.pointer.description))
    }

    private static let referenceExpected = "{\"result_id\": …}, {\"job_id\": …} or {\"dataset_id\": …}"

    private static func reference(_ value: JSONValue, at pointer: String) throws(APIError) -> RunReference {
        if let members = value.object?.members, members.count == 1, let id = members[0].value.string {
            switch members[0].key {
            case "result_id": return .result(id)
            case "job_id": return .job(id)
            case "dataset_id": return .dataset(id)
            default: break
            }
        }
        throw .invalid(
            "\(pointer): expected one of \(referenceExpected), each a string", code: "invalid_shape", at: pointer)
    }

    private static func options(_ body: RequestBody.Place) throws(APIError) -> ComparisonOptions {
        var options = ComparisonOptions()
        options.key = try body.columns("key")
        options.functions = try body.columns("functions") ?? []
        options.cluster = try body.columns("cluster")
        options.averagesSamples = try body.member("samples")?.bool() ?? false
        options.sliceColumns = try body.columns("by") ?? []
        options.answerColumns = try body.columns("answer_columns") ?? []
        if let level = try body.number("level", above: 0.5, below: 1) { options.level = level }
        options.margin = try body.number("margin", above: 0)
        options.detect = try body.number("detect", above: 0)
        if let place = body.member("adjust") {
            guard let method = place.value.string.flatMap({ Adjustment(rawValue: $0) }) else {
                throw place.fault("\"holm\", \"bh\" or \"none\"")
            }
            options.adjustment = method
        }
        if let place = body.member("regressions") {
            guard let count = place.value.number?.int, (0...regressionLimit).contains(count) else {
                throw place.fault("an integer from 0 to \(regressionLimit)")
            }
            options.regressions = count
        }
        for name in try body.columns("allow") ?? [] {
            guard let code = Refusal.Code(rawValue: name), code.canBeAllowed else {
                let known = Refusal.Code.allCases.filter(\.canBeAllowed).map(\.rawValue).joined(separator: ", ")
                throw .invalid(
                    "/allow: \(quoted(name)) cannot be allowed; expected \(known)", code: "invalid_shape", at: "/allow")
            }
            options.allowed.insert(code)
        }
        return options
    }
}

extension RequestBody.Place {
    /// A name, or an array of names; nil if it is missing.
    fileprivate func columns(_ key: String) throws(APIError) -> [String]? {
        guard let place = member(key) else { return nil }
        if let name = place.value.string { return [name] }
        let names = try place.texts()
        guard names.count <= 100 else { throw place.fault("at most 100 names") }
        return names.isEmpty ? nil : names
    }

    /// A number between two; nil if it is missing.
    fileprivate func number(
        _ key: String, above least: Double, below greatest: Double = .infinity
    ) throws(APIError) -> Double? {
        guard let place = member(key) else { return nil }
        guard let number = place.value.number?.double, number > least, number < greatest else {
            throw place.fault(
                greatest.isFinite ? "a number above \(least) and below \(greatest)" : "a number above \(least)")
        }
        return number
    }

    fileprivate func invalid(_ message: String) -> APIError {
        .invalid("\(pointer): \(message)", code: "invalid_shape", at: pointer.description)
    }
}
