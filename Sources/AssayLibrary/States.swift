// The functions have the names of the C header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CAssay
import Glibc
import JSON
import ScoringCore
import ScoringEngine

/// A state that others are merged into.
final class StateHandle {
    var state: RunState

    init(_ state: RunState) { self.state = state }
}

private func contents(_ bytes: UnsafePointer<UInt8>?, _ length: Int) throws -> [UInt8] {
    guard length >= 0 else { throw LibraryFault("the length of a state is negative") }
    return Array(UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : length))
}

private func text(_ name: UnsafePointer<CChar>?) -> String { name.map { String(cString: $0) } ?? "the state" }

@c @implementation
public func assay_state_new(
    _ bytes: UnsafePointer<UInt8>?, _ length: Int, _ name: UnsafePointer<CChar>?
) -> OpaquePointer? {
    reporting(nil) {
        OpaquePointer(retaining: StateHandle(try RunState(try contents(bytes, length), named: text(name))))
    }
}

@c @implementation
public func assay_state_merge(
    _ state: OpaquePointer?, _ bytes: UnsafePointer<UInt8>?, _ length: Int, _ name: UnsafePointer<CChar>?
) -> Int32 {
    reporting(EINVAL) {
        try object(state, StateHandle.self).state.merge(try contents(bytes, length), named: text(name))
        return 0
    }
}

@c @implementation
public func assay_state_add_results(
    _ state: OpaquePointer?, _ function: UnsafePointer<CChar>?, _ count: Int, _ outcomes: UnsafePointer<UInt8>?,
    _ scores: UnsafePointer<Double>?, _ weights: UnsafePointer<Double>?
) -> Int32 {
    reporting(EINVAL) {
        guard let function, let scores, count >= 0 else {
            throw LibraryFault("the function or the scores are NULL, or their number is negative")
        }
        let found = try (0..<count).map { row in
            let number = outcomes?[row] ?? RowOutcome.scored.rawValue
            guard let outcome = RowOutcome(rawValue: number) else {
                throw LibraryFault("row \(row) has the outcome \(number); expected 0 to 7")
            }
            return outcome
        }
        try object(state, StateHandle.self).state.addResults(
            of: String(cString: function), outcomes: found,
            scores: Array(UnsafeBufferPointer(start: scores, count: count)),
            weights: weights.map { Array(UnsafeBufferPointer(start: $0, count: count)) })
        return 0
    }
}

@c @implementation
public func assay_state_bytes(
    _ state: OpaquePointer?, _ length: UnsafeMutablePointer<Int>?
) -> UnsafeMutablePointer<UInt8>? {
    reporting(nil) { try copied(try object(state, StateHandle.self).state.bytes, length) }
}

@c @implementation
public func assay_state_results(_ state: OpaquePointer?, _ engine: OpaquePointer?) -> UnsafeMutablePointer<CChar>? {
    reporting(nil) {
        let handle = try object(engine, EngineHandle.self)
        try handle.check()
        let results = try handle.engine.results(of: try object(state, StateHandle.self).state)
        return try copied(results.json.text)
    }
}

@c @implementation
public func assay_state_free(_ state: OpaquePointer?) { state?.release(StateHandle.self) }
