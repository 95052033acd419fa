/// Why a dataset could not be read, and where.
///
/// Errors of a single row are not of this type: they become input errors of that row, and reading continues.
public struct DatasetError: Error, Hashable, Sendable {
    /// The kind of fault, for code that distinguishes them.
    public var code: Code
    /// What was found, and what to do about it, in one line.
    public var message: String
    /// The file, or nil for bytes that are not from a file.
    public var path: String?
    /// The point in the file, if known.
    public var place: Place?

    public init(_ code: Code, _ message: String, path: String? = nil, at place: Place? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.place = place
    }

    /// A kind of fault.
    @nonexhaustive
    public enum Code: String, Hashable, Sendable, CustomStringConvertible {
        /// Compressed data that does not decompress.
        case damaged
        /// The framing of the rows (array brackets, the header row of a table) cannot be made out.
        case malformed
        /// Whoever started the reading wants no more of it.
        case stopped
        /// Something exceeds a limit on memory.
        case tooLarge
        /// The data ends before its format says that it does.
        case truncated
        /// The name of the dataset does not say what it holds, or is no name of a file.
        case unknownFormat
        /// The operating system refused to open or read the file.
        case unreadable

        public var description: String { rawValue }
    }

    /// A point in a file.
    public enum Place: Hashable, Sendable, CustomStringConvertible {
        /// An offset, from 0, into the (decompressed) bytes.
        case byte(Int)
        /// An offset, from 0, into the compressed file.
        case compressedByte(Int)
        /// A line, from 1.
        case line(Int)

        public var description: String {
            switch self {
            case .byte(let offset): "byte \(offset)"
            case .compressedByte(let offset): "byte \(offset) of the compressed data"
            case .line(let number): "line \(number)"
            }
        }
    }
}

extension DatasetError: CustomStringConvertible {
    /// One line: the path and the place, where known, and the message.
    public var description: String {
        switch (path, place) {
        case (let path?, let place?): "\(path), \(place): \(message)"
        case (let path?, nil): "\(path): \(message)"
        case (nil, let place?): "\(place): \(message)"
        case (nil, nil): message
        }
    }
}
