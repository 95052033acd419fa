extension DatasetLocation.Format {
    /// The format according to the ending of a path: `.jsonl`, `.csv.gz`. Nil if it is unknown.
    public init?(name: String) {
        guard let format = DatasetLocation.nameSays(name).format else { return nil }
        self = format
    }

    /// The rows of a file's bytes, as JSON Lines, decompressed if the first bytes show that they are compressed.
    ///
    /// - Parameters:
    ///   - name: the name of the bytes in errors.
    ///   - rowSize: the maximum size of a row, in bytes.
    public func rows(of bytes: any ByteSource, named name: String, rowSize: Int) -> any ByteSource {
        var options = DatasetOptions()
        options.rowSize = rowSize
        return decode(bytes, options, compression: .none, columns: nil, path: name)
    }

    /// - Parameter compression: the expected compression; the first bytes take precedence.
    func decode(
        _ bytes: any ByteSource, _ options: DatasetOptions, compression: DatasetLocation.Compression,
        columns: ColumnSelection?, path: String, notices: DatasetNotices? = nil
    ) -> any ByteSource {
        let source = decode(decompress(bytes, compression, path: path), options.encoding, path: path)
        let rows: any ByteSource =
            switch self {
            case .jsonLines, .jsonArray: self.rows(of: source, path: path, notices: notices)
            case .commaSeparated:
                CSVSource(source, options: options, columns: columns, path: path, notices: notices)
            case .tabSeparated:
                CSVSource(
                    source, delimiter: Delimiter.tab, options: options, columns: columns, path: path, notices: notices)
            }
        return RowSizeLimit(rows, limit: options.rowSize)
    }

    /// The text in UTF-8, converted from the encoding of its byte order mark, or from the expected one.
    private func decode(
        _ bytes: LookaheadSource, _ expected: TextEncoding?, path: String
    ) -> LookaheadSource {
        let first = bytes.peek(4)
        if let advice = ForeignFormat.advice(firstBytes: first) {
            return LookaheadSource(FailedSource(error: DatasetError(.unknownFormat, advice, path: path)))
        }
        let marked = TextEncoding(markedIn: first)
        let encoding = marked ?? expected ?? .utf8
        if marked != nil { bytes.skip(encoding == .utf8 ? 3 : 2) }
        return encoding == .utf8 ? bytes : LookaheadSource(TranscodingSource(bytes, from: encoding, path: path))
    }

    /// The rows of a JSON text. A file named JSON Lines may be an array, and vice versa.
    private func rows(of text: LookaheadSource, path: String, notices: DatasetNotices?) -> any ByteSource {
        let first = text.peek(upTo: 4096) { $0.contains { !isSpace($0) } }
        guard let place = first.firstIndex(where: { !isSpace($0) }) else {
            return self == .jsonLines ? text : JSONArraySource(text, path: path)
        }
        switch first[place] {
        case UInt8(ascii: "["):
            return self == .jsonArray || startsArrayOfObjects(text) ? JSONArraySource(text, path: path) : text
        case UInt8(ascii: "{"):
            if self == .jsonLines, !isAloneOnItsLine(text, at: place) { return text }
            let bytes = text.peek(JSONShape.window)
            switch JSONShape(objectIn: bytes, isWhole: bytes.count < JSONShape.window) {
            case .lines: return text
            case .array, .sequence: return JSONArraySource(text, framing: .sequence, path: path)
            case .member(let name, let start):
                notices?.set(
                    "\(path): the rows are read from the member \"\(name)\" of its object", on: "rows")
                text.skip(start)
                return JSONArraySource(text, framing: .member(at: start), path: path)
            case .otherTable(let advice): return FailedSource(error: DatasetError(.malformed, advice, path: path))
            }
        default:
            return self == .jsonLines ? text : JSONArraySource(text, path: path)
        }
    }

    /// Whether the brace at `place` has no more of the object behind it on its line, as when each member has its own line.
    private func isAloneOnItsLine(_ text: LookaheadSource, at place: Int) -> Bool {
        let bytes = text.peek(upTo: 4096) { $0.dropFirst(place + 1).contains { $0 == 0x0A || !isSpace($0) } }
        let next = bytes.dropFirst(place + 1).first { $0 == 0x0A || !isSpace($0) }
        return next == 0x0A
    }

    /// Whether an array of objects starts that is not over with its line: lines may hold arrays, which are not rows.
    private func startsArrayOfObjects(_ text: LookaheadSource) -> Bool {
        let bytes = text.peek(upTo: JSONShape.window) { $0.contains(0x0A) }
        let line = bytes.prefix { $0 != 0x0A }
        let start = line.drop { isSpace($0) }.dropFirst().first { !isSpace($0) }
        if start == nil { return true }
        guard start == UInt8(ascii: "{"), line.count == bytes.count || line.last(where: { !isSpace($0) }) != 0x5D else {
            // One line that holds an array, and nothing behind it, is an array, too.
            let rest = text.peek(JSONShape.window).dropFirst(line.count)
            return start == UInt8(ascii: "{") && rest.count < JSONShape.window - line.count && rest.allSatisfy(isSpace)
        }
        return true
    }

    private func decompress(
        _ bytes: any ByteSource, _ expected: DatasetLocation.Compression, path: String
    ) -> LookaheadSource {
        let source = LookaheadSource(bytes)
        let magic = Array(source.peek(4))
        let isSkippableFrame = magic.count == 4 && magic[0] & 0xF0 == 0x50 && magic.dropFirst() == [0x2A, 0x4D, 0x18]
        let found: DatasetLocation.Compression =
            if magic.starts(with: [0x1F, 0x8B]) {
                .gzip
            } else if magic == [0x28, 0xB5, 0x2F, 0xFD] || isSkippableFrame {
                .zstd
            } else {
                expected
            }
        return switch found {
        case .none: source
        case .gzip: LookaheadSource(GzipSource(source, path: path))
        case .zstd: LookaheadSource(ZstdSource(source, path: path))
        }
    }
}
