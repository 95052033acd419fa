/// Sixty-four bytes that are examined at once.
///
/// Written with vectors of one explicit type throughout: for comparisons, only those compile to single instructions.
struct ByteBlock {
    typealias Vector = SIMD16<UInt8>

    static let size = 64

    private var vectors: (Vector, Vector, Vector, Vector)

    /// The 64 bytes at any address.
    init(_ bytes: UnsafeRawPointer) {
        vectors = (
            bytes.loadUnaligned(as: Vector.self), bytes.loadUnaligned(fromByteOffset: 16, as: Vector.self),
            bytes.loadUnaligned(fromByteOffset: 32, as: Vector.self),
            bytes.loadUnaligned(fromByteOffset: 48, as: Vector.self)
        )
    }

    /// Stores the block at any address.
    @inline(__always)
    func store(to bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: vectors.0, as: Vector.self)
        bytes.storeBytes(of: vectors.1, toByteOffset: 16, as: Vector.self)
        bytes.storeBytes(of: vectors.2, toByteOffset: 32, as: Vector.self)
        bytes.storeBytes(of: vectors.3, toByteOffset: 48, as: Vector.self)
    }

    /// The block with `bits` set in every byte.
    @inline(__always)
    func setting(_ bits: UInt8) -> ByteBlock {
        let all = Vector(repeating: bits)
        var block = self
        block.vectors = (vectors.0 | all, vectors.1 | all, vectors.2 | all, vectors.3 | all)
        return block
    }

    /// The block with every byte that is marked replaced.
    @inline(__always)
    func replacing(_ marks: ByteMarks, with byte: UInt8) -> ByteBlock {
        let all = Vector(repeating: byte)
        let marks = marks.vectors
        var block = self
        block.vectors = (
            vectors.0 & ~marks.0 | all & marks.0, vectors.1 & ~marks.1 | all & marks.1,
            vectors.2 & ~marks.2 | all & marks.2, vectors.3 & ~marks.3 | all & marks.3
        )
        return block
    }

    /// Marks the bytes that are `byte`.
    @inline(__always)
    func marks(of byte: UInt8) -> ByteMarks {
        let wanted = Vector(repeating: byte)
        return ByteMarks(
            vectors: (
                equal(vectors.0, wanted), equal(vectors.1, wanted), equal(vectors.2, wanted), equal(vectors.3, wanted)
            ))
    }
}

/// Which bytes of a block have some property: all ones in those that do, zero in the others.
struct ByteMarks {
    fileprivate var vectors: (ByteBlock.Vector, ByteBlock.Vector, ByteBlock.Vector, ByteBlock.Vector)

    @inline(__always)
    func union(_ other: ByteMarks) -> ByteMarks {
        ByteMarks(
            vectors: (
                vectors.0 | other.vectors.0, vectors.1 | other.vectors.1, vectors.2 | other.vectors.2,
                vectors.3 | other.vectors.3
            ))
    }

    @inline(__always)
    var isEmpty: Bool {
        let words = words(vectors.0 | vectors.1 | vectors.2 | vectors.3)
        return words.x | words.y == 0
    }

    /// The marks as bits, the first byte's lowest.
    ///
    /// Each word of eight marks keeps one bit of every byte, a different one for each word; together they are an 8 by 8
    /// matrix of bits, whose transpose is the answer (transposition: Warren, Hacker's Delight, section 7-3).
    @inline(__always)
    var bits: UInt64 {
        let matrices =
            words(vectors.0) & SIMD2<UInt64>(0x0101_0101_0101_0101, 0x0202_0202_0202_0202)
            | words(vectors.1) & SIMD2<UInt64>(0x0404_0404_0404_0404, 0x0808_0808_0808_0808)
            | words(vectors.2) & SIMD2<UInt64>(0x1010_1010_1010_1010, 0x2020_2020_2020_2020)
            | words(vectors.3) & SIMD2<UInt64>(0x4040_4040_4040_4040, 0x8080_8080_8080_8080)
        var matrix = matrices.x | matrices.y
        var swapped = (matrix ^ matrix >> 7) & 0x00AA_00AA_00AA_00AA
        matrix ^= swapped ^ swapped << 7
        swapped = (matrix ^ matrix >> 14) & 0x0000_CCCC_0000_CCCC
        matrix ^= swapped ^ swapped << 14
        swapped = (matrix ^ matrix >> 28) & 0x0000_0000_F0F0_F0F0
        matrix ^= swapped ^ swapped << 28
        return matrix
    }
}

/// All ones in the lanes where two vectors agree.
@inline(__always)
func equal(_ one: SIMD16<UInt8>, _ other: SIMD16<UInt8>) -> SIMD16<UInt8> {
    unsafeBitCast(one .== other, to: SIMD16<UInt8>.self)
}

/// A vector's sixteen bytes as two words; the first byte is the lowest of `x` on every platform that Swift runs on.
@inline(__always)
func words(_ vector: SIMD16<UInt8>) -> SIMD2<UInt64> {
    unsafeBitCast(vector, to: SIMD2<UInt64>.self)
}
