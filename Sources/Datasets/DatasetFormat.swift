extension DatasetLocation.Format {
    /// The format that a name says, as the end of a path: `.jsonl`, `.csv.gz`. Nil where it says none.
    public init?(name: String) {
        guard let format = DatasetLocation.nameSays(name).format else { return nil }
        self = format
    }

    /// The rows of a file's bytes, as JSON Lines, decompressed where the first bytes say that they are compressed.
    ///
    /// - Parameter name: what errors call the bytes.
    public func rows(of bytes: any ByteSource, named name: String) -> any ByteSource {
        decode(bytes, compression: .none, columns: nil, path: name)
    }

    /// - Parameter compression: what is expected; the first bytes, where they say something else, know better.
    func decode(
        _ bytes: any ByteSource, compression: DatasetLocation.Compression, columns: Set<String>?, path: String
    ) -> any ByteSource {
        let source = decompress(bytes, compression, path: path)
        switch self {
        case .jsonLines:
            let lines = LookaheadSource(source)
            lines.skip(byteOrderMarkLength(lines.peek(3)))
            return lines
        case .jsonArray:
            return JSONArraySource(source, path: path)
        case .commaSeparated:
            return CSVSource(source, columns: columns, path: path)
        case .tabSeparated:
            return CSVSource(source, delimiter: 0x09, columns: columns, path: path)
        }
    }

    private func decompress(
        _ bytes: any ByteSource, _ expected: DatasetLocation.Compression, path: String
    ) -> any ByteSource {
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
        case .gzip: GzipSource(source, path: path)
        case .zstd: ZstdSource(source, path: path)
        }
    }
}
