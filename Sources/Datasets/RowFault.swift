import CSimdJSON
import JSON

/// Why a line is no row.
public struct RowFault: Sendable, Hashable, CustomStringConvertible {
    public var message: String
    /// The byte of the line where the fault was noticed, from 0.
    public var offset: Int?

    public var description: String { offset.map { "\(message) (byte \($0 + 1))" } ?? message }

    init(message: String, offset: Int?) {
        self.message = message
        self.offset = offset
    }

    init(_ code: Int32, at offset: Int, in line: UnsafeRawBufferPointer) {
        let text = csj_text(ptr: line.baseAddress?.assumingMemoryBound(to: CChar.self), len: UInt64(line.count))
        let valid = csj_valid_utf8_prefix(text)
        let blank = line.prefix { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }.count
        if valid < line.count {
            self.init(message: "not valid UTF-8", offset: valid)
        } else if let first = line.dropFirst(blank).first, first != UInt8(ascii: "{") {
            let found =
                switch first {
                case UInt8(ascii: "["): "an array"
                case UInt8(ascii: "\""): "a string"
                default: "something else"
                }
            self.init(message: "not a JSON object: the line holds \(found)", offset: blank)
        } else {
            // The first byte is where simdjson stands before it has begun, and says nothing.
            self.init(message: JSONError.message(of: code), offset: offset > 0 ? offset : nil)
        }
    }
}
