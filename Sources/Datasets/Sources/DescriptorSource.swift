import Glibc
import Platform
import Synchronization

/// What a reader of a file and those who watch it share: how far it is, and whether it is to go on.
public final class ReadControl: Sendable {
    private let count = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)

    public init() {}

    /// The bytes read so far.
    public var bytesRead: Int { count.load(ordering: .relaxed) }

    /// Lets reading end soon with an error of the code `stopped`, also where it waits for someone to write more.
    public func stop() { isStopped.store(true, ordering: .relaxed) }

    var shouldStop: Bool { isStopped.load(ordering: .relaxed) }

    func add(_ bytes: Int) {
        count.add(bytes, ordering: .relaxed)
    }
}

/// The bytes of a file, a FIFO or standard input, as they are.
public final class DescriptorSource: ByteSource {
    private let descriptor: Int32
    private let ownsDescriptor: Bool
    private let path: String
    /// Whether a read may have to wait for another process.
    private var mayWait = true
    private let control: ReadControl?

    /// Opens a file. Of a FIFO, the first read waits until someone writes to it.
    ///
    /// - Parameter control: counts the bytes that have been read, and can stop it.
    public init(path: String, control: ReadControl? = nil) throws(DatasetError) {
        // Without O_NONBLOCK, opening a FIFO that nobody writes to would wait where nothing can stop it.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        ownsDescriptor = descriptor >= 0
        self.path = path
        self.control = control
        guard descriptor >= 0 else {
            throw DatasetError(.unreadable, "cannot be opened: \(systemMessage(errno))", path: path)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw DatasetError(.unreadable, "cannot be examined: \(systemMessage(errno))", path: path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            throw DatasetError(.unreadable, "is a folder; name a file in it", path: path)
        case S_IFREG:
            mayWait = false
            // Only advice: that it may fail changes nothing but speed.
            _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        default:
            break
        }
    }

    /// Reads an open file, and closes it in the end.
    ///
    /// - Parameter name: its name in error messages.
    public init(descriptor: Int32, named name: String) {
        self.descriptor = descriptor
        ownsDescriptor = true
        path = name
        control = nil
    }

    private init(standardInputControlledBy control: ReadControl?) {
        descriptor = STDIN_FILENO
        ownsDescriptor = false
        path = "standard input"
        self.control = control
    }

    /// Standard input, which stays open.
    public static func standardInput(control: ReadControl? = nil) -> DescriptorSource {
        DescriptorSource(standardInputControlledBy: control)
    }

    deinit {
        if ownsDescriptor { _ = close(descriptor) }
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        while true {
            if !isReady() {
                throw DatasetError(.stopped, "reading was stopped", path: path)
            }
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 {
                control?.add(count)
                return count
            }
            guard errno == EINTR || errno == EAGAIN else {
                throw DatasetError(.unreadable, "cannot be read: \(systemMessage(errno))", path: path)
            }
        }
    }
}

extension DescriptorSource {
    /// Waits until there is something to read; false once reading is to stop.
    private func isReady() -> Bool {
        guard mayWait else { return true }
        while !(control?.shouldStop ?? false) {
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // Long enough to cost nothing, short enough for someone who has pressed Ctrl-C.
            if poll(&request, 1, 100) != 0 { return true }
        }
        return false
    }
}
