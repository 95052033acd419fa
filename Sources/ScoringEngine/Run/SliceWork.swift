import Concurrency
import Datasets
import ScorerHost
import ScoringCore

/// A slice of a chunk's rows, and a call of each function on it.
///
/// `@unchecked Sendable`: made and settled by one thread at a time; in between, each call is used by the thread that has
/// it in hand, and the replies and counts are touched under the run's lock only.
final class SliceWork: @unchecked Sendable {
    /// A function's call on the rows. Used by the thread that has the call in hand.
    final class Slot {
        var call: ScorerCall
        init(_ call: ScorerCall) { self.call = call }
    }

    let slots: [Slot]
    let binders: [SliceBinder]
    var rows = 0..<0
    /// The chunk that the rows are of, while a model is waited for.
    var chunk: ChunkWork?
    /// What has come for each call.
    var states: [CallState]
    /// Calls that wait for a model.
    var openCalls = 0

    var calls: [ScorerCall] { slots.map(\.call) }

    struct CallState {
        /// Replies that the scorer has not been given yet.
        var replies: [ModelReply] = []
        /// Whether a thread has the call in hand, or is about to.
        var isInHand = false
        /// Whether any reply was the cache's.
        var hasReplay = false
        /// Counts the times that the call was started again.
        var attempt = 0
        /// Whether the call has ended, so that no reply is of use to it.
        var hasEnded = false
    }

    init(_ plan: RunPlan, cancellation: Cancellation) {
        slots = plan.functions.map { Slot(ScorerCall($0.scorer, cancellation: cancellation)) }
        binders = plan.functions.map { SliceBinder($0, failureColumn: plan.failureColumn) }
        states = plan.functions.map { _ in CallState() }
    }
}

/// A call that waits for a model.
struct OpenCall: Sendable {
    let slice: SliceWork
    /// The index in the run's functions.
    let function: Int
    /// How often the call was started again. What is asked then is asked of the model, and not of the cache.
    var attempt = 0

    var call: ScorerCall { slice.slots[function].call }
}

// What follows is called under the run's lock.
extension SliceWork {
    /// Takes a reply for a call. Returns true where some thread has to take the call in hand.
    func receive(_ reply: ModelReply, isReplay: Bool, for call: OpenCall) -> Bool {
        let function = call.function
        // A reply that the call did not wait for may still come when it has been started again.
        if states[function].hasEnded || states[function].attempt != call.attempt { return false }
        states[function].replies.append(reply)
        if isReplay { states[function].hasReplay = true }
        if states[function].isInHand { return false }
        states[function].isInHand = true
        return true
    }

    /// Takes the replies that have come for a call.
    func takeReplies(for function: Int) -> [ModelReply] {
        defer { states[function].replies = [] }
        return states[function].replies
    }

    /// Ends a thread's use of a call. Returns true where replies have come meanwhile, and some thread has to go on.
    func putDown(_ function: Int) -> Bool {
        states[function].isInHand = !states[function].replies.isEmpty
        return states[function].isInHand
    }

    /// Begins to wait again for the model of a call, which the calling thread has in hand. Returns false where that would
    /// change nothing: no reply was the cache's.
    func canStartAgain(_ function: Int) -> Bool {
        guard states[function].hasReplay else { return false }
        states[function].hasReplay = false
        states[function].attempt += 1
        states[function].replies = []
        return true
    }

    /// Ends a call. Returns true for the last one.
    func end(_ function: Int) -> Bool {
        states[function].hasEnded = true
        states[function].replies = []
        openCalls -= 1
        return openCalls == 0
    }

    /// Begins to wait for the models of some calls, which the thread that started them has in hand.
    func wait(for functions: some Collection<Int>, of chunk: ChunkWork) {
        self.chunk = chunk
        chunk.holds += 1
        openCalls = functions.count
        for function in functions { states[function].isInHand = true }
    }
}
