import JSON
import Platform

/// A job of EvalHub: the member names are those of `JobSpec` in EvalHub's SDK for adapters (eval-hub-sdk 1.0).
struct EvalHubJob {
    let id: String
    let providerID: String
    let benchmarkID: String
    let benchmarkIndex: Int
    /// Empty for answers that were generated elsewhere.
    let modelURL: String
    let modelName: String
    /// A folder with the model's credentials, as a `file:///` URL.
    let secret: String?
    let parameters: JSONPlace
    let callbackURL: String
    let limit: Int?
    /// The metric that is the job's overall score.
    let primaryMetric: String?

    init(file: String) throws {
        let bytes: [UInt8]
        do throws(RegularFile.Fault) {
            bytes = try RegularFile.read(file, limit: 16 << 20)
        } catch {
            throw Failure(
                "the job's specification, \(file), \(error.message); name the file with --spec or EVALHUB_JOB_SPEC_PATH"
            )
        }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw Failure("\(file): \(error)")
        }
        do {
            try self.init(JSONPlace(json))
        } catch {
            throw Failure("\(file): \(error)")
        }
    }

    /// Members that adapters need not know are ignored: newer servers have more of them.
    private init(_ place: JSONPlace) throws(JSONFault) {
        id = try place.required("id", .nonEmptyText())
        providerID = try place.required("provider_id", .text)
        benchmarkID = try place.required("benchmark_id", .nonEmptyText())
        benchmarkIndex = try place.optional("benchmark_index", .integer(from: 0)) ?? 0
        guard let model = place["model"] else { throw place.missing("model", "an object") }
        modelURL = try model.optional("url", .text) ?? ""
        modelName = try model.required("name", .nonEmptyText())
        secret = try model["auth"]?.optional("secret_ref", .text)
        parameters = place["parameters"] ?? JSONPlace([:], at: JSONPointer("/parameters"))
        _ = try parameters.read(.object)
        callbackURL = try place.required("callback_url", .text)
        limit = try place.optional("num_examples", .integer(from: 1))
        primaryMetric = try place["primary_score"]?.optional("metric", .text)
    }
}
