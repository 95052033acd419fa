/// A tar archive in memory, in the format ustar (POSIX.1-1988), which any tar reads.
///
/// The same files produce the same bytes: the archive contains no times, owners or links.
package struct TarArchive {
    /// Why a file or folder cannot be part of such an archive.
    package struct Refusal: Error {
        package var message: String
    }

    private var blocks: [UInt8] = []

    private static let blockSize = 512

    package init() {}

    /// - Parameters:
    ///   - name: its path in the archive, at most 100 bytes.
    ///   - isExecutable: whether it gets the permission to be executed.
    package mutating func add(_ bytes: [UInt8], as name: String, isExecutable: Bool = false) throws(Refusal) {
        blocks += try Self.header(ofFile: name, size: bytes.count, isExecutable: isExecutable)
        blocks += bytes
        blocks += Self.padding(ofSize: bytes.count)
    }

    package mutating func addFolder(_ name: String) throws(Refusal) {
        blocks += try Self.header(name + "/", size: 0, mode: 0o755, kind: UInt8(ascii: "5"))
    }

    /// The archive as a file.
    package var bytes: [UInt8] { blocks + Self.end }

    /// What ends an archive that is written piece by piece.
    package static let end = [UInt8](repeating: 0, count: 2 * blockSize)

    /// The zero bytes behind a file of a size.
    package static func padding(ofSize size: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (blockSize - size % blockSize) % blockSize)
    }

    /// What precedes the contents of a file, for an archive that is written piece by piece.
    package static func header(
        ofFile name: String, size: Int, isExecutable: Bool = false
    ) throws(Refusal) -> [UInt8] {
        try header(name, size: size, mode: isExecutable ? 0o755 : 0o644, kind: UInt8(ascii: "0"))
    }

    private static func header(_ name: String, size: Int, mode: Int, kind: UInt8) throws(Refusal) -> [UInt8] {
        guard name.utf8.count <= 100 else { throw Refusal(message: "\(name): the path is longer than 100 bytes") }
        guard size < 1 << 33 else { throw Refusal(message: "\(name): the file has 8 GiB or more") }
        var header = [UInt8](repeating: 0, count: blockSize)
        func put(_ bytes: some Sequence<UInt8>, _ offset: Int) {
            for (index, byte) in bytes.enumerated() { header[offset + index] = byte }
        }
        func octal(_ number: Int, _ digits: Int) -> [UInt8] {
            let text = String(number, radix: 8)
            return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
        }
        put(name.utf8, 0)
        put(octal(mode, 7), 100)
        put(octal(0, 7), 108)  // user
        put(octal(0, 7), 116)  // group
        put(octal(size, 11), 124)
        put(octal(0, 11), 136)  // time
        put([UInt8](repeating: UInt8(ascii: " "), count: 8), 148)
        header[156] = kind
        put("ustar".utf8, 257)
        put("00".utf8, 263)
        // The sum of the header's bytes, with blanks in place of the sum.
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + [0, UInt8(ascii: " ")], 148)
        return header
    }
}
