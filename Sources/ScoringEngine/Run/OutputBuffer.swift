import CSimdJSON
import Glibc

/// Bytes in growing memory.
struct ByteWriter: ~Copyable {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = capacity
        memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }

    /// The address of the first byte; never null, even if the buffer is empty. Valid until the next change.
    var start: UnsafeMutableRawPointer { memory }

    /// Valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

    mutating func removeAll() {
        count = 0
        // One row with a very long text should not keep its memory forever.
        if capacity > 16 << 20 {
            memory.deallocate()
            capacity = 64 << 10
            memory = .allocate(byteCount: capacity, alignment: 16)
        }
    }

    /// Makes room for `more` bytes.
    @inline(__always)
    mutating func reserve(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        capacity = max(2 * capacity, count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: memory, byteCount: count)
        memory.deallocate()
        memory = larger
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        memcpy(memory + count, source, bytes.count)
        count += bytes.count
    }

    /// Appends the text of a `PaddedText`. Copies in blocks, which is faster than memcpy for short text.
    @inline(__always)
    mutating func append(_ text: PaddedText) {
        reserve(text.paddedCount)
        for offset in stride(from: 0, to: text.paddedCount, by: PaddedText.block) {
            let block = text.start.load(fromByteOffset: offset, as: SIMD16<UInt8>.self)
            memory.storeBytes(of: block, toByteOffset: count + offset, as: SIMD16<UInt8>.self)
        }
        count += text.count
    }

    @inline(__always)
    mutating func append(literal text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ text: String) {
        for byte in text.utf8 { append(valueOf: byte) }
    }

    /// Appends the bytes of a value in memory.
    mutating func append<Value: BitwiseCopyable>(valueOf value: Value) {
        reserve(MemoryLayout<Value>.size)
        memory.storeBytes(of: value, toByteOffset: count, as: Value.self)
        count += MemoryLayout<Value>.size
    }

    /// Appends a count in decimal.
    @inline(__always)
    mutating func append(decimal value: Int) {
        reserve(20)
        var digits = 1
        var power = 10
        while digits < 19 && value >= power {
            digits += 1
            power = power &* 10
        }
        var rest = UInt32(truncatingIfNeeded: value)
        var place = count + digits
        var high = UInt64(bitPattern: Int64(value))
        // Most counts fit in 32 bits, for which division is faster.
        while high > UInt64(UInt32.max) {
            place -= 1
            memory.storeBytes(of: UInt8(ascii: "0") + UInt8(high % 10), toByteOffset: place, as: UInt8.self)
            high /= 10
            rest = UInt32(truncatingIfNeeded: high)
        }
        while place > count {
            place -= 1
            memory.storeBytes(
                of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10), toByteOffset: place, as: UInt8.self)
            rest /= 10
        }
        count += digits
    }

    /// Appends a text as a JSON string, including the quotes.
    @inline(__always)
    mutating func append(quoted text: UnsafeRawBufferPointer) {
        reserve(6 * text.count + 2)
        memory.storeBytes(of: UInt8(ascii: "\""), toByteOffset: count, as: UInt8.self)
        count += 1
        if let source = text.baseAddress {
            count += csj_escape(
                (memory + count).assumingMemoryBound(to: CChar.self),
                csj_text(ptr: source.assumingMemoryBound(to: CChar.self), len: UInt64(text.count)))
        }
        memory.storeBytes(of: UInt8(ascii: "\""), toByteOffset: count, as: UInt8.self)
        count += 1
    }
}

/// A constant text in memory that can be read in whole blocks. Freed by its owner.
struct PaddedText {
    static let block = MemoryLayout<SIMD16<UInt8>>.size

    let start: UnsafeMutableRawPointer
    let count: Int
    let paddedCount: Int

    init(_ text: String) {
        count = text.utf8.count
        paddedCount = (count + Self.block - 1) / Self.block * Self.block
        start = .allocate(byteCount: paddedCount, alignment: Self.block)
        let memory = UnsafeMutableRawBufferPointer(start: start, count: paddedCount)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        memory.copyBytes(from: text.utf8)
    }

    func deallocate() { start.deallocate() }
}

/// A buffer that is passed from chunk to chunk and from worker to worker.
///
/// `@unchecked Sendable`: used by the worker that fills it, then by the one that writes it out.
final class OutputBuffer: @unchecked Sendable {
    var writer: ByteWriter

    init(capacity: Int = 64 << 10) {
        writer = ByteWriter(capacity: capacity)
    }
}
