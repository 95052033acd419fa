/// How the rows stand in a JSON text, as its first bytes show.
enum JSONShape: Equatable {
    /// One object a line.
    case lines
    /// The elements of an array, which comes first.
    case array
    /// Objects one after the other, over lines of their own: also a single one.
    case sequence
    /// The elements of an array that is a member of an object. The array starts at the byte `start`.
    case member(name: String, start: Int)

    /// The members of an object that hold rows, where the object is not a row itself.
    static let rowMembers = ["data", "rows", "examples", "instances", "records", "items", "samples"]

    /// How many bytes are looked at.
    static let window = 1 << 20

    /// Finds out from the start of a text that begins with an object.
    ///
    /// - Parameters:
    ///   - bytes: the first bytes, after a byte order mark.
    ///   - isWhole: whether these are all.
    init(objectIn bytes: [UInt8], isWhole: Bool) {
        var scan = ObjectScan(bytes)
        scan.run()
        if let end = scan.end {
            let rest = bytes[end...].first { !isSpace($0) }
            let isOnOneLine = !bytes[scan.start..<end].contains(0x0A)
            if rest != nil || !isWhole {
                self = isOnOneLine ? .lines : .sequence
            } else if let member = scan.arrays.first(where: { JSONShape.rowMembers.contains($0.name) }) {
                self = .member(name: member.name, start: member.start)
            } else {
                self = isOnOneLine ? .lines : .sequence
            }
        } else if let member = scan.arrays.first(where: { JSONShape.rowMembers.contains($0.name) }) {
            self = .member(name: member.name, start: member.start)
        } else {
            self = bytes[scan.start...].contains(0x0A) ? .sequence : .lines
        }
    }
}

func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

/// Goes over the first object of a text, and notes which of its members are arrays of objects.
private struct ObjectScan {
    private let bytes: [UInt8]
    /// Where the object starts.
    let start: Int
    /// Behind the object's end, if that is there.
    private(set) var end: Int?
    private(set) var arrays: [(name: String, start: Int)] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        start = bytes.firstIndex { !isSpace($0) } ?? bytes.count
    }

    mutating func run() {
        var depth = 0
        var index = start
        var name: String?
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                let close = endOfString(index)
                if depth == 1, name == nil {
                    name = String(decoding: bytes[(index + 1)..<max(index + 1, close - 1)], as: UTF8.self)
                }
                index = close
                continue
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if depth == 1, byte == UInt8(ascii: "["), let name, startsObject(index + 1) {
                    arrays.append((name, index))
                }
                depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth <= 0 {
                    end = index + 1
                    return
                }
            case UInt8(ascii: ","):
                if depth == 1 { name = nil }
            default: break
            }
            index += 1
        }
    }

    /// Behind the closing quote of the string at `start`.
    private func endOfString(_ start: Int) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(bytes.count, index + 1)
    }

    private func startsObject(_ index: Int) -> Bool {
        bytes[index...].first { !isSpace($0) } == UInt8(ascii: "{")
    }
}
