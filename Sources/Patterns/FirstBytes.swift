internal import CPCRE2

/// The bytes that a match can begin with, as PCRE2 tells them of a pattern.
///
/// PCRE2 looks for them itself, from the start of a search to the end of the subject. A search that is cut into windows of
/// start positions would pay for that with each window, and so with the square of the subject's length, or more.
struct FirstBytes: Sendable {
    private let table: [Bool]

    /// Returns nil where any byte can be the first, or none need be.
    init?(_ code: OpaquePointer) {
        var kind: UInt32 = 0
        var unit: UInt32 = 0
        var bitmap: UnsafePointer<UInt8>?
        _ = pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_FIRSTCODETYPE), &kind)
        _ = pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_FIRSTCODEUNIT), &unit)
        _ = pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_FIRSTBITMAP), &bitmap)
        var table = [Bool](repeating: false, count: 256)
        if kind == 1 {
            let byte = UInt8(truncatingIfNeeded: unit)
            table[Int(byte)] = true
            // Whether its case counts, PCRE2 does not say.
            let isLetter = (0x41...0x5A).contains(byte & 0xDF)
            if isLetter { table[Int(byte ^ 0x20)] = true }
        } else if kind == 0, let bitmap {
            for byte in 0..<256 { table[byte] = bitmap[byte >> 3] >> (byte & 7) & 1 != 0 }
        } else {
            return nil
        }
        self.table = table
    }

    /// The first place from `start` on with one of the bytes; nil if there is none.
    func next(in subject: UnsafeRawBufferPointer, from start: Int) -> Int? {
        table.withUnsafeBufferPointer { table in
            var place = start
            while place < subject.count {
                let byte = subject[place]
                if table[Int(byte)], byte & 0xC0 != 0x80 { return place }
                place += 1
            }
            return nil
        }
    }
}
