import AssayCommands
import CAssay
import Glibc

/// Runs what a function of the library does; after an error, keeps its message for `assay_last_error` and returns `failure`.
func reporting<Result>(_ failure: Result, _ body: () throws -> Result) -> Result {
    do {
        return try body()
    } catch {
        assay_internal_set_error(message(for: error))
        return failure
    }
}

/// What went wrong, where, and what to do.
func message(for error: any Error) -> String {
    switch error {
    case let fault as LibraryFault: fault.description
    case let error: EmbeddedCommand.message(for: error)
    }
}

/// A wrong use of the library.
struct LibraryFault: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// Something that the program holds on to by its address.
extension OpaquePointer {
    init(retaining object: AnyObject) { self.init(Unmanaged.passRetained(object).toOpaque()) }

    func object<Object: AnyObject>(_ type: Object.Type) -> Object {
        Unmanaged<Object>.fromOpaque(UnsafeRawPointer(self)).takeUnretainedValue()
    }

    func release<Object: AnyObject>(_ type: Object.Type) {
        Unmanaged<Object>.fromOpaque(UnsafeRawPointer(self)).release()
    }
}

/// The object at an address that must not be null.
func object<Object: Handle>(_ pointer: OpaquePointer?, _ type: Object.Type) throws -> Object {
    guard let pointer else { throw LibraryFault("the \(type.name) is NULL") }
    return pointer.object(type)
}

/// An object of the library, whose address is what the program has of it.
protocol Handle: AnyObject {
    /// What it is, for messages.
    static var name: String { get }
}

extension EngineHandle: Handle { static var name: String { "engine" } }
extension RunHandle: Handle { static var name: String { "run" } }
extension StateHandle: Handle { static var name: String { "state" } }

/// A copy of a text that `assay_free` frees.
func copied(_ text: String) throws -> UnsafeMutablePointer<CChar> {
    guard let copy = strdup(text) else { throw LibraryFault("there is not enough memory") }
    return copy
}

/// A copy of bytes that `assay_free` frees.
func copied(_ bytes: [UInt8], _ length: UnsafeMutablePointer<Int>?) throws -> UnsafeMutablePointer<UInt8> {
    guard let copy = malloc(max(1, bytes.count)) else { throw LibraryFault("there is not enough memory") }
    copy.copyMemory(from: bytes, byteCount: bytes.count)
    length?.pointee = bytes.count
    return copy.assumingMemoryBound(to: UInt8.self)
}
