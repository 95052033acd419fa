import CWorkerProtocol
import Glibc

/// Memory that this process writes and a worker can only read: a file in memory that is sealed against being mapped for
/// writing, made smaller or larger by anyone else.
final class Segment {
    let number: UInt64
    let size: Int
    let base: UnsafeMutableRawPointer
    /// Its file, until the worker has been given it.
    private(set) var descriptor: Int32

    /// The size in bytes above which a segment is not kept for the next batch.
    static let mostKept = 16 << 20

    /// Makes room for `byteCount` bytes at least; nil if the system has none.
    init?(_ number: UInt64, byteCount: Int) {
        // Sizes that are kept for other batches are powers of two; others are as small as can be.
        size = byteCount > Self.mostKept ? (byteCount + 4095) & ~4095 : max(64 << 10, byteCount.roundedUpToPowerOfTwo)
        self.number = number
        guard let (descriptor, base) = makeMemory(size, isReadOnly: true) else { return nil }
        self.descriptor = descriptor
        self.base = base
    }

    deinit {
        munmap(base, size)
        if descriptor >= 0 { close(descriptor) }
    }

    /// The worker has mapped it.
    func wasHandedOver() {
        close(descriptor)
        descriptor = -1
    }
}

/// The memory that a worker writes its output to. Whatever lies in it may be wrong, and may change while it is read.
final class OutputMemory {
    private let base: UnsafeMutableRawPointer
    /// Its file, until the worker has been started.
    private(set) var descriptor: Int32

    init?() {
        guard let (descriptor, base) = makeMemory(AW_OUTPUT_SIZE, isReadOnly: false) else { return nil }
        self.descriptor = descriptor
        self.base = base
    }

    deinit {
        munmap(base, AW_OUTPUT_SIZE)
        wasHandedOver()
    }

    func wasHandedOver() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    private var head: UnsafeMutablePointer<aw_output> { base.assumingMemoryBound(to: aw_output.self) }

    /// Bytes of whole records that the worker has not announced yet, within bounds.
    var written: Int { Int(min(aw_load_written(head), UInt64(AW_OUTPUT_CAPACITY))) }

    func setCancelled(_ isCancelled: Bool) { aw_store_cancelled(head, isCancelled ? 1 : 0) }

    /// The first `count` bytes of output, to be copied before they are looked at.
    func bytes(_ count: Int) -> UnsafeRawBufferPointer {
        precondition(count <= AW_OUTPUT_CAPACITY)
        return UnsafeRawBufferPointer(start: base + AW_OUTPUT_HEAD, count: count)
    }
}

/// - Parameter isReadOnly: whether others can only map it to read it.
private func makeMemory(_ size: Int, isReadOnly: Bool) -> (descriptor: Int32, base: UnsafeMutableRawPointer)? {
    var descriptor: Int32 = -1
    var base: UnsafeMutableRawPointer?
    guard aw_make_memory(UInt64(size), isReadOnly, &descriptor, &base) == 0, let base else { return nil }
    return (descriptor, base)
}

extension Int {
    fileprivate var roundedUpToPowerOfTwo: Int {
        self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
    }
}
