import Synchronization

/// Warnings about a dataset that were collected while it was read, and did not cost any row its score.
public final class DatasetNotices: Sendable {
    private struct State {
        var nonFinite = 0
        var repairs = 0
        var texts: [String: String] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// Counts cells in requested columns whose NaN or infinity was read as null.
    public func add(nonFinite count: Int) {
        if count > 0 { state.withLock { $0.nonFinite += count } }
    }

    /// Counts values that were changed in the output, because JSON does not have them.
    public func add(repairs count: Int) {
        if count > 0 { state.withLock { $0.repairs += count } }
    }

    /// Adds a warning; a later one on the same subject replaces it.
    public func set(_ text: String?, on subject: String) {
        state.withLock { $0.texts[subject] = text }
    }

    /// The warnings, one sentence each.
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
