import CSimdJSON

/// Growing memory, reused from chunk to chunk: for output in the making, and for gathered cells.
///
/// `@unchecked Sendable`: used by the worker that fills it, then by the one that writes it.
final class ByteBuffer: @unchecked Sendable {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 64 << 10) {
        self.capacity = capacity
        memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }

    /// Valid until the buffer is next changed.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

    /// The first byte; never null, also where there is none. Valid until the buffer is next changed.
    var start: UnsafeMutableRawPointer { memory }

    func removeAll() {
        count = 0
        // One row with a very long text should not hold its memory for good.
        if capacity > 16 << 20 {
            memory.deallocate()
            capacity = 64 << 10
            memory = .allocate(byteCount: capacity, alignment: 16)
        }
    }

    /// Makes room for `more` bytes.
    @inline(__always)
    private func reserve(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    private func grow(_ more: Int) {
        capacity = max(2 * capacity, count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: memory, byteCount: count)
        memory.deallocate()
        memory = larger
    }

    @inline(__always)
    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        (memory + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// Appends the bytes of a value as it lies in memory.
    func append<Value: BitwiseCopyable>(valueOf value: Value) {
        withUnsafeBytes(of: value) { append($0) }
    }

    @inline(__always)
    func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    @inline(__always)
    func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    func append(_ value: Int) {
        reserve(20)
        guard value >= 0 else { return append(String(value)) }
        var rest = value
        var digits = 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = value
        for place in stride(from: count + digits - 1, through: count, by: -1) {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            memory.storeBytes(of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit), toByteOffset: place, as: UInt8.self)
            rest = quotient
        }
        count += digits
    }

    /// Appends a text as a JSON string, quotes and all.
    @inline(__always)
    func append(quoted text: UnsafeRawBufferPointer) {
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

    func append(quoted text: String) {
        var text = text
        text.withUTF8 { append(quoted: UnsafeRawBufferPointer($0)) }
    }
}
