package import Datasets
import Glibc
import Platform

/// Where the rows of a run are, and how its lines hold the rows' own columns.
package struct RowsSource: Sendable {
    /// Opens the lines for one reading, front to back.
    package var open: @Sendable () throws(DatasetError) -> any ByteSource
    /// Whether the columns are in the member `input` of each line, rather than beside `scores`.
    package var hasInput: Bool

    package init(hasInput: Bool, open: @escaping @Sendable () throws(DatasetError) -> any ByteSource) {
        self.open = open
        self.hasInput = hasInput
    }

    init(_ location: DatasetLocation, hasInput: Bool) {
        self.init(hasInput: hasInput) { () throws(DatasetError) in try location.open() }
    }
}

/// The files of a tar archive (ustar), as far as run folders need them: plain files and folders.
struct TarContents {
    private let path: String
    /// By name without the folder that all have in common.
    private(set) var files: [String: Range<Int>] = [:]

    private static let blockSize = 512
    /// The most headers that are read: a run has a file for each function.
    private static let fileLimit = 100_000

    /// - Returns: nil if the file is not an archive.
    init?(_ path: String) throws(RunError) {
        self.path = path
        guard let (descriptor, status) = try? RegularFile.open(path) else { return nil }
        defer { close(descriptor) }
        let size = Int(status.st_size)
        var offset = 0
        for number in 0..<Self.fileLimit {
            guard offset + Self.blockSize <= size,
                let header = Self.bytes(descriptor, offset..<offset + Self.blockSize),
                header[257..<262].elementsEqual("ustar".utf8)
            else {
                if number == 0 { return nil }
                return
            }
            func text(_ range: Range<Int>) -> String {
                String(decoding: header[range].prefix { $0 != 0 && $0 != 0x20 }, as: UTF8.self)
            }
            guard let length = Int(text(124..<136), radix: 8), length >= 0, length <= size - offset - Self.blockSize
            else { throw RunError("\(path): the archive is damaged or incomplete at byte \(offset)") }
            let start = offset + Self.blockSize
            let name = String(decoding: header[0..<100].prefix { $0 != 0 }, as: UTF8.self)
            if header[156] == UInt8(ascii: "0") || header[156] == 0 {
                let parts = name.split(separator: "/").drop { $0 == "." }
                let isFunction = parts.count > 1 && parts[parts.endIndex - 2] == "functions"
                files[parts.suffix(isFunction ? 2 : 1).joined(separator: "/")] = start..<start + length
            }
            offset = start + (length + Self.blockSize - 1) / Self.blockSize * Self.blockSize
        }
    }

    /// The contents of a file; nil if the archive does not have it.
    func read(_ name: String, limit: Int) -> [UInt8]? {
        guard let range = files[name], range.count <= limit,
            let (descriptor, _) = try? RegularFile.open(path)
        else { return nil }
        defer { close(descriptor) }
        return Self.bytes(descriptor, range)
    }

    /// The rows; nil if the archive does not have them.
    var rows: RowsSource? {
        guard let range = files["rows.jsonl.zst"] else { return nil }
        return RowsSource(hasInput: true) { [path] () throws(DatasetError) in
            ZstdSource(try FilePart(path, range), path: path)
        }
    }

    private static func bytes(_ descriptor: Int32, _ range: Range<Int>) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(range.lowerBound + done))
            }
            if count <= 0 { return nil }
            done += count
        }
        return bytes
    }
}

/// The bytes of a part of a file.
private final class FilePart: ByteSource {
    private let path: String
    private let descriptor: Int32
    private var rest: Range<Int>

    init(_ path: String, _ range: Range<Int>) throws(DatasetError) {
        self.path = path
        rest = range
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            throw DatasetError(.unreadable, "cannot be opened: \(systemMessage(errno))", path: path)
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if rest.isEmpty { return 0 }
        let count = pread(descriptor, buffer.baseAddress, min(buffer.count, rest.count), off_t(rest.lowerBound))
        if count <= 0 { throw DatasetError(.unreadable, "cannot be read to its end", path: path) }
        rest = rest.lowerBound + count..<rest.upperBound
        return count
    }
}
