import Datasets

/// Bytes that are followed by a fault.
struct FailingSource: ByteSource {
    private var memory: MemorySource

    init(_ text: String) {
        memory = MemorySource(text)
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        let count = memory.read(into: buffer)
        if count == 0 { throw DatasetError(.truncated, "the disk is gone") }
        return count
    }
}
