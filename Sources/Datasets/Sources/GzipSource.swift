import CCompression

/// The decompressed bytes of gzip data: all members, one after the other (RFC 1952, section 2.2).
///
/// Zero bytes after a member are padding, as gzip itself takes them. Places in errors are offsets into the compressed
/// data. Memory: about 300 KiB.
public final class GzipSource: ByteSource {
    private enum State {
        case betweenMembers, inMember, finished
    }

    private var base: any ByteSource
    private let path: String?
    private var input = ByteQueue(capacity: 256 << 10)
    private var inputHasEnded = false
    /// The compressed bytes used so far.
    private var offset = 0
    private let inflater: GzipInflater?
    private var state = State.betweenMembers
    private var membersRead = 0
    private var failure: DatasetError?

    /// - Parameter path: what errors call the data.
    public init(_ base: any ByteSource, path: String? = nil) {
        self.base = base
        self.path = path
        inflater = GzipInflater()
        if inflater == nil {
            failure = DatasetError(.unreadable, "zlib \(String(cString: zlibVersion())) did not start", path: path)
        }
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if let failure { throw failure }
        do throws(DatasetError) {
            while state != .finished {
                if input.isEmpty, !inputHasEnded {
                    inputHasEnded = try !input.fill(from: &base)
                }
                if state == .betweenMembers {
                    try startMember()
                } else {
                    let count = try inflateSome(into: buffer)
                    if count > 0 { return count }
                }
            }
            return 0
        } catch {
            failure = error
            throw error
        }
    }

    /// Goes on to the next member, to the end, or past padding.
    private func startMember() throws(DatasetError) {
        guard !input.isEmpty else {
            guard inputHasEnded else { return }
            guard membersRead > 0 else {
                throw fault(.truncated, "the gzip data is empty")
            }
            state = .finished
            return
        }
        let byte = input.front.load(as: UInt8.self)
        switch byte {
        case 0x1F:
            guard inflater?.startMember() == true else { throw fault(.unreadable, "zlib cannot be restarted") }
            state = .inMember
        case 0 where membersRead > 0:
            use(1)
        default:
            let first = hexadecimal(byte)
            throw membersRead == 0
                ? fault(.damaged, "not gzip data: the first byte is \(first), not 0x1F; check the file's name")
                : fault(.damaged, "the data from \(first) on is not gzip data; all of the gzip data was read")
        }
    }

    private func inflateSome(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        // `read` fails before this if zlib did not start.
        guard let inflater else { return 0 }
        let given = UnsafeRawBufferPointer(start: input.front, count: input.count)
        let (status, read, written) = inflater.inflate(given, into: buffer)
        use(read)

        switch status {
        case Z_STREAM_END:
            membersRead += 1
            state = .betweenMembers
        case Z_BUF_ERROR where inputHasEnded:
            throw fault(
                .truncated,
                "the gzip data ends too early; the rows before that were read. Download or copy the file again")
        case Z_OK, Z_BUF_ERROR:
            break
        case Z_DATA_ERROR:
            let detail = inflater.detail ?? "no detail"
            let error = fault(
                .damaged,
                "the gzip data is damaged (\(detail)); the rows before that were read. Download or copy the file again")
            guard written > 0 else { throw error }
            failure = error
        default:
            throw fault(.unreadable, "zlib failed with status \(status)")
        }
        return written
    }

    private func use(_ count: Int) {
        input.drop(count)
        offset += count
    }

    private func fault(_ code: DatasetError.Code, _ message: String) -> DatasetError {
        DatasetError(code, message, path: path, at: .compressedByte(offset))
    }
}

/// A byte as messages show it, such as `0x0A`.
func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.count < 2 ? "0x0\(digits)" : "0x\(digits)"
}
