public import Inference
import Synchronization

/// What users should know about a run that continues, in sentences. Commands print such sentences as they come;
/// answers over HTTP hold them as `warnings`.
public final class RunWarnings: Sendable {
    private let state = Mutex<[String]>([])
    private static let limit = 100

    public init() {}

    /// Sentences, in the order in which they came; each once.
    public var texts: [String] { state.withLock { $0 } }

    public func add(_ text: String) {
        state.withLock { texts in
            if texts.count < Self.limit, !texts.contains(text) { texts.append(text) }
        }
    }

    /// Takes what is to be known of the requests to models: how they were changed, and that prompts were cut.
    public func add(_ usage: ModelUsage?) {
        guard let usage else { return }
        for adaptation in usage.adaptations.sorted() { add("\(adaptation.sentence), as its server refuses it") }
        if usage.cutPrompts > 0 {
            add(
                "\(usage.cutPrompts) \(usage.cutPrompts == 1 ? "prompt was" : "prompts were") most likely cut off by the "
                    + "model's server, which counted far fewer tokens; give the model a longer context, or send shorter "
                    + "prompts")
        }
    }
}
