import Datasets

/// What reading a source to its end gave.
struct Reading: Equatable {
    var text: String
    var error: DatasetError?
}

/// Reads a source to its end or its error with a buffer of some size, and then once more, which must change nothing.
func readAll(_ source: any ByteSource, bufferSize: Int = 64 << 10) -> Reading {
    var source = source
    var bytes: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 1)
    defer { buffer.deallocate() }
    func read() -> (count: Int, error: DatasetError?) {
        do throws(DatasetError) {
            return (try source.read(into: buffer), nil)
        } catch {
            return (0, error)
        }
    }
    while true {
        let (count, error) = read()
        bytes += buffer[..<count]
        guard count == 0 else { continue }
        let again = read()
        precondition(again.count == 0 && again.error == error, "a source that has ended must stay so")
        return Reading(text: String(decoding: bytes, as: UTF8.self), error: error)
    }
}

/// The sizes of buffers, and of the pieces that data arrives in, that must make no difference.
let pieceSizes = [1, 2, 7, 64 << 10]

/// Data that arrives in small pieces, and fails in the end if told so.
struct PiecewiseSource: ByteSource {
    var memory: MemorySource
    var pieceSize: Int
    var failure: DatasetError?

    init(_ bytes: [UInt8], pieceSize: Int = .max, failure: DatasetError? = nil) {
        memory = MemorySource(bytes)
        self.pieceSize = pieceSize
        self.failure = failure
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        let count = memory.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(pieceSize)))
        if count == 0, let failure { throw failure }
        return count
    }
}

/// Begins with some bytes, and goes on with one byte for ever.
struct EndlessSource: ByteSource {
    var start: MemorySource
    var byte: UInt8

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = start.read(into: buffer)
        if count > 0 { return count }
        buffer.initializeMemory(as: UInt8.self, repeating: byte)
        return buffer.count
    }
}
