/// A text in a buffer, as Unicode scalar values. What changes it makes it shorter, in place.
typealias ScalarSlice = UnsafeMutableBufferPointer<UInt32>

extension ScalarSlice {
    /// Writes the scalars of a UTF-8 text, which is valid, and returns how many they are: at most one for each byte.
    func decode(_ bytes: UnsafeRawBufferPointer) -> Int {
        var (index, made) = (0, 0)
        while index < bytes.count {
            // Eight bytes of ASCII at a time.
            while index + 8 <= bytes.count {
                let eight = bytes.loadUnaligned(fromByteOffset: index, as: SIMD8<UInt8>.self)
                if unsafeBitCast(eight, to: UInt64.self) & 0x8080_8080_8080_8080 != 0 { break }
                UnsafeMutableRawBufferPointer(self).storeBytes(
                    of: SIMD8<UInt32>(truncatingIfNeeded: eight), toByteOffset: 4 * made, as: SIMD8<UInt32>.self)
                index += 8
                made += 8
            }
            guard index < bytes.count else { break }
            let lead = UInt32(bytes[index])
            if lead < 0x80 {
                self[made] = lead
                index += 1
                made += 1
                continue
            }
            let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            // The host passes valid UTF-8 only, so what follows is there.
            var value = length == 2 ? lead & 0x1F : length == 3 ? lead & 0x0F : lead & 0x07
            for next in index + 1..<Swift.min(index + length, bytes.count) {
                value = value << 6 | UInt32(bytes[next]) & 0x3F
            }
            // The parser of JSON keeps an unpaired surrogate of a list; the host replaces that of a text.
            self[made] = value & 0xFFFF_F800 == 0xD800 ? 0xFFFD : value
            index += length
            made += 1
        }
        return made
    }

    /// Python's `str.rstrip`.
    mutating func removeTrailingSpace() {
        var end = count
        while end > 0, self[end - 1].isSpace { end -= 1 }
        self = Self(rebasing: self[..<end])
    }

    /// Python's `str.strip`.
    mutating func removeOuterSpace() {
        removeTrailingSpace()
        var start = 0
        while start < count, self[start].isSpace { start += 1 }
        self = Self(rebasing: self[start...])
    }

    /// Leaves one space between words, and none at the ends.
    mutating func collapseSpace() {
        var end = 0
        var isInWord = false
        for value in self {
            if value.isSpace {
                isInWord = false
                continue
            }
            if !isInWord, end > 0 {
                self[end] = 0x20
                end += 1
            }
            isInWord = true
            self[end] = value
            end += 1
        }
        self = Self(rebasing: self[..<end])
    }

    /// Removes the scalars for which a condition holds.
    @inline(__always)
    mutating func removeScalars(where isRemoved: (UInt32) -> Bool) {
        var end = 0
        for value in self {
            self[end] = value
            end += isRemoved(value) ? 0 : 1
        }
        self = Self(rebasing: self[..<end])
    }

    /// Replaces each line feed by a space.
    func replaceLineFeeds() {
        for index in indices { self[index] = self[index] == 0x0A ? 0x20 : self[index] }
    }

    /// Replaces each occurrence of a pattern, from the left, by one scalar or none.
    mutating func replace(_ pattern: StaticString, with replacement: UInt32?) {
        let pattern = UnsafeBufferPointer(start: pattern.utf8Start, count: pattern.utf8CodeUnitCount)
        guard let first = pattern.first.map(UInt32.init), var index = firstIndex(of: first) else { return }
        var end = index
        while index < count {
            if self[index] == first, hasPrefix(pattern, at: index) {
                if let replacement {
                    self[end] = replacement
                    end += 1
                }
                index += pattern.count
            } else {
                self[end] = self[index]
                end += 1
                index += 1
            }
        }
        self = Self(rebasing: self[..<end])
    }

    private func hasPrefix(_ pattern: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        guard count - start >= pattern.count else { return false }
        for offset in pattern.indices where self[start + offset] != UInt32(pattern[offset]) { return false }
        return true
    }

    /// Replaces four entities, one after the other, so that `&amp;lt;` is `<`.
    mutating func replaceEntities() {
        replace("&quot;", with: 0x22)
        replace("&amp;", with: 0x26)
        replace("&lt;", with: 0x3C)
        replace("&gt;", with: 0x3E)
    }
}
