import Glibc

/// What a shared object exports and what it needs, read from its file, with none of its code run.
///
/// Layout: ELF-64 as in the System V ABI, "Sections", "Symbol Table" and "Dynamic Section".
package struct ElfDynamics {
    /// Functions and variables that others can use, sorted.
    package private(set) var exports: [String] = []
    /// The names of the libraries that it needs (DT_NEEDED).
    package private(set) var libraries: [String] = []
    /// The newest version of glibc whose functions it uses, such as 2.34; nil if it uses none.
    package private(set) var glibc: String?

    private let bytes: [UInt8]

    /// Returns nil if the file cannot be read or has no table of sections.
    package init?(path: String) {
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
        let (dynamic, symbols, neededVersions) = (6, 11, 0x6FFF_FFFE)
        guard let type = number(place + 4, 4), [dynamic, symbols, neededVersions].contains(type),
            let offset = number(place + 24, 8), let length = number(place + 32, 8), let link = number(place + 40, 4),
            let texts = number(table + link * size + 24, 8), offset + length <= bytes.count
        else { return }
        if type == neededVersions { return readVersions(at: offset, texts: texts) }
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

    /// Reads which versions of libraries are needed: lists of lists, each element with the offset of the next (Linux Standard
    /// Base, "Symbol Versioning": Elfxx_Verneed, Elfxx_Vernaux).
    private mutating func readVersions(at start: Int, texts: Int) {
        var library = start
        // As many as there can be in the file, so that no circle is followed for ever.
        for _ in 0..<bytes.count / 16 {
            guard let first = number(library + 8, 4), let next = number(library + 12, 4) else { return }
            var version = library + first
            for _ in 0..<bytes.count / 16 {
                guard let name = number(version + 8, 4), let following = number(version + 12, 4) else { break }
                note(version: text(texts + name))
                if following == 0 { break }
                version += following
            }
            if next == 0 { return }
            library += next
        }
    }

    private mutating func note(version name: String) {
        let prefix = "GLIBC_"
        guard name.hasPrefix(prefix) else { return }
        func parts(_ version: Substring) -> [Int] { version.split(separator: ".").compactMap { Int($0) } }
        let version = name.dropFirst(prefix.count)
        guard version.first?.isNumber == true else { return }
        if let known = glibc, !parts(known[...]).lexicographicallyPrecedes(parts(version)) { return }
        glibc = String(version)
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
