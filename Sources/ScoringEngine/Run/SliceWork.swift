import Concurrency
import Datasets
import ScorerHost
import ScoringCore

/// A slice of a chunk's rows, and a call of each function on it.
///
/// `@unchecked Sendable`: created and settled by one thread at a time; in between, each call is used by the thread that
/// holds it, and the replies and counts are only accessed under the run's lock.
final class SliceWork: @unchecked Sendable {
    /// A function's call on the rows. Used by the thread that holds the call.
    final class Slot {
        var call: ScorerCall
        init(_ call: ScorerCall) { self.call = call }
    }

    let slots: [Slot]
    let binders: [SliceBinder]
    var rows = 0..<0
    /// The chunk of the rows, while a call waits for a model.
    var chunk: ChunkWork?
    /// The state of each call.
    var states: [CallState]
    /// Calls that wait for a model.
    var openCalls = 0

    var calls: [ScorerCall] { slots.map(\.call) }

    struct CallState {
        /// Replies that have not been passed to the scorer yet.
        var replies: [ModelReply] = []
        /// Whether a thread holds the call, or is about to.
        var isInHand = false
        /// Whether any reply came from the cache.
        var hasReplay = false
        /// How often the call was started again.
        var attempt = 0
        /// Whether the call has ended, so that further replies are ignored.
        var hasEnded = false
    }

    init(_ plan: RunPlan, cancellation: Cancellation) {
        let callers = plan.callers
        slots = callers.map { Slot(ScorerCall($0.scorer, cancellation: cancellation)) }
        binders = callers.map { SliceBinder($0, failureColumn: plan.failureColumn) }
        states = callers.map { _ in CallState() }
    }
}

/// A call that waits for a model.
struct OpenCall: Sendable {
    let slice: SliceWork
    /// The index among the functions that are called.
    let function: Int
    /// How often the call was started again. Requests of a restarted call are not answered from the cache.
    var attempt = 0

    var call: ScorerCall { slice.slots[function].call }
}

// The following methods are called under the run's lock.
extension SliceWork {
    /// Stores a reply for a call. Returns true if a thread must continue the call.
    func receive(_ reply: ModelReply, isReplay: Bool, for call: OpenCall) -> Bool {
        let function = call.function
        // After a restart, a reply to the previous start may still arrive.
        if states[function].hasEnded || states[function].attempt != call.attempt { return false }
        states[function].replies.append(reply)
        if isReplay { states[function].hasReplay = true }
        if states[function].isInHand { return false }
        states[function].isInHand = true
        return true
    }

    /// Removes and returns the replies that have arrived for a call.
    func takeReplies(for function: Int) -> [ModelReply] {
        defer { states[function].replies = [] }
        return states[function].replies
    }

    /// Ends a thread's use of a call. Returns true if replies have arrived in the meantime and a thread must continue.
    func putDown(_ function: Int) -> Bool {
        states[function].isInHand = !states[function].replies.isEmpty
        return states[function].isInHand
    }

    /// Restarts the wait for the model of a call that the calling thread holds. Returns false if that would change nothing,
    /// because no reply came from the cache.
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

    /// Starts to wait for the models of some calls, which the calling thread holds.
    func wait(for functions: some Collection<Int>, of chunk: ChunkWork) {
        self.chunk = chunk
        chunk.holds += 1
        openCalls = functions.count
        for function in functions { states[function].isInHand = true }
    }
}
