/// Why a pattern was refused, and where in it.
public struct PatternError: Error, Hashable, CustomStringConvertible {
    /// What was found and what to write instead.
    public let message: String

    /// Where it was found: an index into the Unicode scalars of the pattern as it was given, from 0 up to their number.
    public let offset: Int

    init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }

    public var description: String { "at character \(offset): \(message)" }
}
