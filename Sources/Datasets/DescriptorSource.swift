import Glibc
import Synchronization

/// A count of bytes that one thread adds to and others read, for showing progress.
public final class ByteCount: Sendable {
    private let count = Atomic<Int>(0)

    public init() {}

    /// The bytes counted so far.
    public var value: Int { count.load(ordering: .relaxed) }

    func add(_ bytes: Int) {
        count.add(bytes, ordering: .relaxed)
    }
}

/// The bytes of a file, a FIFO or standard input, as they are.
public final class DescriptorSource: ByteSource {
    private let descriptor: Int32
    private let ownsDescriptor: Bool
    private let path: String
    private let counter: ByteCount?

    /// Opens a file. Of a FIFO, waits until someone writes to it.
    ///
    /// - Parameter counter: counts the bytes that have been read.
    public init(path: String, counter: ByteCount? = nil) throws(DatasetError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        ownsDescriptor = descriptor >= 0
        self.path = path
        self.counter = counter
        guard descriptor >= 0 else {
            throw DatasetError(.unreadable, "cannot be opened: \(describeSystemError(errno))", path: path)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw DatasetError(.unreadable, "cannot be examined: \(describeSystemError(errno))", path: path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            throw DatasetError(.unreadable, "is a directory; name a file in it", path: path)
        case S_IFREG:
            // Only advice: that it may fail changes nothing but speed.
            _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        default:
            break
        }
    }

    private init(standardInputCountedBy counter: ByteCount?) {
        descriptor = STDIN_FILENO
        ownsDescriptor = false
        path = "standard input"
        self.counter = counter
    }

    /// Standard input, which stays open.
    public static func standardInput(counter: ByteCount? = nil) -> DescriptorSource {
        DescriptorSource(standardInputCountedBy: counter)
    }

    deinit {
        if ownsDescriptor { _ = close(descriptor) }
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 {
                counter?.add(count)
                return count
            }
            guard errno == EINTR else {
                throw DatasetError(.unreadable, "cannot be read: \(describeSystemError(errno))", path: path)
            }
        }
    }
}

/// What the operating system says that an error number means.
func describeSystemError(_ number: Int32) -> String {
    String(cString: strerror(number))
}
