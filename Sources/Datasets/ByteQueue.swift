/// Bytes in one contiguous, growing buffer: written at the back, read from the front.
///
/// Behind the unread bytes there is always `padding` writable bytes more than promised, so that loops may load and
/// store whole vectors near the end.
struct ByteQueue: ~Copyable {
    /// In bytes; two blocks of 64.
    static let padding = 128

    private var storage: UnsafeMutableRawPointer
    private var capacity: Int
    private var start = 0
    private var end = 0

    init(capacity: Int) {
        self.capacity = capacity
        storage = .allocate(byteCount: capacity + Self.padding, alignment: 16)
    }

    deinit {
        storage.deallocate()
    }

    /// The number of unread bytes.
    var count: Int { end - start }
    var isEmpty: Bool { start == end }
    /// The first unread byte.
    var front: UnsafeMutableRawPointer { storage + start }
    /// Where the next byte is to be written.
    var back: UnsafeMutableRawPointer { storage + end }
    /// How many bytes may be written at the back.
    var room: Int { capacity - end }

    /// Makes room for `room` bytes at the back; the unread bytes may move, and with them `written` bytes that were
    /// written at the back and not appended yet.
    @inline(never)
    mutating func reserve(_ room: Int, keeping written: Int = 0) {
        guard room > self.room else { return }
        if count + room <= capacity {
            storage.copyMemory(from: front, byteCount: count + written)
        } else {
            let capacity = max(capacity * 2, count + room)
            let grown = UnsafeMutableRawPointer.allocate(byteCount: capacity + Self.padding, alignment: 16)
            grown.copyMemory(from: front, byteCount: count + written)
            storage.deallocate()
            storage = grown
            self.capacity = capacity
        }
        end = count
        start = 0
    }

    /// Counts bytes that were written at the back as unread.
    mutating func append(written count: Int) {
        end += count
    }

    /// Takes bytes from the front.
    mutating func drop(_ count: Int) {
        start += count
        if start == end {
            start = 0
            end = 0
        }
    }

    /// Copies bytes to the back.
    mutating func append(_ bytes: some Collection<UInt8>) {
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(start: back, count: bytes.count).copyBytes(from: bytes)
        end += bytes.count
    }

    /// Moves as many bytes as fit from the front to a buffer, and returns their number.
    mutating func move(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(start: front, count: count))
        drop(count)
        return count
    }

    /// Reads once from a source into the room at the back, which must not be empty; false at the end.
    mutating func fill(from source: inout any ByteSource) throws(DatasetError) -> Bool {
        let count = try source.read(into: UnsafeMutableRawBufferPointer(start: back, count: room))
        end += count
        return count > 0
    }

    /// Sets the padding behind the unread bytes to a byte that ends every scan.
    func pad(with byte: UInt8) {
        back.initializeMemory(as: UInt8.self, repeating: byte, count: Self.padding)
    }
}
