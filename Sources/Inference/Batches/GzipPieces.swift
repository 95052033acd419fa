import CCompression
import NIOCore

/// Decompresses gzip data that arrives in pieces; other data passes unchanged.
///
/// Some servers keep results compressed, and send them without `Content-Encoding`.
final class GzipPieces {
    /// The data is damaged, or longer than allowed.
    struct Fault: Error {}

    private enum Kind {
        case unknown, plain, gzip
    }

    private var kind = Kind.unknown
    /// The first byte, until the second one tells what the data is.
    private var head: [UInt8] = []
    /// zlib's state points back to its stream, which therefore must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isStarted = false
    private var isInMember = false
    /// Bytes that may still come out.
    private var room: Int

    /// - Parameter limit: bytes after decompression at most.
    init(limit: Int) {
        room = limit
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
    }

    deinit {
        if isStarted { inflateEnd(stream) }
        stream.deallocate()
    }

    /// Whether the data ends where a piece of it may end.
    var isWhole: Bool { !isInMember }

    /// - Parameter take: gets the data, decompressed.
    func add(_ piece: ByteBuffer, _ take: (ByteBuffer) throws -> Void) throws {
        switch kind {
        case .plain: try take(piece)
        case .gzip: try inflateAll(Array(piece.readableBytesView), take)
        case .unknown:
            head += piece.readableBytesView
            guard head.count >= 2 else { return }
            kind = head[0] == 0x1F && head[1] == 0x8B ? .gzip : .plain
            let first = head
            head = []
            if kind == .gzip { try inflateAll(first, take) } else { try take(ByteBuffer(bytes: first)) }
        }
    }

    /// Passes on what is left of data that is shorter than two bytes.
    func finish(_ take: (ByteBuffer) throws -> Void) throws {
        if !head.isEmpty { try take(ByteBuffer(bytes: head)) }
        head = []
    }

    private func inflateAll(_ bytes: [UInt8], _ take: (ByteBuffer) throws -> Void) throws {
        var input = bytes
        try input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            var isFull = false
            while stream.pointee.avail_in > 0 || isFull {
                if !isInMember {
                    // Zero bytes after a member are padding.
                    if isStarted, let next = stream.pointee.next_in, next.pointee == 0 {
                        stream.pointee.next_in = next + 1
                        stream.pointee.avail_in -= 1
                        continue
                    }
                    try startMember()
                }
                let output = try inflateSome()
                isFull = isInMember && output.count == Self.pieceSize
                room -= output.count
                if room < 0 { throw Fault() }
                if !output.isEmpty { try take(ByteBuffer(bytes: output)) }
            }
        }
    }

    private static let pieceSize = 256 << 10

    private func startMember() throws {
        // 15 is the largest window; 16 more asks for gzip's framing and no other.
        let status =
            isStarted
            ? inflateReset(stream) : inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw Fault() }
        (isStarted, isInMember) = (true, true)
    }

    private func inflateSome() throws -> [UInt8] {
        var status = Z_OK
        let output = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
            stream.pointee.next_out = buffer.baseAddress
            stream.pointee.avail_out = UInt32(buffer.count)
            status = inflate(stream, Z_NO_FLUSH)
            count = buffer.count - Int(stream.pointee.avail_out)
        }
        switch status {
        case Z_STREAM_END: isInMember = false
        case Z_OK, Z_BUF_ERROR: break
        default: throw Fault()
        }
        return output
    }
}
