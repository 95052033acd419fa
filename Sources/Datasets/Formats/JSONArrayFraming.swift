/// Turns the framing of a JSON array into lines, one per element; a state machine without input or output.
///
/// It finds where the elements begin and end, and looks at nothing else in them: whether an element is valid JSON is for
/// the reader of the lines to say. Blocks of 64 bytes are examined at once; where strings lie in a block is computed
/// without branches (the idea: Langdale and Lemire, Parsing Gigabytes of JSON per Second, 2019, section 3.1), and a block
/// in which no element can end is copied whole.
struct JSONArrayFraming {
    private enum Phase {
        /// Before the array.
        case start
        /// Between `[` or a comma and an element.
        case beforeElement
        /// In an element, outside of all its brackets.
        case inElement
        /// Within brackets of an element.
        case inContainer
        /// Behind an element that was an object or array.
        case afterContainer
        /// Behind the array.
        case finished
    }

    private var phase = Phase.start
    /// Open brackets, the array's own among them.
    private var depth = 0
    private var elements = 0
    private var elementStart = 0
    /// The offset of the next byte, or of the fault.
    private var offset = 0
    /// All ones if the next byte lies in a string.
    private var inString: UInt64 = 0
    /// 1 if the next byte is escaped by a backslash.
    private var escaped: UInt64 = 0
    private let path: String?
    /// What stopped the conversion.
    private(set) var failure: DatasetError?

    /// What the elements stand in.
    enum Kind {
        /// An array.
        case array
        /// An array that is a member of an object and starts at an offset; what comes after it is passed over.
        case member(at: Int)
        /// Nothing: objects, with white space or commas between them.
        case sequence
    }

    private let isSequence: Bool
    private let isMember: Bool

    /// - Parameter path: what errors call the data.
    init(_ kind: Kind = .array, path: String?) {
        self.path = path
        switch kind {
        case .array: (isSequence, isMember) = (false, false)
        case .member(let start): (isSequence, isMember, offset) = (false, true, start)
        case .sequence: (isSequence, isMember, depth, phase) = (true, false, 1, .beforeElement)
        }
    }

    /// Passes over bytes that were not part of the array, such as a byte order mark.
    mutating func skip(_ count: Int) {
        offset += count
    }

    /// Converts a block, unless `failure` is set already.
    ///
    /// - Parameters:
    ///   - input: 128 readable bytes, the first `count` of which are the block. `count` is less than 64 only in the last
    ///     block, where spaces fill the rest.
    ///   - output: 128 writable bytes.
    /// - Returns: the number of bytes written, at most `count`.
    @inline(__always)
    mutating func convert(_ input: UnsafeRawPointer, count: Int, to output: UnsafeMutableRawPointer) -> Int {
        let block = ByteBlock(input)
        let strings = findStrings(block)
        // `[` and `]` differ from `{` and `}` in this bit only; the bytes that it makes equal to them are just those.
        let folded = block.setting(0x20)
        let closing = folded.marks(of: UInt8(ascii: "}")).bits & ~strings
        let opening = folded.marks(of: UInt8(ascii: "{")).bits & ~strings
        let lineEnds = block.lineEnds.isEmpty ? 0 : block.lineEnds.bits
        let closingCount = closing.nonzeroBitCount
        guard phase == .inContainer, closingCount < depth - 1, count == ByteBlock.size, lineEnds & strings == 0 else {
            return convertPiecewise(
                input, count, strings, opening: opening, closing: closing, lineEnds: lineEnds, to: output)
        }
        depth += opening.nonzeroBitCount - closingCount
        offset += ByteBlock.size
        block.replacing(block.lineEnds, with: 0x20).store(to: output)
        return ByteBlock.size
    }

    /// Says that the input has ended; sets `failure` if the array has not.
    mutating func finish() {
        guard failure == nil else { return }
        switch phase {
        case .finished:
            break
        case .beforeElement where isSequence, .afterContainer where isSequence:
            break
        case .start:
            fail(.truncated, "found nothing; expected a JSON array of rows")
        case .inElement, .inContainer:
            fail(
                .truncated,
                "the data ends within element \(elements) of the array, which starts at byte \(elementStart);"
                    + " check it for a missing bracket or quote")
        case .beforeElement, .afterContainer:
            fail(.truncated, "the data ends before the ] of the array (elements read: \(elements))")
        }
    }

    /// The bytes of a block that lie in strings, as bits; opening quotes do, closing quotes do not.
    @inline(__always)
    private mutating func findStrings(_ block: ByteBlock) -> UInt64 {
        var quotes = block.marks(of: UInt8(ascii: "\"")).bits
        let backslashMarks = block.marks(of: UInt8(ascii: "\\"))
        if !backslashMarks.isEmpty || escaped != 0 {
            var backslashes = backslashMarks.bits & ~escaped
            var escapes = escaped
            escaped = 0
            while backslashes != 0 {
                let one = backslashes & (0 &- backslashes)
                escaped = one >> 63
                escapes |= one << 1
                backslashes &= ~(one | one << 1)
            }
            quotes &= ~escapes
        }
        // Each bit becomes the parity of the quotes up to it.
        quotes ^= quotes << 1
        quotes ^= quotes << 2
        quotes ^= quotes << 4
        quotes ^= quotes << 8
        quotes ^= quotes << 16
        quotes ^= quotes << 32
        let strings = quotes ^ inString
        inString = strings >> 63 == 0 ? 0 : ~0
        return strings
    }

    /// Converts a block in which an element may begin or end: from bracket to bracket within an element, and elsewhere, or
    /// if there is a line end in a string, byte by byte.
    private mutating func convertPiecewise(
        _ input: UnsafeRawPointer, _ count: Int, _ strings: UInt64, opening: UInt64, closing: UInt64,
        lineEnds: UInt64, to output: UnsafeMutableRawPointer
    ) -> Int {
        var index = 0
        var written = 0
        while index < count {
            if phase == .inContainer, lineEnds & strings == 0 {
                let brackets = (opening | closing) >> UInt64(index)
                let length = brackets == 0 ? count - index : brackets.trailingZeroBitCount + 1
                // Bytes behind these are copied too, and overwritten with what belongs there.
                let block = ByteBlock(input + index)
                let changed = lineEnds == 0 ? block : block.replacing(block.lineEnds, with: 0x20)
                changed.store(to: output + written)
                index += length
                written += length
                offset += length
                if brackets != 0 { passBracket(isOpening: opening >> UInt64(index - 1) & 1 == 1) }
                continue
            }
            let byte = input.load(fromByteOffset: index, as: UInt8.self)
            let result = strings >> UInt64(index) & 1 == 0 ? convertOutsideString(byte) : convertInString(byte)
            guard failure == nil else { break }
            if let result {
                output.storeBytes(of: result, toByteOffset: written, as: UInt8.self)
                written += 1
            }
            index += 1
            offset += 1
        }
        return written
    }

    /// Counts a bracket within an element.
    @inline(__always)
    private mutating func passBracket(isOpening: Bool) {
        depth += isOpening ? 1 : -1
        if depth == 1 { phase = .afterContainer }
    }

    @inline(__always)
    private mutating func convertInString(_ byte: UInt8) -> UInt8? {
        switch phase {
        case .inElement, .inContainer: break
        case .finished where isMember: return nil
        case .beforeElement: startElement(.inElement)
        case .start, .afterContainer, .finished: failMisplaced(byte)
        }
        // A line end here is invalid JSON, and has to stay so without ending the line.
        return byte == 0x0A || byte == 0x0D ? 0x01 : byte
    }

    /// The byte to write for one of the input, if any.
    @inline(__always)
    private mutating func convertOutsideString(_ byte: UInt8) -> UInt8? {
        let isLineEnd = byte == 0x0A || byte == 0x0D
        let isSpace = isLineEnd || byte == 0x20 || byte == 0x09
        switch phase {
        case .inContainer:
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["): passBracket(isOpening: true)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): passBracket(isOpening: false)
            default: break
            }
            return isLineEnd ? 0x20 : byte
        case .start, .finished:
            if isSpace || phase == .finished && isMember { return nil }
            guard phase == .start, byte == UInt8(ascii: "[") else { return failMisplaced(byte) }
            depth = 1
            phase = .beforeElement
            return nil
        case .beforeElement:
            return isSpace ? nil : convertBeforeElement(byte)
        case .inElement, .afterContainer:
            guard isSpace else { return convertAtElementEnd(byte) }
            if phase == .afterContainer, isSequence {
                phase = .beforeElement
                return 0x0A
            }
            return phase == .afterContainer ? nil : isLineEnd ? 0x20 : byte
        }
    }

    private mutating func convertBeforeElement(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "]") where elements == 0 && !isSequence:
            depth = 0
            phase = .finished
            return nil
        case UInt8(ascii: ",") where isSequence && elements > 0:
            return nil
        case UInt8(ascii: ","), UInt8(ascii: "]"):
            let found = Character(Unicode.Scalar(byte))
            return fail(.malformed, "an element of the array is missing before '\(found)'")
        case UInt8(ascii: "}"):
            return failMisplaced(byte)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            startElement(.inContainer)
            depth += 1
            return byte
        case 0:
            // A line that begins with this byte would be taken for a rejected row.
            startElement(.inElement)
            return 0x01
        default:
            startElement(.inElement)
            return byte
        }
    }

    private mutating func convertAtElementEnd(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: ","):
            phase = .beforeElement
            return 0x0A
        case UInt8(ascii: "]") where !isSequence:
            depth = 0
            phase = .finished
            return 0x0A
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            return failMisplaced(byte)
        default:
            guard phase == .inElement else { return failMisplaced(byte) }
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                depth += 1
                phase = .inContainer
            }
            return byte
        }
    }

    private mutating func startElement(_ phase: Phase) {
        elements += 1
        elementStart = offset
        self.phase = phase
    }

    /// Fails because a byte cannot stand where it does.
    @discardableResult
    private mutating func failMisplaced(_ byte: UInt8) -> UInt8? {
        let found = (0x21...0x7E).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : hexadecimal(byte)
        switch phase {
        case .start:
            return fail(.malformed, "found \(found); expected a JSON array of rows")
        case .finished:
            return fail(.malformed, "found \(found) after the ] of the array")
        case .afterContainer where isSequence && byte != UInt8(ascii: "}"):
            return fail(.malformed, "found \(found) after object \(elements); expected a line end")
        case .afterContainer where byte != UInt8(ascii: "}"):
            return fail(.malformed, "found \(found) after element \(elements); expected a comma or ]")
        case .beforeElement, .inElement, .inContainer, .afterContainer:
            return fail(.malformed, "\(found) closes a bracket that was not opened")
        }
    }

    @discardableResult
    private mutating func fail(_ code: DatasetError.Code, _ message: String) -> UInt8? {
        failure = DatasetError(code, message, path: path, at: .byte(offset))
        return nil
    }
}

extension ByteBlock {
    /// Marks line feeds and carriage returns.
    @inline(__always)
    fileprivate var lineEnds: ByteMarks {
        marks(of: 0x0A).union(marks(of: 0x0D))
    }
}
