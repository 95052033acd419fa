import CLanguageProfiles

/// How often 55 languages use sequences of one to three characters (Sources/CLanguageProfiles).
///
/// Takes some milliseconds to read, and 2 MB.
struct LanguageProfiles: Sendable {
    static let shared = LanguageProfiles()

    /// The codes of the languages: "en", "zh-cn".
    let languages: [String]
    /// Open addressing.
    private let slots: [Slot]
    private let entries: [Entry]
    private let ideographs: [UInt16: UInt16]

    private struct Slot {
        /// Of an n-gram, as make_profiles.py defines it. 0, which is the key of none, marks a free place.
        var key: UInt64 = 0
        /// The first of the weights of the n-gram, and their number.
        var start: UInt32 = 0
        var count: UInt8 = 0
    }

    private struct Entry {
        let language: UInt8
        let weight: UInt16
    }

    private init() {
        var length = 0
        let start = language_profiles(&length)
        var reader = ProfileReader(bytes: UnsafeRawBufferPointer(start: start, count: length))
        languages = (0..<reader.integer(bytes: 2)).map { _ in reader.text(length: reader.integer(bytes: 1)) }
        let count = reader.integer(bytes: 4)
        // A power of two, of which less than three quarters are taken.
        var capacity = 1
        while capacity * 3 / 4 < count { capacity *= 2 }
        var slots = [Slot](repeating: Slot(), count: capacity)
        var entries: [Entry] = []
        entries.reserveCapacity(3 * count)
        var key: UInt64 = 0
        for _ in 0..<count {
            key += reader.groupedInteger()
            let languages = reader.integer(bytes: 1)
            var place = Self.place(of: key, capacity)
            while slots[place].key != 0 { place = (place + 1) & (capacity - 1) }
            slots[place] = Slot(key: key, start: UInt32(entries.count), count: UInt8(languages))
            for _ in 0..<languages {
                entries.append(
                    Entry(language: UInt8(reader.integer(bytes: 1)), weight: UInt16(reader.integer(bytes: 2))))
            }
        }
        (self.slots, self.entries) = (slots, entries)
        var ideographs: [UInt16: UInt16] = [:]
        for _ in 0..<reader.integer(bytes: 4) {
            let member = UInt16(reader.integer(bytes: 2))
            ideographs[member] = UInt16(reader.integer(bytes: 2))
        }
        self.ideographs = ideographs
    }

    /// Adds the weights of an n-gram to the sums of all languages. Returns false for one that no language has.
    ///
    /// - Parameters:
    ///   - key: as make_profiles.py defines it.
    ///   - times: how often the text has the n-gram.
    @inline(__always)
    func addWeights(of key: UInt64, times: Int = 1, to sums: inout [Int]) -> Bool {
        var place = Self.place(of: key, slots.count)
        while slots[place].key != key {
            if slots[place].key == 0 { return false }
            place = (place + 1) & (slots.count - 1)
        }
        let start = Int(slots[place].start)
        for entry in entries[start..<start + Int(slots[place].count)] {
            sums[Int(entry.language)] += Int(entry.weight) * times
        }
        return true
    }

    /// The ideograph that stands for the class of a character.
    func representative(of character: UInt16) -> UInt16 { ideographs[character] ?? character }

    private static func place(of key: UInt64, _ capacity: Int) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (capacity - 1)
    }
}

/// Reads the packed profiles, which are part of the program and so are complete.
private struct ProfileReader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    mutating func integer(bytes count: Int) -> Int {
        var value = 0
        for index in 0..<count { value |= Int(bytes[position + index]) << (8 * index) }
        position += count
        return value
    }

    mutating func groupedInteger() -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while true {
            let byte = UInt64(bytes[position])
            position += 1
            value |= (byte & 127) << shift
            if byte < 128 { return value }
            shift += 7
        }
    }

    mutating func text(length: Int) -> String {
        defer { position += length }
        return String(decoding: bytes[position..<position + length], as: UTF8.self)
    }
}
