extension Span where Element == UInt8 {
    /// Python's `str.lower`: full mappings, and a capital sigma at the end of a word becomes a final one.
    var lowercased: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var offset = 0
        while offset < count {
            let decoded = scalar(at: offset)
            if decoded.length == 1 {
                let byte = self[offset]
                result.append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
            } else if decoded.scalar == "Σ", endsWord(offset, offset + decoded.length) {
                result.append(contentsOf: "ς".utf8)
            } else {
                result.append(contentsOf: decoded.scalar.properties.lowercaseMapping.utf8)
            }
            offset += decoded.length
        }
        return result
    }

    /// The Final_Sigma condition of the Unicode standard (table 3-17) for the scalar at `start..<end`.
    ///
    /// Each run of case-ignorable scalars is looked through from its two ends at most, so a text takes linear time.
    private func endsWord(_ start: Int, _ end: Int) -> Bool {
        var before = start
        var followsCased = false
        while before > 0 {
            let decoded = scalar(before: before)
            before -= decoded.length
            if !decoded.scalar.properties.isCaseIgnorable {
                followsCased = decoded.scalar.properties.isCased
                break
            }
        }
        guard followsCased else { return false }
        var after = end
        while after < count {
            let decoded = scalar(at: after)
            after += decoded.length
            if !decoded.scalar.properties.isCaseIgnorable { return !decoded.scalar.properties.isCased }
        }
        return true
    }
}

/// The case of a text as Python's `str.isupper` and `str.islower` see it.
enum PythonCase {
    case upper, lower, mixed
    /// Without a letter that has a case.
    case none

    init(_ scalars: some Sequence<Unicode.Scalar>) {
        var (hasUpper, hasLower) = (false, false)
        for scalar in scalars {
            if scalar.value < 0x80 {
                if scalar.value &- 0x41 < 26 { hasUpper = true }
                if scalar.value &- 0x61 < 26 { hasLower = true }
                continue
            }
            let properties = scalar.properties
            if properties.isUppercase {
                hasUpper = true
            } else if properties.isLowercase {
                hasLower = true
            } else if properties.generalCategory == .titlecaseLetter {
                self = .mixed
                return
            }
            if hasUpper && hasLower { break }
        }
        switch (hasUpper, hasLower) {
        case (true, true): self = .mixed
        case (true, false): self = .upper
        case (false, true): self = .lower
        case (false, false): self = .none
        }
    }
}
