import CCompression

/// zlib's decompression of the members of gzip data, one after the other (RFC 1952).
package final class GzipInflater {
    /// zlib's state points back to its stream, which therefore must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Nil if zlib did not start.
    package init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 is the largest window; 16 more asks for gzip's framing and no other.
        let size = Int32(MemoryLayout<z_stream>.size)
        if inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size) != Z_OK { return nil }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Gets ready for the next member; false if zlib cannot.
    package func startMember() -> Bool { inflateReset(stream) == Z_OK }

    /// Decompresses the part of a member that has arrived.
    ///
    /// - Returns: zlib's status, and the bytes read and written.
    package func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> (status: Int32, read: Int, written: Int) {
        let (given, room) = (min(input.count, Int(UInt32.max)), min(output.count, Int(UInt32.max)))
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: Bytef.self))
        stream.pointee.avail_in = UInt32(given)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_out = UInt32(room)
        let status = CCompression.inflate(stream, Z_NO_FLUSH)
        return (status, given - Int(stream.pointee.avail_in), room - Int(stream.pointee.avail_out))
    }

    /// What zlib says of damaged data.
    package var detail: String? { stream.pointee.msg.map { String(cString: $0) } }
}
