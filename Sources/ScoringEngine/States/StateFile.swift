import Hashing
import Statistics

/// The frame of a state: a mark, the version, and a digest of everything that follows.
enum StateFile {
    static let version = 1
    private static let mark = Array("assay state\n".utf8)

    static func frame(_ contents: [UInt8]) -> [UInt8] {
        var writer = StateWriter()
        writer.append(raw: mark)
        writer.append(count: version)
        writer.append(raw: digest(of: contents))
        writer.append(raw: contents)
        return writer.bytes
    }

    static func contents(of bytes: [UInt8]) throws(StateFault) -> [UInt8] {
        guard bytes.starts(with: mark) else {
            throw StateFault(
                mark.starts(with: bytes)
                    ? "is \(bytes.isEmpty ? "empty" : "cut off")" : "is not a state that 'assay score --state' wrote")
        }
        var reader = StateReader(Array(bytes[mark.count...]))
        let found = try reader.count()
        guard found == version else {
            throw StateFault(
                "is a state of version \(found), and this Assay reads version \(version); use the Assay that wrote it")
        }
        let expected = try reader.raw(32)
        let contents = try reader.raw(reader.bytesLeft)
        guard digest(of: contents) == expected else {
            throw StateFault("is damaged or cut off: its checksum does not match")
        }
        return contents
    }

    private static func digest(of bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { SHA256.digest(of: $0).bytes } }
}
