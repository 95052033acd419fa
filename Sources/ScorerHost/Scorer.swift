import CScorerPlugin
import Synchronization

/// An instance of a scorer with its parameters. Calls may run concurrently on any threads; if the plugin does not
/// support that, they wait for each other here.
public final class Scorer: Sendable {
    public let plugin: Plugin
    /// The inputs and outputs of this instance, with its parameters.
    public var description: ScorerDescription { instance.description }
    let instance: any ScorerInstance
    private let hasGivenUp = Atomic<Bool>(false)

    /// Whether no call has failed in a way that could affect later ones: no step has ended with an error, and no worker
    /// was lost.
    public var isSound: Bool { !hasGivenUp.load(ordering: .relaxed) && instance.isSound }

    /// Creates an instance of a plugin's scorer.
    ///
    /// - Parameters:
    ///   - id: the scorer in the plugin, the `provider_resource_id` of a definition.
    ///   - configuration: JSON as described for `create` in the plugin header.
    /// - Throws: `ParameterError` if the scorer rejects its parameters, otherwise `PluginError`.
    public init(_ id: String, of plugin: Plugin, configuration: String) throws {
        guard let index = plugin.scorers.firstIndex(where: { $0.id == id }) else {
            let known = plugin.scorers.map { "\"\($0.id)\"" }.joined(separator: ", ")
            throw PluginError(path: plugin.path, "it has no scorer \"\(id)\"; its scorers are \(known)")
        }
        self.plugin = plugin
        switch plugin.code {
        case .loaded(let code): instance = try LoadedScorer(index, of: plugin, code, configuration)
        case .embedded(let scorers, let log): instance = EmbeddedInstance(scorers[index], configuration, log: log)
        case .isolated(let pool): instance = try IsolatedScorer(index, of: plugin, pool, configuration)
        }
    }

    /// Records that a step of a call ended with an error.
    func giveUp() { hasGivenUp.store(true, ordering: .relaxed) }
}

/// A scorer's instance, in this process or in others.
protocol ScorerInstance: AnyObject, Sendable {
    var description: ScorerDescription { get }
    /// Whether it has not lost a worker.
    var isSound: Bool { get }

    /// An object that runs the calls of one `ScorerCall`, one after the other.
    func makeRunner() -> any CallRunner

    /// Computes the scorer's own aggregations from the sums of its statistics over `rows` scored rows.
    func finalize(_ sums: [Double], rows: Int) -> FinalizedAggregates

    /// Tells the log something of the plugin.
    func tell(_ event: PluginEvent)
}

/// Runs the steps of a call. Their results are passed to the call before they return.
///
/// Used by one thread at a time, which need not always be the same.
protocol CallRunner: AnyObject {
    /// Runs the first step on a batch that lives until the call is freed.
    func start(_ batch: UnsafePointer<assay_batch>, for call: ScorerCall) -> assay_status

    /// Runs a step with replies to requests of the call.
    func deliver(_ replies: [ModelReply], to call: ScorerCall) -> assay_status

    /// Ends the call after its last step has returned.
    func free(_ call: ScorerCall)
}

/// How a scorer's `create` failed: it rejected the parameters, or gave no reason.
func creationFailure(_ id: String, of plugin: Plugin, _ status: assay_status, _ faults: [ParameterFault]) -> any Error {
    if !faults.isEmpty { return ParameterError(faults: faults) }
    return PluginError(
        path: plugin.path, "scorer \"\(id)\" could not be created, and did not say why (status \(status))")
}
