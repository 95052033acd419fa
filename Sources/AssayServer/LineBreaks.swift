import Glibc

extension [UInt8] {
    /// Puts spaces in the places of line breaks.
    mutating func replaceLineBreaks(from start: Int) {
        withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            for lineBreak in [Int32(0x0A), 0x0D] {
                var place = start
                while place < bytes.count, let found = memchr(base + place, lineBreak, bytes.count - place) {
                    place = UnsafeRawPointer(found) - UnsafeRawPointer(base)
                    bytes[place] = UInt8(ascii: " ")
                }
            }
        }
    }
}
