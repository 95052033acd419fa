// The functions have the names of the C header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CAssay
import Glibc
import JSON
import ScoringEngine

/// A state that others are merged into.
final class StateHandle {
    var state: RunState

    init(_ state: RunState) { self.state = state }
}

private func contents(_ bytes: UnsafePointer<UInt8>?, _ length: Int) -> [UInt8] {
    Array(UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : length))
}

private func text(_ name: UnsafePointer<CChar>?) -> String { name.map { String(cString: $0) } ?? "the state" }

@c @implementation
public func assay_state_new(
    _ bytes: UnsafePointer<UInt8>?, _ length: Int, _ name: UnsafePointer<CChar>?
) -> OpaquePointer? {
    reporting(nil) {
        OpaquePointer(retaining: StateHandle(try RunState(contents(bytes, length), named: text(name))))
    }
}

@c @implementation
public func assay_state_merge(
    _ state: OpaquePointer?, _ bytes: UnsafePointer<UInt8>?, _ length: Int, _ name: UnsafePointer<CChar>?
) -> Int32 {
    reporting(EINVAL) {
        try object(state, StateHandle.self).state.merge(contents(bytes, length), named: text(name))
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
