/// JSON Lines with a limit of the size of a line, which ``ChunkReader`` puts into effect: only there is a line held in memory.
package struct RowSizeLimit: ByteSource {
    private var base: any ByteSource
    package let rowLimit: Int?

    /// - Parameter limit: the maximum size of a line, in bytes, without its line feed.
    package init(_ base: any ByteSource, limit: Int) {
        self.base = base
        rowLimit = limit
    }

    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        try base.read(into: buffer)
    }
}

/// A number of bytes for messages.
func sizeText(_ bytes: Int) -> String {
    bytes > 0 && bytes.isMultiple(of: 1 << 20) ? "\(bytes >> 20) MiB" : "\(bytes) bytes"
}
