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
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case damaged, malformed, stopped, tooLarge, truncated, unknownFormat, unreadable
        }

        private var value: Value

        /// Compressed data that cannot be decompressed.
        public static let damaged = Code(value: .damaged)
        /// The framing of the rows (array brackets, the header row of a table) is not valid.
        public static let malformed = Code(value: .malformed)
        /// Reading was stopped by the caller.
        public static let stopped = Code(value: .stopped)
        /// A memory limit would be exceeded.
        public static let tooLarge = Code(value: .tooLarge)
        /// The data is incomplete.
        public static let truncated = Code(value: .truncated)
        /// The name of the dataset does not determine its format, or is not the name of a file.
        public static let unknownFormat = Code(value: .unknownFormat)
        /// The operating system refused to open or read the file.
        public static let unreadable = Code(value: .unreadable)

        public var description: String { value.rawValue }
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
