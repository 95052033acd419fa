import Concurrency
import Inference
import Store

/// How a command plays its run: once, or several times to collect requests and then once to score the rows.
struct RunStage {
    /// What happens to requests that the cache cannot answer.
    var mode = BatchMode()
    /// Whether requests are only collected, and nothing is written.
    var isCollecting = false
    /// The cache that the batches are taken into; nil: the one of the options.
    var cache: ReplyCache?
    let cancellation: Cancellation
    let interruption: Interruption

    init() {
        cancellation = Cancellation()
        interruption = Interruption(cancelling: cancellation)
    }

    /// A run that writes nothing: a collector receives the requests.
    func collecting(_ mode: BatchMode) -> RunStage {
        var stage = self
        (stage.mode, stage.isCollecting) = (mode, true)
        return stage
    }
}
