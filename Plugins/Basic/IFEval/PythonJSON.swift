/// The grammar of Python's `json.loads`: that of JSON, and NaN, Infinity and -Infinity.
enum PythonJSON {
    /// Whether a text is one value. Linear in its length, at any depth.
    static func isValid(_ text: ArraySlice<UInt8>) -> Bool {
        var reader = Reader(text: text, place: text.startIndex)
        return reader.readsValue() && reader.isAtEnd
    }

    private struct Reader {
        let text: ArraySlice<UInt8>
        var place: Int

        private var next: UInt8 { place < text.endIndex ? text[place] : 0 }

        var isAtEnd: Bool { place == text.endIndex }

        mutating func readsValue() -> Bool {
            // Whether each container that is open is an object.
            var open: [Bool] = []
            repeat {
                skipSpace()
                // A value, or what opens one.
                if takes("{") {
                    skipSpace()
                    if !takes("}") {
                        open.append(true)
                        guard readsKey() else { return false }
                        continue
                    }
                } else if takes("[") {
                    skipSpace()
                    if !takes("]") {
                        open.append(false)
                        continue
                    }
                } else if !readsScalar() {
                    return false
                }
                // What follows a value.
                while let isObject = open.last {
                    skipSpace()
                    if takes(",") {
                        skipSpace()
                        if isObject { guard readsKey() else { return false } }
                        break
                    }
                    guard takes(isObject ? "}" : "]") else { return false }
                    open.removeLast()
                }
            } while !open.isEmpty
            skipSpace()
            return true
        }

        private mutating func skipSpace() {
            while next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 { place += 1 }
        }

        private mutating func takes(_ word: String) -> Bool {
            guard text[place...].starts(with: word.utf8) else { return false }
            place += word.utf8.count
            return true
        }

        private mutating func readsKey() -> Bool {
            guard readsString() else { return false }
            skipSpace()
            return takes(":")
        }

        private mutating func readsScalar() -> Bool {
            switch next {
            case UInt8(ascii: "\""): readsString()
            case UInt8(ascii: "t"): takes("true")
            case UInt8(ascii: "f"): takes("false")
            case UInt8(ascii: "n"): takes("null")
            case UInt8(ascii: "N"): takes("NaN")
            case UInt8(ascii: "I"): takes("Infinity")
            default: takes("-Infinity") || readsNumber()
            }
        }

        private mutating func readsNumber() -> Bool {
            _ = takes("-")
            if !takes("0") { guard readsDigits() else { return false } }
            // A fraction or exponent without digits is what follows the number, and so an error.
            if takes(".") { guard readsDigits() else { return false } }
            if takes("e") || takes("E") {
                if !takes("+") { _ = takes("-") }
                guard readsDigits() else { return false }
            }
            return true
        }

        private mutating func readsDigits() -> Bool {
            guard next.isASCIIDigit else { return false }
            while next.isASCIIDigit { place += 1 }
            return true
        }

        private mutating func readsString() -> Bool {
            guard takes("\"") else { return false }
            while place < text.endIndex {
                let byte = text[place]
                place += 1
                if byte == UInt8(ascii: "\"") { return true }
                if byte < 0x20 { return false }
                guard byte == UInt8(ascii: "\\") else { continue }
                if takes("u") {
                    for _ in 0..<4 {
                        guard next.isASCIIDigit || (next | 0x20) &- 0x61 < 6 else { return false }
                        place += 1
                    }
                } else if "\"\\/bfnrt".utf8.contains(next) {
                    place += 1
                } else {
                    return false
                }
            }
            return false
        }
    }
}
