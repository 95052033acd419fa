/// Memory for values, which is used again for row after row.
///
/// Its values are uninitialised until they are set. Indices are checked in debug builds only, like those of the slices that it
/// gives, so that a loop over a text costs no more than its own work. This is all the unsafe memory of the plugin's metrics.
struct Buffer<Element: BitwiseCopyable>: ~Copyable {
    private var memory = UnsafeMutableBufferPointer<Element>(start: nil, count: 0)
    private(set) var count = 0

    /// Memory beyond this, which one row has made necessary, is not kept for the next.
    private static var mostBytesKept: Int { 4 << 20 }

    deinit { memory.deallocate() }

    var isEmpty: Bool { count == 0 }

    /// All values. Valid until the buffer grows, or its lifetime ends.
    @inline(__always)
    var values: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: memory.baseAddress, count: count)
    }

    @inline(__always)
    subscript(index: Int) -> Element {
        get { values[index] }
        nonmutating set { values[index] = newValue }
    }

    /// Forgets all values.
    mutating func removeAll() {
        count = 0
        guard memory.count * MemoryLayout<Element>.stride > Self.mostBytesKept else { return }
        memory.deallocate()
        memory = UnsafeMutableBufferPointer(start: nil, count: 0)
    }

    /// Makes room for so many more values.
    @inline(__always)
    mutating func reserve(_ more: Int) {
        if count + more > memory.count { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(64, count + more, 2 * memory.count))
        for index in 0..<count { larger.initializeElement(at: index, to: memory[index]) }
        memory.deallocate()
        memory = larger
    }

    @inline(__always)
    mutating func append(_ value: Element) {
        reserve(1)
        appendReserved(value)
    }

    /// Appends a value for which there is room.
    @inline(__always)
    mutating func appendReserved(_ value: Element) {
        memory[count] = value
        count += 1
    }

    mutating func append(contentsOf values: UnsafeMutableBufferPointer<Element>) {
        reserve(values.count)
        for value in values { appendReserved(value) }
    }

    /// Appends what `body` writes into memory for `capacity` values.
    ///
    /// - Parameter body: returns how many values it has written.
    @inline(__always)
    mutating func append(capacity: Int, _ body: (UnsafeMutableBufferPointer<Element>) -> Int) {
        reserve(capacity)
        count += body(UnsafeMutableBufferPointer(rebasing: memory[count..<count + capacity]))
    }

    /// Forgets the values from an index on.
    mutating func removeLast(from index: Int) { count = index }

    /// Has `count` values afterwards, all of them the same.
    mutating func fill(_ count: Int, with value: Element) {
        self.count = 0
        reserve(count)
        self.count = count
        values.update(repeating: value)
    }

    /// Has `count` values afterwards, none of them set.
    mutating func resize(_ count: Int) {
        self.count = 0
        reserve(count)
        self.count = count
    }
}
