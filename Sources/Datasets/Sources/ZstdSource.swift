import CCompression

/// The decompressed bytes of Zstandard data: all frames, one after the other, past skippable ones (RFC 8878).
///
/// A frame may ask for a window of up to 128 MiB, zstd's own limit, and that much memory is then used; more is an error.
/// Places in errors are offsets into the compressed data.
public final class ZstdSource: ByteSource {
    /// `ZSTD_error_frameParameter_windowTooLarge`, a number that zstd promises not to change.
    private static let windowTooLarge = -16
    /// The bytes that tell how long a frame's header is, and what zstd asks for first.
    private static let headerStart = 5
    private static let blockHeader = 3
    /// The bytes of the number that a frame starts with.
    private static let magicSize = 4

    private var base: any ByteSource
    private let path: String?
    private var input = ByteQueue(capacity: 256 << 10)
    private var inputHasEnded = false
    /// The compressed bytes used so far.
    private var offset = 0
    private let stream: OpaquePointer?
    private var isInFrame = false
    private var hasReadFrame = false
    /// How many bytes of input the decoder gets next: up to the end of one block.
    private var wanted = ZstdSource.headerStart
    /// Whether decoded bytes may be left in the decoder.
    private var outputWasFull = false
    private var failure: DatasetError?

    /// - Parameter path: what errors call the data.
    public init(_ base: any ByteSource, path: String? = nil) {
        self.base = base
        self.path = path
        stream = ZSTD_createDStream()
        if stream == nil {
            failure = DatasetError(.unreadable, "out of memory for zstd", path: path)
        }
    }

    deinit {
        ZSTD_freeDStream(stream)
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if let failure { throw failure }
        do throws(DatasetError) {
            while true {
                while input.isEmpty || startsFrame && input.count < Self.magicSize, !inputHasEnded {
                    input.reserve(Self.magicSize)
                    inputHasEnded = try !input.fill(from: &base)
                }
                if input.isEmpty, inputHasEnded, !outputWasFull {
                    if !isInFrame, hasReadFrame { return 0 }
                    throw isInFrame
                        ? fault(
                            .truncated,
                            "the zstd data ends too early; the rows before that were read. Download or copy the file "
                                + "again"
                        )
                        : fault(.truncated, "the zstd data is empty")
                }
                let count = try decompressSome(into: buffer)
                if count > 0 { return count }
            }
        } catch {
            failure = error
            throw error
        }
    }

    /// Decodes one block at most, and flushes what was decoded before it takes more: a call to zstd that fails does not
    /// say what it wrote before the fault.
    private func decompressSome(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if startsFrame && input.count >= Self.magicSize && !isMagic(input.front) {
            throw notZstd("Unknown frame descriptor")
        }
        let given = outputWasFull ? 0 : min(wanted, input.count)
        var from = ZSTD_inBuffer(src: input.front, size: given, pos: 0)
        var to = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        let status = ZSTD_decompressStream(stream, &to, &from)
        guard ZSTD_isError(status) == 0 else { throw explain(status) }
        input.drop(from.pos)
        offset += from.pos
        outputWasFull = to.pos == to.size
        if status == 0 {
            isInFrame = false
            hasReadFrame = true
            wanted = Self.headerStart
        } else {
            isInFrame = isInFrame || given > 0
            // zstd asks for a block and the header of the next one, which may be the one that is damaged.
            wanted = status > Self.blockHeader ? status - Self.blockHeader : status
        }
        return to.pos
    }

    private func explain(_ status: Int) -> DatasetError {
        let detail = String(cString: ZSTD_getErrorName(status))
        if status == Self.windowTooLarge {
            return fault(
                .tooLarge,
                "the zstd frame needs a window of more than 128 MiB; compress the file again without --long")
        }
        if isInFrame {
            return fault(
                .damaged,
                "the zstd data is damaged (\(detail)); the rows before that were read. Download or copy the file again")
        }
        return notZstd(detail)
    }

    private func notZstd(_ detail: String) -> DatasetError {
        hasReadFrame
            ? fault(.damaged, "the data that follows is not zstd data (\(detail)); all of the zstd data was read")
            : fault(.damaged, "not zstd data (\(detail)); check the file's name")
    }

    private var startsFrame: Bool { !isInFrame && !outputWasFull }

    /// Whether a frame or a skippable frame begins here. zstd also knows the frames of its versions before 1.0, but finds
    /// them only where it gets all of their header at once.
    private func isMagic(_ start: UnsafeRawPointer) -> Bool {
        let number = UInt32(littleEndian: start.loadUnaligned(as: UInt32.self))
        return number == 0xFD2F_B528 || number & 0xFFFF_FFF0 == 0x184D_2A50
    }

    private func fault(_ code: DatasetError.Code, _ message: String) -> DatasetError {
        DatasetError(code, message, path: path, at: .compressedByte(offset))
    }
}
