import CCompression
import Datasets
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
    /// Nil until the first member.
    private var inflater: GzipInflater?
    private var isInMember = false
    /// Bytes that may still come out.
    private var room: Int

    /// - Parameter limit: bytes after decompression at most.
    init(limit: Int) {
        room = limit
    }

    /// Whether the data ends where a piece of it may end.
    var isWhole: Bool { !isInMember }

    /// - Parameter take: gets the data, decompressed.
    func add(_ piece: ByteBuffer, _ take: (ByteBuffer) throws -> Void) throws {
        switch kind {
        case .plain: try pass(piece, take)
        case .gzip: try inflateAll(Array(piece.readableBytesView), take)
        case .unknown:
            head += piece.readableBytesView
            guard head.count >= 2 else { return }
            kind = head[0] == 0x1F && head[1] == 0x8B ? .gzip : .plain
            let first = head
            head = []
            if kind == .gzip { try inflateAll(first, take) } else { try pass(ByteBuffer(bytes: first), take) }
        }
    }

    private func pass(_ piece: ByteBuffer, _ take: (ByteBuffer) throws -> Void) throws {
        room -= piece.readableBytes
        if room < 0 { throw Fault() }
        try take(piece)
    }

    /// Passes on what is left of data that is shorter than two bytes.
    func finish(_ take: (ByteBuffer) throws -> Void) throws {
        if !head.isEmpty { try take(ByteBuffer(bytes: head)) }
        head = []
    }

    private func inflateAll(_ bytes: [UInt8], _ take: (ByteBuffer) throws -> Void) throws {
        try bytes.withUnsafeBytes { input in
            var offset = 0
            var isFull = false
            while offset < input.count || isFull {
                if !isInMember {
                    // Zero bytes after a member are padding.
                    if inflater != nil, input[offset] == 0 {
                        offset += 1
                        continue
                    }
                    try startMember()
                }
                let (read, output) = try inflateSome(UnsafeRawBufferPointer(rebasing: input[offset...]))
                offset += read
                isFull = isInMember && output.count == Self.pieceSize
                room -= output.count
                if room < 0 { throw Fault() }
                if !output.isEmpty { try take(ByteBuffer(bytes: output)) }
            }
        }
    }

    private static let pieceSize = 256 << 10

    private func startMember() throws {
        let inflater = inflater ?? GzipInflater()
        guard let inflater, inflater.startMember() else { throw Fault() }
        (self.inflater, isInMember) = (inflater, true)
    }

    private func inflateSome(_ input: UnsafeRawBufferPointer) throws -> (read: Int, output: [UInt8]) {
        guard let inflater else { throw Fault() }
        var (status, read) = (Z_OK, 0)
        let output = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
            (status, read, count) = inflater.inflate(input, into: UnsafeMutableRawBufferPointer(buffer))
        }
        switch status {
        case Z_STREAM_END: isInMember = false
        case Z_OK, Z_BUF_ERROR: break
        default: throw Fault()
        }
        return (read, output)
    }
}
