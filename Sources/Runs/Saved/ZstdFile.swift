import CCompression
import Glibc
import Platform

/// A file that is compressed with Zstandard while it is written. The bytes depend on the contents alone, not on how they
/// are cut into writes.
///
/// `@unchecked Sendable`: one thread at a time writes.
final class ZstdFile: @unchecked Sendable {
    private let path: String
    private var descriptor: Int32
    private let stream: OpaquePointer
    /// Contents that are not compressed yet. Always the same size is, so that writes do not matter.
    private var pending: [UInt8] = []
    private var compressed = [UInt8](repeating: 0, count: 1 << 17)
    private static let blockSize = 1 << 20

    init(_ path: String) throws(RunError) {
        guard let stream = ZSTD_createCCtx() else { throw RunError("\(path): memory for compression is not available") }
        ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, 3)
        ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1)
        self.stream = stream
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw RunError("\(path): cannot be written: \(systemMessage())") }
    }

    deinit {
        ZSTD_freeCCtx(stream)
        if descriptor >= 0 { close(descriptor) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        pending.append(contentsOf: bytes)
        guard pending.count >= Self.blockSize else { return }
        var start = 0
        while pending.count - start >= Self.blockSize {
            try compress(pending[start..<start + Self.blockSize], ZSTD_e_continue)
            start += Self.blockSize
        }
        pending.removeFirst(start)
    }

    /// Writes what is left, and closes the file.
    func finish() throws(RunError) {
        try compress(pending[...], ZSTD_e_end)
        pending = []
        guard fsync(descriptor) == 0 || errno == EINVAL, close(descriptor) == 0 else { throw failure() }
        descriptor = -1
    }

    private func compress(_ bytes: ArraySlice<UInt8>, _ directive: ZSTD_EndDirective) throws(RunError) {
        let isWritten = bytes.withUnsafeBytes { source in
            compressed.withUnsafeMutableBytes { target in
                var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
                while true {
                    var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    let rest = ZSTD_compressStream2(stream, &output, &input, directive)
                    if ZSTD_isError(rest) != 0 { return false }
                    let isPassedOn = writeAll(
                        UnsafeRawBufferPointer(start: target.baseAddress, count: output.pos), to: descriptor)
                    if !isPassedOn { return false }
                    if directive == ZSTD_e_end ? rest == 0 : input.pos == input.size { return true }
                }
            }
        }
        if !isWritten { throw failure() }
    }

    private func failure() -> RunError { RunError("\(path): could not be written completely: \(systemMessage())") }
}
