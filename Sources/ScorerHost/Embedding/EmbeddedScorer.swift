package import CScorerPlugin
package import ScoringCore
import Synchronization

/// A scorer whose code is in the program that embeds the engine.
package struct EmbeddedScorer: Sendable {
    /// Scores a batch, which has the columns of the description's inputs. Runs on any thread, one call at a time.
    package typealias Body =
        @Sendable (
            _ configuration: String, _ batch: UnsafePointer<assay_batch>, _ results: EmbeddedResults
        ) -> Void

    package let description: ScorerDescription
    package let body: Body

    package init(_ description: ScorerDescription, body: @escaping Body) {
        self.description = description
        self.body = body
    }
}

/// Takes what an embedded scorer says of the rows of a batch. A row with neither a score nor a failure is a scorer error.
package struct EmbeddedResults {
    fileprivate let call: ScorerCall

    /// Sets an output in the first `count` rows: numbers in place, texts copied.
    ///
    /// - Returns: false if a value is not one of the output's type, such as a number that is not finite.
    package func emit(_ output: Int, _ values: assay_column, count: Int) -> Bool {
        withUnsafePointer(to: values) {
            call.emit(output: UInt32(output), first: 0, count: UInt64(count), $0) == ASSAY_OK
        }
    }

    package func fail(_ row: Int, _ outcome: RowOutcome, _ message: String) {
        call.results.fail(call.resultRow(row), outcome, message)
    }

    /// Fails all rows that have no score.
    package func failRemaining(_ message: String) { call.results.failRemaining(.scorerError, .words(message)) }
}

/// An instance of such a scorer.
final class EmbeddedInstance: ScorerInstance {
    let description: ScorerDescription
    private let scorer: EmbeddedScorer
    private let configuration: String
    private let log: @Sendable (PluginEvent) -> Void
    private let turn = Mutex<Void>(())

    init(_ scorer: EmbeddedScorer, _ configuration: String, log: @escaping @Sendable (PluginEvent) -> Void) {
        description = scorer.description
        self.scorer = scorer
        self.configuration = configuration
        self.log = log
    }

    var isSound: Bool { true }

    func makeRunner() -> any CallRunner { Runner(self) }

    func finalize(_ sums: [Double], rows: Int) -> FinalizedAggregates { FinalizedAggregates(values: [:]) }

    func tell(_ event: PluginEvent) { log(event) }

    private final class Runner: CallRunner {
        private let instance: EmbeddedInstance

        init(_ instance: EmbeddedInstance) { self.instance = instance }

        func start(_ batch: UnsafePointer<assay_batch>, for call: ScorerCall) -> assay_status {
            if call.isCancelled {
                // A function of the program may take long, and has no way to ask.
                call.results.failRemaining(.notAsked, .words("the run was interrupted"))
                return Int32(ASSAY_OK)
            }
            return call.duringStep { _ in
                instance.turn.withLock { _ in
                    instance.scorer.body(instance.configuration, batch, EmbeddedResults(call: call))
                }
                return Int32(ASSAY_OK)
            }
        }

        func deliver(_ replies: [ModelReply], to call: ScorerCall) -> assay_status { Int32(ASSAY_E_UNSUPPORTED) }

        func free(_ call: ScorerCall) {}
    }
}
