import Glibc
import JSON
import Platform

/// The contents of a definition file, which is one definition or an array of them: the valid definitions, and the errors of
/// the others.
public struct DefinitionFile: Sendable {
    /// The size in bytes above which a file is not read.
    public static let maximumSize = 16 << 20

    /// A definition and its place in the file.
    struct Entry {
        var function: ScoringFunction
        var place: JSONPointer
    }

    public let path: String
    public private(set) var errors: [DefinitionError] = []
    private(set) var entries: [Entry] = []

    /// The valid definitions, in the order of the file.
    public var functions: [ScoringFunction] { entries.map(\.function) }

    /// Reads the file. Failures are in `errors`.
    public init(path: String) {
        self.path = path
        do throws(DefinitionError) {
            read(try parse(try Self.contents(of: path)))
        } catch {
            errors.append(error)
        }
    }

    private func parse(_ bytes: [UInt8]) throws(DefinitionError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw DefinitionError(
                file: path, line: error.line, column: error.column, found: "text that is \(error.message)",
                expected: "the definition of a scoring function, or an array of definitions")
        }
    }

    private mutating func read(_ json: JSONValue) {
        var reader = DefinitionReader(file: path)
        let root = JSONPlace(json)
        for place in (try? root.elements()) ?? [root] {
            if let function = reader.function(from: place) {
                entries.append(Entry(function: function, place: place.pointer))
            }
        }
        errors += reader.errors
    }

    private static func contents(of path: String) throws(DefinitionError) -> [UInt8] {
        do throws(RegularFile.Fault) {
            return try RegularFile.read(path, limit: maximumSize)
        } catch {
            throw DefinitionError(
                file: path, found: error.found, expected: "a file of at most \(maximumSize >> 20) MiB")
        }
    }
}
