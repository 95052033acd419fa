public import JSON
import Platform
import Statistics

/// How far judges agree with people, as `assay agree --save` wrote it.
public struct Calibration: Sendable {
    static let schema = "assay.agreement/1"

    /// By function.
    private let judges: JSONObject
    public let path: String

    public init(_ path: String) throws(RunError) {
        self.path = path
        let bytes: [UInt8]
        do throws(RegularFile.Fault) {
            bytes = try RegularFile.read(path, limit: 16 << 20)
        } catch {
            throw RunError("--calibration \(path): \(error.message)")
        }
        guard let json = try? JSONValue(parsing: String(decoding: bytes, as: UTF8.self)),
            json["schema"]?.string == Self.schema, let judges = json["judges"]?.object
        else {
            throw RunError(
                "--calibration \(path): not an agreement with people; 'assay agree RUN --labels COLUMN --save FILE' "
                    + "writes one")
        }
        self.judges = judges
    }

    /// What is known of a judge.
    ///
    /// - Parameter judge: what it is now: `model`, `models`, `prompt_sha256` and `served`.
    public func check(_ function: String, judge: JSONValue) -> JudgeCheck {
        guard let entry = judges[function] else { return .unchecked }
        let measured = entry["judge"] ?? .null
        for member in ["prompt_sha256", "model", "models", "served"] {
            guard let then = measured[member], let now = judge[member], then != .null, now != .null, then != now else {
                continue
            }
            let values = ": \(RunChecks.text(then)), now \(RunChecks.text(now))"
            let difference =
                switch member {
                case "prompt_sha256": "the prompt has changed"
                case "served": "the model that replies has changed" + values
                default: "the model has changed" + values
                }
            return .outdated(entry["agreement"] ?? .null, difference: difference)
        }
        return .checked(entry["agreement"] ?? .null)
    }
}

/// Whether a judge was held against what people say.
public enum JudgeCheck: Sendable, Hashable {
    /// With the agreement, as in the JSON of `assay agree`.
    case checked(JSONValue)
    /// The judge was another one then.
    case outdated(JSONValue, difference: String)
    case unchecked

    /// Reads what a saved run says of a judge.
    package init?(_ json: JSONValue?) {
        guard let json, let agreement = json["agreement"] else { return nil }
        if let difference = json["difference"]?.string {
            self = .outdated(agreement, difference: difference)
        } else {
            self = .checked(agreement)
        }
    }

    /// For results; nil for a judge that nothing is known of.
    public var json: JSONValue? {
        switch self {
        case .checked(let agreement): ["current": true, "agreement": agreement]
        case .outdated(let agreement, let difference):
            ["current": false, "difference": .string(difference), "agreement": agreement]
        case .unchecked: nil
        }
    }

    /// A sentence for a table.
    public var text: String {
        switch self {
        case .checked(let agreement): "checked against people: " + Self.summary(agreement)
        case .outdated(let agreement, let difference):
            "checked against people when the judge was another one (\(difference)): " + Self.summary(agreement)
        case .unchecked: "not checked against people"
        }
    }

    private static func summary(_ agreement: JSONValue) -> String {
        var parts: [String] = []
        for (name, label) in [("agreement", "agreement"), ("kappa", "kappa"), ("spearman", "rho")] {
            guard let value = agreement[name]?["value"]?.number?.double else { continue }
            var part = "\(label) \(fixed(value))"
            if let lower = agreement[name]?["ci"]?["lower"]?.number?.double,
                let upper = agreement[name]?["ci"]?["upper"]?.number?.double
            {
                part += " (\(fixed(lower)) … \(fixed(upper)))"
            }
            parts.append(part)
        }
        if let rows = agreement["rows"]?.number?.int { parts.append("\(rows) rows") }
        return parts.joined(separator: ", ")
    }
}

extension SavedRun {
    /// Whether a judge was held against what people say; nil for a function that asks no models.
    package func judgeCheck(of function: String) -> JudgeCheck? {
        guard let judge = judge(of: function), judge != .null else { return nil }
        return JudgeCheck(provenance?["functions"]?[function]?["calibration"]) ?? .unchecked
    }
}

extension Agreement {
    /// What `--calibration` reads; nil without labels.
    public func calibration(of runs: [SavedRun]) -> JSONValue? {
        guard hasLabels, let run = runs.first else { return nil }
        var judges = JSONObject()
        for pair in pairs {
            judges[pair.name] = [
                "agreement": json["agreement"]?[pair.name] ?? .null, "judge": run.judge(of: pair.name) ?? .null,
            ]
        }
        return ["schema": .string(Calibration.schema), "judges": .object(judges)]
    }
}
