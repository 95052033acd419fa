/// An attempt that has started: the point from which its outcome is understood.
struct AttemptStart: Hashable, Sendable {
    /// The position in the order of starts, from 1.
    var number: Int
    var time: ContinuousClock.Instant
}
