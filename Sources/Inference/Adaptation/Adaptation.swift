import Hashing
import JSON
import Store
import Synchronization

/// A change to the requests to a model, made because its server refuses one of their members.
public struct Adaptation: Hashable, Sendable, Comparable {
    /// The name of the model.
    public var model: String
    /// The member that the server refuses.
    public var parameter: String
    /// The server's name for it; nil if the member is omitted.
    public var replacement: String?

    /// "temperature is not sent to m", "max_tokens is sent to m as max_completion_tokens"
    public var sentence: String {
        replacement.map { "\(parameter) is sent to \(model) as \($0)" } ?? "\(parameter) is not sent to \(model)"
    }

    public static func < (one: Adaptation, other: Adaptation) -> Bool {
        (one.model, one.parameter) < (other.model, other.parameter)
    }

    /// What saves the attempt that finds it out.
    var configuration: String {
        replacement.map { #""parameters": {"rename": {"\#(parameter)": "\#($0)"}}"# }
            ?? #""parameters": {"drop": ["\#(parameter)"]}"#
    }
}

/// The known changes, for the runs of this process; also stored in the cache, because later processes would otherwise not
/// find the replies to changed requests.
final class AdaptationBook: Sendable {
    private struct State {
        var changes: [String: [ParameterChange]] = [:]
        /// Changes that have already been reported.
        var told: Set<Adaptation> = []
    }

    private let cache: ReplyCache?
    private let log: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(cache: ReplyCache?, log: @escaping @Sendable (String) -> Void) {
        self.cache = cache
        self.log = log
    }

    /// The changes to the requests to a model, in the order in which they are made.
    ///
    /// The first call for a model reads the cache, which takes about 10 µs.
    func changes(for model: Model) -> [ParameterChange] {
        let place = Self.place(of: model)
        return state.withLock { state in
            if let known = state.changes[place] { return known }
            let stored = stored(for: model)
            state.changes[place] = stored
            return stored
        }
    }

    /// Records a change, unless it is known, and returns all changes.
    func add(
        for model: Model, _ makeChange: @Sendable ([ParameterChange]) -> ParameterChange?
    ) async -> [ParameterChange]? {
        let place = Self.place(of: model)
        let (change, all) = state.withLock { state -> (ParameterChange?, [ParameterChange]) in
            let known = state.changes[place] ?? []
            guard let change = makeChange(known), !known.contains(change) else { return (nil, known) }
            state.changes[place] = known + [change]
            return (change, known + [change])
        }
        guard let change else { return nil }
        tell(change, of: model)
        if let cache {
            let text = Self.text(of: change)
            let reply = StoredReply(
                model: model.name, text: text, response: text, inputTokens: nil, outputTokens: nil)
            // If this fails, the next run discovers the change again.
            _ = try? await cache.store(reply, for: Self.key(model, after: all.dropLast()))
        }
        return all
    }

    /// Warns about a change that affects a request; only once.
    func tell(_ change: ParameterChange, of model: Model) {
        let adaptation = Adaptation(model: model.id, parameter: change.parameter, replacement: change.replacement)
        guard state.withLock({ $0.told.insert(adaptation).inserted }) else { return }
        let what = change.replacement.map { "is sent as \($0)" } ?? "is not sent"
        log(
            "\(model) refuses \(change.parameter), which \(what) from now on; to set this in advance, write "
                + "\(adaptation.configuration) in the model's configuration")
    }

    private func stored(for model: Model) -> [ParameterChange] {
        guard let cache else { return [] }
        var changes: [ParameterChange] = []
        while changes.count < 32 {
            let key = Self.key(model, after: changes[...])
            guard let text = (try? cache.replies(for: [key]))?[key]?.response,
                let json = try? JSONValue(parsing: text), let parameter = json["parameter"]?.string
            else { break }
            changes.append(ParameterChange(parameter: parameter, replacement: json["replacement"]?.string))
        }
        return changes
    }

    private static func place(of model: Model) -> String { model.address.whole + " " + model.name }

    private static func text(of change: ParameterChange) -> String {
        let replacement = change.replacement.map { JSONValue.string($0) } ?? .null
        return JSONValue.object(["parameter": .string(change.parameter), "replacement": replacement]).text
    }

    /// The key of the change that follows the given ones.
    private static func key(_ model: Model, after changes: ArraySlice<ParameterChange>) -> ReplyKey {
        ReplyKey(parts: ["adaptation 1", model.address.whole, model.name] + changes.map(text))
    }
}
