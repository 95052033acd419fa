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
    /// Columns, or rows by their names; what can be done is in the words.
    case otherTable(advice: String)

    /// The members of an object that hold rows, where the object is not a row itself: usual names, deepeval's, HELM's, and
    /// promptfoo's, which lie in an object.
    static let rowMembers = [
        "data", "rows", "examples", "instances", "records", "items", "samples", "testCases", "request_states",
        "results.results",
    ]

    /// What to do about a table that pandas wrote by columns.
    private static let pandasAdvice =
        "the object holds columns and not rows, as pandas writes them by default; write rows: "
        + #"df.to_json("rows.jsonl", orient="records", lines=True)"#
    private static let namedRowsAdvice =
        "the rows are numbered members of an object, not elements of an array; convert them: jq -c '.[]' "
        + "FILE | assay score - …"

    /// The shape of an object that is alone in its text and can be no row.
    private static func otherTable(_ scan: ObjectScan) -> JSONShape? {
        let names = scan.members.map(\.name)
        if names.contains("columns"), names.contains("index"), scan.matrices.contains("data") {
            return .otherTable(advice: pandasAdvice)
        }
        guard !scan.members.isEmpty, scan.members.allSatisfy({ $0.firstKey != nil }) else { return nil }
        // By columns, each has the same first row; the rows of an object are numbered themselves.
        if names.first.flatMap({ Int($0) }) != nil { return .otherTable(advice: namedRowsAdvice) }
        let first = scan.members[0].firstKey
        let areColumns = first.flatMap { Int($0) } != nil && scan.members.allSatisfy { $0.firstKey == first }
        return areColumns ? .otherTable(advice: pandasAdvice) : nil
    }

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
            } else if let other = JSONShape.otherTable(scan) {
                self = other
            } else {
                self = isOnOneLine ? .lines : .sequence
            }
        } else if let member = scan.arrays.first(where: { JSONShape.rowMembers.contains($0.name) }) {
            self = .member(name: member.name, start: member.start)
        } else if let other = JSONShape.otherTable(scan) {
            self = other
        } else {
            self = bytes[scan.start...].contains(0x0A) ? .sequence : .lines
        }
    }
}

func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

/// Goes over the first object of a text, and notes its members, and which of them, and of theirs, are arrays of objects.
private struct ObjectScan {
    private let bytes: [UInt8]
    /// Where the object starts.
    let start: Int
    /// Behind the object's end, if that is there.
    private(set) var end: Int?
    private(set) var arrays: [(name: String, start: Int)] = []
    /// The members, and of objects the name of their own first member.
    private(set) var members: [(name: String, firstKey: String?)] = []
    /// The names of members that are arrays of arrays.
    private(set) var matrices: [String] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        start = bytes.firstIndex { !isSpace($0) } ?? bytes.count
    }

    mutating func run() {
        var depth = 0
        var index = start
        var name: String?
        var inner: String?
        // Whether the member at hand is an object.
        var isObject = false
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                let close = endOfString(index)
                let text = bytes[(index + 1)..<max(index + 1, close - 1)]
                if depth == 1, name == nil {
                    let new = String(decoding: text, as: UTF8.self)
                    name = new
                    members.append((new, nil))
                } else if depth == 2, isObject, inner == nil {
                    inner = String(decoding: text, as: UTF8.self)
                    if members[members.count - 1].firstKey == nil { members[members.count - 1].firstKey = inner }
                }
                index = close
                continue
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if byte == UInt8(ascii: "["), let name, depth == 1 || depth == 2 && isObject {
                    if starts(index + 1, with: "{") {
                        arrays.append((depth == 1 ? name : "\(name).\(inner ?? "")", index))
                    } else if depth == 1, starts(index + 1, with: "[") {
                        matrices.append(name)
                    }
                }
                if depth == 1 { isObject = byte == UInt8(ascii: "{") }
                depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth <= 0 {
                    end = index + 1
                    return
                }
            case UInt8(ascii: ","):
                if depth == 1 { (name, inner) = (nil, nil) }
                if depth == 2 { inner = nil }
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

    private func starts(_ index: Int, with byte: Unicode.Scalar) -> Bool {
        bytes[index...].first { !isSpace($0) } == UInt8(ascii: byte)
    }
}
