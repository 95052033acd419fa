/// Finds many texts in one pass over a subject, without regard to the case of ASCII letters.
///
/// Three bytes of each text are looked up in a table of hashes, at each place of the subject or at every second one (then for
/// two places in the text). Where the table has such bytes, the whole text is compared.
struct TextFinder {
    /// A bit for each pattern that must be tried, whatever the subject contains.
    let always: UnsafeMutableBufferPointer<UInt64>
    /// How many patterns may be ruled out.
    let ruledOutCount: Int

    /// Three bytes of a text, by which it is found.
    private struct Probe {
        let text: UnsafeMutableBufferPointer<UInt8>
        /// Where in the text they are.
        let offset: Int
        /// A bit for each pattern that requires the text.
        let patterns: UnsafeMutableBufferPointer<UInt64>
    }

    private let stride: Int
    /// The probes of hash h are `probes[starts[h]..<starts[h + 1]]`.
    private let probes: UnsafeMutableBufferPointer<Probe>
    private let starts: UnsafeMutableBufferPointer<UInt32>
    private let shift: UInt32

    private static let probeLength = 3

    /// - Parameter required: for each pattern, texts of which a subject contains at least one where it matches; nil if nothing
    ///   is known, and none if it does not match anywhere.
    init(_ required: [Set<[UInt8]>?], stride: Int) {
        self.stride = stride
        let words = (required.count + 63) / 64
        let none = [UInt64](repeating: 0, count: words)
        var tried = none
        var patternsByText: [[UInt8]: [UInt64]] = [:]
        for (index, required) in required.enumerated() {
            let bit = UInt64(1) << UInt64(index % 64)
            guard let required, required.allSatisfy({ $0.count >= Self.probeLength + stride - 1 }) else {
                tried[index / 64] |= bit
                continue
            }
            for text in required { patternsByText[text, default: none][index / 64] |= bit }
        }
        always = .copy(of: tried)
        ruledOutCount = required.count - tried.reduce(0) { $0 + $1.nonzeroBitCount }

        var bits = UInt32(12)
        while bits < 16, 1 << bits < 128 * patternsByText.count { bits += 1 }
        shift = 32 - bits
        var probes: [(hash: Int, probe: Probe)] = []
        for (bytes, patterns) in patternsByText {
            let text = UnsafeMutableBufferPointer.copy(of: bytes)
            let patterns = UnsafeMutableBufferPointer.copy(of: patterns)
            let first = Self.rarestPlace(in: bytes, length: Self.probeLength + stride - 1)
            for offset in first..<first + stride {
                let hash = Self.hash(UnsafeRawBufferPointer(text), offset, shift)
                probes.append((hash, Probe(text: text, offset: offset, patterns: patterns)))
            }
        }
        probes.sort { $0.hash < $1.hash }
        self.probes = .copy(of: probes.map(\.probe))
        var starts = [UInt32](repeating: 0, count: 1 << bits + 1)
        for entry in probes { starts[entry.hash + 1] += 1 }
        for index in 1..<starts.count { starts[index] += starts[index - 1] }
        self.starts = .copy(of: starts)
    }

    func deallocate() {
        // Each text has `stride` probes.
        for texts in Dictionary(grouping: probes, by: { $0.text.baseAddress }).values {
            texts.first?.text.deallocate()
            texts.first?.patterns.deallocate()
        }
        always.deallocate()
        probes.deallocate()
        starts.deallocate()
    }

    /// Sets the bits of the patterns of which a text is in the subject.
    @inline(__always)
    func mark(in subject: UnsafeRawBufferPointer, _ patterns: UnsafeMutableBufferPointer<UInt64>) {
        guard subject.count >= Self.probeLength, let starts = starts.baseAddress, !probes.isEmpty else { return }
        let last = subject.count - Self.probeLength
        var place = 0
        while place <= last {
            let hash = Self.hash(subject, place, shift)
            if starts[hash] != starts[hash + 1] { compare(hash, subject, place, patterns) }
            place += stride
        }
    }

    @inline(never)
    private func compare(
        _ hash: Int, _ subject: UnsafeRawBufferPointer, _ place: Int,
        _ patterns: UnsafeMutableBufferPointer<UInt64>
    ) {
        for probe in probes[Int(starts[hash])..<Int(starts[hash + 1])] {
            let start = place - probe.offset
            guard start >= 0, start + probe.text.count <= subject.count else { continue }
            if probe.text.indices.allSatisfy({ subject[start + $0].inSmallLetters == probe.text[$0] }) {
                for index in patterns.indices { patterns[index] |= probe.patterns[index] }
            }
        }
    }

    /// A hash of three bytes, of 32 - `shift` bits, that does not depend on the case of ASCII letters.
    @inline(__always)
    private static func hash(_ bytes: UnsafeRawBufferPointer, _ place: Int, _ shift: UInt32) -> Int {
        // The cases of a letter differ in this bit alone. Other bytes become equal, too; the comparison tells them apart.
        let caseBits: UInt32 = 0x20_2020
        let (a, b, c) = (UInt32(bytes[place]), UInt32(bytes[place + 1]), UInt32(bytes[place + 2]))
        return Int(truncatingIfNeeded: ((a | b << 8 | c << 16 | caseBits) &* 0x9E37_79B1) >> shift)
    }

    /// Where `length` bytes of a text begin that are rarer in other texts than the rest of it.
    private static func rarestPlace(in text: [UInt8], length: Int) -> Int {
        let frequent = Array(" etaoinsrhldcumfpgwyb".utf8)
        let frequencies = text.map { byte in frequent.firstIndex(of: byte).map { frequent.count - $0 } ?? 0 }
        func frequency(_ start: Int) -> Int { frequencies[start..<start + length].reduce(0, +) }
        return (0...text.count - length).min { frequency($0) < frequency($1) } ?? 0
    }
}

extension UInt8 {
    /// The byte; of an ASCII capital, the small letter.
    fileprivate var inSmallLetters: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}

extension UnsafeMutableBufferPointer {
    /// A copy of an array, to be deallocated by the caller.
    fileprivate static func copy(of array: [Element]) -> Self {
        let copy = allocate(capacity: array.count)
        _ = copy.initialize(from: array)
        return copy
    }
}
