/// A stream of bytes that is read once, front to back.
///
/// Sources are layered: a descriptor, decompression over it, and over that a conversion to JSON Lines, the one format
/// that everything after the sources knows.
///
/// A source delivers all that came before a fault before it throws. The bytes after the last line feed are then part of
/// a row that was cut off, and are to be dropped. A source that has thrown throws the same error again.
public protocol ByteSource {
    /// Reads the next bytes into the front of `buffer`, which must not be empty.
    ///
    /// - Returns: the number of bytes read; it may be less than the buffer holds, and is 0 only at the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int

    /// The maximum size of a line, in bytes without its line feed; a longer one is a row that cannot be read. Nil if the source
    /// does not say.
    var rowLimit: Int? { get }
}

extension ByteSource {
    public var rowLimit: Int? { nil }
}

/// Bytes that are in memory already.
public struct MemorySource: ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    public init(_ text: String) {
        self.init(Array(text.utf8))
    }

    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

extension ByteSource {
    /// Reads the next bytes into the front of an array that is not empty; returns how many, and 0 only at the end.
    mutating func read(into bytes: inout [UInt8]) throws(DatasetError) -> Int {
        let result: Result<Int, DatasetError> = bytes.withUnsafeMutableBytes { buffer in
            do throws(DatasetError) {
                return .success(try read(into: buffer))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
