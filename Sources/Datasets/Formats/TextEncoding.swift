/// How the text of a file is written as bytes.
public enum TextEncoding: String, Sendable, Hashable, CaseIterable {
    case utf8 = "utf-8"
    case utf16LittleEndian = "utf-16le"
    case utf16BigEndian = "utf-16be"
    /// Western European, as Windows writes it.
    case windows1252 = "windows-1252"
    /// ISO 8859-1.
    case latin1 = "latin-1"

    /// Reads a name as people write it: `UTF16LE`, `cp1252`, `iso-8859-1`.
    public init?(name: String) {
        switch name.lowercased().filter({ $0 != "-" && $0 != "_" && $0 != " " }) {
        case "utf8", "utf8sig": self = .utf8
        case "utf16le", "utf16", "unicode": self = .utf16LittleEndian
        case "utf16be": self = .utf16BigEndian
        case "windows1252", "cp1252", "ansi": self = .windows1252
        case "latin1", "iso88591", "l1": self = .latin1
        default: return nil
        }
    }

    /// The encoding that a byte order mark names, if the bytes begin with one.
    init?(markedIn bytes: [UInt8]) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            self = .utf8
        } else if bytes.starts(with: [0xFF, 0xFE]) {
            self = .utf16LittleEndian
        } else if bytes.starts(with: [0xFE, 0xFF]) {
            self = .utf16BigEndian
        } else {
            return nil
        }
    }

    /// The characters of the bytes 0x80 to 0x9F in windows-1252 (https://encoding.spec.whatwg.org/#index-windows-1252).
    static let windows1252Characters: [UInt16] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,
        0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0x9D, 0x017E, 0x0178,
    ]
}

/// A text in some encoding as UTF-8.
///
/// Half of a UTF-16 surrogate pair becomes three bytes that are not UTF-8, so that the row that has it is rejected, and no
/// other.
final class TranscodingSource: ByteSource {
    private static let chunk = 64 << 10

    private var base: any ByteSource
    private let encoding: TextEncoding
    private let path: String?
    private var input = ByteQueue(capacity: TranscodingSource.chunk)
    private var output = ByteQueue(capacity: 3 * TranscodingSource.chunk + 8)
    private var inputHasEnded = false
    private var failure: DatasetError?
    /// Bytes converted so far.
    private var offset = 0

    /// - Parameter encoding: not UTF-8.
    init(_ base: any ByteSource, from encoding: TextEncoding, path: String?) {
        self.base = base
        self.encoding = encoding
        self.path = path
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        while output.isEmpty {
            if let failure { throw failure }
            if inputHasEnded { return 0 }
            fill()
            convert()
        }
        return output.move(into: buffer)
    }

    private func fill() {
        input.reserve(Self.chunk - input.count)
        do throws(DatasetError) {
            inputHasEnded = try !input.fill(from: &base)
        } catch {
            failure = error
        }
    }

    private func convert() {
        output.reserve(3 * input.count + 8)
        let bytes = UnsafeRawBufferPointer(start: input.front, count: input.count)
        let used: Int
        switch encoding {
        case .utf8: used = 0
        case .windows1252:
            for byte in bytes {
                put((0x80..<0xA0).contains(byte) ? TextEncoding.windows1252Characters[Int(byte) - 0x80] : UInt16(byte))
            }
            used = bytes.count
        case .latin1:
            for byte in bytes { put(UInt16(byte)) }
            used = bytes.count
        case .utf16LittleEndian: used = convertPairs(bytes, low: 0, high: 1)
        case .utf16BigEndian: used = convertPairs(bytes, low: 1, high: 0)
        }
        input.drop(used)
        offset += used
        if inputHasEnded, !input.isEmpty, failure == nil {
            failure = DatasetError(
                .truncated, "the text ends within a character of \(encoding.rawValue); the rows before it were read",
                path: path, at: .byte(offset))
        }
    }

    /// Converts UTF-16; returns the bytes used, which may leave out half a pair.
    private func convertPairs(_ bytes: UnsafeRawBufferPointer, low: Int, high: Int) -> Int {
        var index = 0
        func unit(_ index: Int) -> UInt16 { UInt16(bytes[index + low]) | UInt16(bytes[index + high]) << 8 }
        while index + 2 <= bytes.count {
            let first = unit(index)
            guard first & 0xFC00 == 0xD800 else {
                put(first)
                index += 2
                continue
            }
            guard index + 4 <= bytes.count else {
                guard inputHasEnded else { break }
                put(first)
                index += 2
                continue
            }
            let second = unit(index + 2)
            guard second & 0xFC00 == 0xDC00 else {
                put(first)
                index += 2
                continue
            }
            let scalar = 0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
            store([
                UInt8(0xF0 | scalar >> 18), UInt8(0x80 | scalar >> 12 & 0x3F), UInt8(0x80 | scalar >> 6 & 0x3F),
                UInt8(0x80 | scalar & 0x3F),
            ])
            index += 4
        }
        return index
    }

    @inline(__always)
    private func put(_ unit: UInt16) {
        let back = output.back.assumingMemoryBound(to: UInt8.self)
        if unit < 0x80 {
            back[0] = UInt8(unit)
            output.append(written: 1)
        } else if unit < 0x800 {
            back[0] = UInt8(0xC0 | unit >> 6)
            back[1] = UInt8(0x80 | unit & 0x3F)
            output.append(written: 2)
        } else {
            back[0] = UInt8(0xE0 | unit >> 12)
            back[1] = UInt8(0x80 | unit >> 6 & 0x3F)
            back[2] = UInt8(0x80 | unit & 0x3F)
            output.append(written: 3)
        }
    }

    private func store(_ bytes: [UInt8]) {
        output.append(bytes)
    }
}
