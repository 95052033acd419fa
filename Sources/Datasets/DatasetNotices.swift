import Synchronization

/// What was noticed while a dataset was read that cost no row its score, but that its owner should know.
public final class DatasetNotices: Sendable {
    private struct State {
        var nonFinite = 0
        var repairs = 0
        var texts: [String: String] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// Counts cells of columns that were asked for, whose NaN or infinity was taken for null.
    public func add(nonFinite count: Int) {
        if count > 0 { state.withLock { $0.nonFinite += count } }
    }

    /// Counts values that were written out in another way than they came, as JSON does not have them.
    public func add(repairs count: Int) {
        if count > 0 { state.withLock { $0.repairs += count } }
    }

    /// Says something once; a later text on the same subject takes its place.
    public func set(_ text: String?, on subject: String) {
        state.withLock { $0.texts[subject] = text }
    }

    /// What there is to say, a sentence each.
    public var warnings: [String] {
        state.withLock { state in
            var warnings = state.texts.sorted { $0.key < $1.key }.map(\.value)
            if state.nonFinite > 0 {
                warnings.append(
                    "NaN or an infinity was read as null in \(state.nonFinite) "
                        + (state.nonFinite == 1 ? "cell" : "cells"))
            }
            if state.repairs > 0 {
                warnings.append(
                    state.repairs == 1
                        ? "1 value that JSON does not have, such as NaN, was written as null"
                        : "\(state.repairs) values that JSON does not have, such as NaN, were written as null")
            }
            return warnings
        }
    }
}
