/// The elements of a JSON array as JSON Lines.
///
/// Within an element, line ends between tokens become spaces, and everything else stays as it is; a raw line end in a
/// string, which JSON forbids, becomes the byte 0x01, which it forbids as well, so that the element stays invalid and
/// stays one line. White space around the elements goes, as does a UTF-8 byte order mark in front. Anything but an array,
/// a missing element or bracket and text behind the array are errors, with the offset of the byte. Elements may have any
/// length: memory stays at half a megabyte.
public final class JSONArraySource: ByteSource {
    private static let chunk = 256 << 10

    private var base: any ByteSource
    private var input = ByteQueue(capacity: JSONArraySource.chunk)
    private var output = ByteQueue(capacity: JSONArraySource.chunk)
    private var inputHasEnded = false
    private var hasStarted = false
    private var hasFinished = false
    private var framing: JSONArrayFraming
    private var failure: DatasetError?
    /// Input that has come to no row.
    var empty = EmptyInput()
    private let path: String?

    /// - Parameter path: what errors call the data.
    public convenience init(_ base: any ByteSource, path: String? = nil) {
        self.init(base, framing: .array, path: path)
    }

    init(_ base: any ByteSource, framing: JSONArrayFraming.Kind, path: String?) {
        self.base = base
        self.path = path
        self.framing = JSONArrayFraming(framing, path: path)
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        while output.isEmpty {
            if let failure { throw failure }
            if hasFinished { return 0 }
            fill()
            convert()
        }
        return output.move(into: buffer)
    }

    private func fill() {
        input.reserve(ByteBlock.size)
        do throws(DatasetError) {
            inputHasEnded = try !input.fill(from: &base)
        } catch {
            failure = error
            inputHasEnded = true
        }
    }

    /// Converts the whole blocks of the input, and at its end the rest of it.
    private func convert() {
        if !hasStarted {
            guard input.count >= 3 || inputHasEnded else { return }
            hasStarted = true
            let mark = byteOrderMarkLength(UnsafeRawBufferPointer(start: input.front, count: input.count))
            input.drop(mark)
            framing.skip(mark)
        }
        let count = input.count
        output.reserve(count)
        // A local copy stays in registers.
        var framing = framing
        let front = UnsafeRawPointer(input.front)
        let back = output.back
        var used = 0
        var written = 0
        while count - used >= ByteBlock.size, framing.failure == nil {
            written += framing.convert(front + used, count: ByteBlock.size, to: back + written)
            used += ByteBlock.size
        }
        if inputHasEnded, framing.failure == nil {
            input.pad(with: 0x20)
            written += framing.convert(front + used, count: count - used, to: back + written)
            used = count
            hasFinished = true
            // Of input that broke off, it is known already why it ends where it does.
            if failure == nil { framing.finish() }
        }
        input.drop(used)
        output.append(written: written)
        self.framing = framing
        failure = framing.failure ?? failure
        do throws(DatasetError) {
            try empty.add(read: used, written: written, path: path)
        } catch {
            failure = failure ?? error
            hasFinished = true
        }
    }
}

/// The length of the UTF-8 byte order mark that `bytes` begin with, or 0.
func byteOrderMarkLength(_ bytes: some Collection<UInt8>) -> Int {
    bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
}
