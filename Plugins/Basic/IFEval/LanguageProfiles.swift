import CLanguageProfiles

/// How often 55 languages use sequences of one to three characters (Sources/CLanguageProfiles).
///
/// Takes some milliseconds to read, and 2 MB.
struct LanguageProfiles: Sendable {
    static let shared = LanguageProfiles()

    /// The codes of the languages: "en", "zh-cn".
    let languages: [String]
    /// Open addressing; 0, which is the key of no n-gram, marks a free place.
    private let keys: [UInt64]
    /// For each place, the first of the weights of its n-gram, and their number.
    private let weights: [(start: UInt32, count: UInt8)]
    private let entries: [Entry]
    private let ideographs: [UInt16: UInt16]

    struct Entry {
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
        var keys = [UInt64](repeating: 0, count: capacity)
        var weights = [(start: UInt32, count: UInt8)](repeating: (0, 0), count: capacity)
        var entries: [Entry] = []
        entries.reserveCapacity(3 * count)
        var key: UInt64 = 0
        for _ in 0..<count {
            key += reader.groupedInteger()
            let languages = reader.integer(bytes: 1)
            var place = Self.place(of: key, capacity)
            while keys[place] != 0 { place = (place + 1) & (capacity - 1) }
            keys[place] = key
            weights[place] = (UInt32(entries.count), UInt8(languages))
            for _ in 0..<languages {
                entries.append(
                    Entry(language: UInt8(reader.integer(bytes: 1)), weight: UInt16(reader.integer(bytes: 2))))
            }
        }
        (self.keys, self.weights, self.entries) = (keys, weights, entries)
        var ideographs: [UInt16: UInt16] = [:]
        for _ in 0..<reader.integer(bytes: 4) {
            let member = UInt16(reader.integer(bytes: 2))
            ideographs[member] = UInt16(reader.integer(bytes: 2))
        }
        self.ideographs = ideographs
    }

    /// The weights of an n-gram, by its key as make_profiles.py defines it; empty for one that no language has.
    @inline(__always)
    func weights(of key: UInt64) -> ArraySlice<Entry> {
        var place = Self.place(of: key, keys.count)
        while keys[place] != key {
            if keys[place] == 0 { return [] }
            place = (place + 1) & (keys.count - 1)
        }
        let start = Int(weights[place].start)
        return entries[start..<start + Int(weights[place].count)]
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
