import Glibc
import Platform

/// Records that are appended one by one and read at any place. What is more than a size lies in a file without a name, which
/// goes with the store.
struct RecordStore: Sendable {
    private let memoryLimit: Int
    private var file: UnnamedFile?
    private var fileSize = 0
    /// The last records, which are not in the file.
    private var tail: [UInt8] = []

    /// Bytes of a record's length.
    private static let headSize = 8
    /// What is read at once; most records are shorter.
    private static let readSize = 2048

    /// - Parameter memoryLimit: bytes that are kept in memory.
    init(memoryLimit: Int) {
        self.memoryLimit = memoryLimit
    }

    /// Adds a record.
    ///
    /// - Returns: its place.
    mutating func append(_ record: some Collection<UInt8>) throws(DatasetError) -> Int {
        if tail.count + record.count > memoryLimit, !tail.isEmpty { try flush() }
        let place = fileSize + tail.count
        for shift in 0..<Self.headSize { tail.append(UInt8(truncatingIfNeeded: record.count >> (8 * shift))) }
        tail += record
        return place
    }

    private mutating func flush() throws(DatasetError) {
        do throws(RegularFile.Fault) {
            if file == nil { file = try UnnamedFile(in: Self.folder) }
            try tail.span.withUnsafeBytes { [file] bytes throws(RegularFile.Fault) in try file?.append(bytes) }
        } catch {
            throw DatasetError(
                .unreadable,
                "the rows to join do not fit in memory, and a temporary file in \(Self.folder) \(error.message); name another "
                    + "folder with the variable TMPDIR")
        }
        fileSize += tail.count
        tail.removeAll(keepingCapacity: true)
    }

    /// The folder for temporary files: not /tmp by default, which may be memory.
    private static let folder =
        getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } ?? "/var/tmp"

    /// The record at a place that `append` returned.
    func record(at place: Int) throws(DatasetError) -> ArraySlice<UInt8> {
        if place >= fileSize {
            let start = place - fileSize
            return tail[(start + Self.headSize)...].prefix(Self.length(tail[start...]))
        }
        guard let file else { return [] }
        var bytes = try read(min(Self.readSize, fileSize - place), at: place, of: file)
        let end = Self.headSize + Self.length(bytes[...])
        if bytes.count < end { bytes += try read(end - bytes.count, at: place + bytes.count, of: file) }
        return bytes[Self.headSize..<end]
    }

    /// Bytes that are in the file.
    private func read(_ count: Int, at place: Int, of file: UnnamedFile) throws(DatasetError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        do throws(RegularFile.Fault) {
            while done < count {
                let read = try bytes[done...].withUnsafeMutableBytes { buffer in
                    Result { () throws(RegularFile.Fault) in try file.read(at: place + done, into: buffer) }
                }.get()
                if read == 0 { throw RegularFile.Fault("ends too early") }
                done += read
            }
        } catch {
            throw DatasetError(.unreadable, "the temporary file of the rows to join \(error.message)")
        }
        return bytes
    }

    private static func length(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.prefix(headSize).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}

/// The places of records by the hashes of their keys: a table with open addressing, at most three quarters full, of 12 bytes
/// for each of its slots.
struct HashIndex: Sendable {
    private var tags: [UInt32] = []
    /// A place and 1; 0 where the slot is free.
    private var places: [UInt64] = []
    private(set) var count = 0

    /// Bytes of memory, and those that there are while it grows to hold one more.
    var size: Int { tags.count * 12 }
    var isFull: Bool { (count + 1) * 4 > tags.count * 3 }

    /// The first place with a hash that `matches`.
    func place(
        of hash: UInt32, where matches: (Int) throws(DatasetError) -> Bool
    ) throws(DatasetError) -> Int? {
        if tags.isEmpty { return nil }
        var slot = Int(hash) & (tags.count - 1)
        while places[slot] != 0 {
            let place = Int(places[slot] - 1)
            if tags[slot] == hash, try matches(place) { return place }
            slot = (slot + 1) & (tags.count - 1)
        }
        return nil
    }

    mutating func insert(_ hash: UInt32, _ place: Int) {
        if isFull { grow() }
        var slot = Int(hash) & (tags.count - 1)
        while places[slot] != 0 { slot = (slot + 1) & (tags.count - 1) }
        tags[slot] = hash
        places[slot] = UInt64(place) + 1
        count += 1
    }

    private mutating func grow() {
        let old = (tags, places)
        let capacity = max(16, 2 * tags.count)
        tags = Array(repeating: 0, count: capacity)
        places = Array(repeating: 0, count: capacity)
        count = 0
        for (tag, place) in zip(old.0, old.1) where place != 0 { insert(tag, Int(place - 1)) }
    }
}
