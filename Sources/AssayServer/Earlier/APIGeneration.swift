import HTTPTypes
import Hummingbird
import JSON

/// The generation of the Llama Stack API that a client was written for, which determines the form of a response.
///
/// The paths tell them apart until December 2024 (see ``EarlierRoutes``), the version of the client since then.
enum APIGeneration: Int, Comparable, Sendable {
    /// The first version of the evaluation API, October 2024: `/evals/run_scorer`.
    case first
    /// `llama-stack-client` 0.0.48 to 0.0.50: `/scoring/score_batch`. Aggregates are not nested.
    case november2024
    /// 0.0.53 to 0.0.63: `/alpha/…`. A list is an array.
    case december2024
    /// 0.1.0 to 0.1.7: `/v1/eval-tasks`. What does not exist is null, and a job's status is a string.
    case early2025
    /// 0.1.8 and later.
    case current

    static func < (one: APIGeneration, other: APIGeneration) -> Bool { one.rawValue < other.rawValue }

    /// Whether a list is an array, instead of an object with the member `data`.
    var listsAreBare: Bool { self < .early2025 }
    /// Whether a request for an object that does not exist returns null, instead of status 404.
    var missingIsNull: Bool { self < .current }
    /// Whether a job is returned as the string of its status, instead of an object.
    var statusIsText: Bool { self < .current }
    /// Whether objects also have the members that were renamed in later versions, such as `dataset_schema`.
    var hasEarlierMembers: Bool { self < .current }
    /// Whether the aggregates of a function are one object, instead of one for each aggregation.
    var aggregatesAreFlat: Bool { self < .december2024 }

    /// The generation of a client by its version, which clients send since 0.1.0.
    init(of request: Request) {
        let version = Self.versionHeader.flatMap { request.headers[$0] } ?? ""
        let numbers = version.split(separator: ".").prefix(3).map { Int($0.prefix { ("0"..."9").contains($0) }) ?? 0 }
        let isEarly = numbers.count == 3 && numbers.lexicographicallyPrecedes([0, 1, 8])
        self = isEarly ? .early2025 : .current
    }

    /// The results of scoring functions, by identifier, as the client reads them.
    func form(of scores: JSONObject) -> JSONObject {
        guard aggregatesAreFlat else { return scores }
        return JSONObject(scores.members.map { ($0.key, ScoringRoutes.flattened($0.value)) })
    }

    private static let versionHeader = HTTPField.Name("X-LlamaStack-Client-Version")
}
