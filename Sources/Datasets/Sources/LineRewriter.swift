/// Reads lines from a source and gives others in their place, in memory that does not depend on how many there are.
package struct LineRewriter: ~Copyable {
    private var reader: ChunkReader
    private let chunk = Chunk()
    private var output: [UInt8] = []
    private var position = 0

    /// - Parameter source: JSON Lines.
    package init(_ source: any ByteSource) {
        reader = ChunkReader(source)
    }

    /// Fills the start of `buffer`, which is not empty, with the next bytes, and returns how many; 0 at the end.
    ///
    /// - Parameter rewrite: appends what takes the place of a line, both without their line breaks.
    package mutating func read(
        into buffer: UnsafeMutableRawBufferPointer,
        rewriting rewrite: (_ line: UnsafeRawBufferPointer, _ output: inout [UInt8]) -> Void
    ) throws(DatasetError) -> Int {
        while position == output.count {
            output.removeAll(keepingCapacity: output.capacity < 8 << 20)
            position = 0
            guard try reader.read(into: chunk) else { return 0 }
            chunk.withLines { line in
                rewrite(line, &output)
                output.append(UInt8(ascii: "\n"))
            }
        }
        let count = min(buffer.count, output.count - position)
        buffer.copyBytes(from: output[position..<position + count])
        position += count
        return count
    }
}
