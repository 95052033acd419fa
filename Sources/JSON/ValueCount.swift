extension JSONValue {
    /// At most how many values a text has, members counted as one with their names: one more than it has commas and opening
    /// brackets outside of strings. Takes no memory, whereas each value of a parsed text takes some 70 bytes.
    public static func mostValues(in text: UnsafeRawBufferPointer) -> Int {
        var count = 1
        var isInString = false
        var isEscaped = false
        for byte in text {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): count += 1
            default: break
            }
        }
        return count
    }
}
