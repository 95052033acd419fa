import Glibc

/// What a shared object exports and what it needs, read from its file, with none of its code run.
///
/// Layout: ELF-64 as in the System V ABI, "Sections", "Symbol Table" and "Dynamic Section".
struct ElfDynamics {
    /// Functions and variables that others can use, sorted.
    private(set) var exports: [String] = []
    /// The names of the libraries that it needs (DT_NEEDED).
    private(set) var libraries: [String] = []

    private let bytes: [UInt8]

    /// Returns nil where the file cannot be read or has no table of sections.
    init?(path: String) {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var status = stat()
        guard fstat(fileno(file), &status) == 0, status.st_size > 64, status.st_size < 1 << 30 else { return nil }
        bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
        guard bytes.count == Int(status.st_size), bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { return nil }
        guard let start = number(40, 8), let size = number(58, 2), let count = number(60, 2), start > 0, size >= 64
        else {
            return nil
        }
        for index in 0..<count { readSection(at: start + index * size, table: start, size) }
        exports = Set(exports).sorted()
    }

    private mutating func readSection(at place: Int, table: Int, _ size: Int) {
        let (dynamic, symbols) = (6, 11)
        guard let type = number(place + 4, 4), type == dynamic || type == symbols, let offset = number(place + 24, 8),
            let length = number(place + 32, 8), let link = number(place + 40, 4),
            let texts = number(table + link * size + 24, 8), offset + length <= bytes.count
        else { return }
        let entry = type == dynamic ? 16 : 24
        for start in stride(from: offset, through: offset + length - entry, by: entry) {
            if type == dynamic {
                let needed = 1
                if number(start, 8) == needed, let name = number(start + 8, 8) { libraries.append(text(texts + name)) }
            } else if isExported(start), let name = number(start, 4) {
                exports.append(text(texts + name))
            }
        }
    }

    /// Whether a symbol is defined here, global or weak, and seen from outside.
    private func isExported(_ symbol: Int) -> Bool {
        let (info, visibility) = (bytes[symbol + 4], bytes[symbol + 5] & 3)
        let isDefined = number(symbol + 6, 2) != 0
        return isDefined && (1...2).contains(info >> 4) && (visibility == 0 || visibility == 3)
    }

    /// A little-endian number; nil beyond the end, or where it is no offset.
    private func number(_ offset: Int, _ size: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - size else { return nil }
        var value: UInt64 = 0
        for index in (0..<size).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
        return value < 1 << 40 ? Int(value) : nil
    }

    private func text(_ offset: Int) -> String {
        guard offset >= 0, offset < bytes.count else { return "" }
        return String(decoding: bytes[offset...].prefix { $0 != 0 }, as: UTF8.self)
    }
}
