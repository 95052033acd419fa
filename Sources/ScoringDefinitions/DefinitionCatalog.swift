import JSON

/// The available scoring functions, by identifier, and the errors of those that could not be loaded.
public struct DefinitionCatalog: Sendable {
    /// The errors of all files, in the order of loading.
    public private(set) var errors: [DefinitionError] = []
    private var functions: [ExactText: ScoringFunction] = [:]

    public init() {}

    /// Loads the folders one after the other; one that is named twice, once.
    public init(folders: [String]) {
        for (index, folder) in folders.enumerated() where !folders[..<index].contains(folder) { load(folder: folder) }
    }

    /// Loads every `*.json` in the folder and the folders in it, sorted by path. Existing definitions are not
    /// replaced: if two definitions have the same identifier, the first one stays, and the other one is an error.
    public mutating func load(folder: String) {
        let folder = DefinitionFolder(path: folder)
        errors += folder.errors
        for path in folder.files { add(DefinitionFile(path: path)) }
    }

    /// Adds the definitions of a file, in the same way.
    public mutating func add(_ file: DefinitionFile) {
        errors += file.errors
        for entry in file.entries {
            let identifier = entry.function.identifier
            if let first = functions[ExactText(identifier)] {
                errors.append(
                    DefinitionError(
                        file: file.path, pointer: entry.place.appending("identifier"),
                        found: "\(quoted(identifier)), which \(first.origin) defines already",
                        expected: "one definition for each identifier"))
            } else {
                functions[ExactText(identifier)] = entry.function
            }
        }
    }

    /// Adds a function, or replaces the function with the same identifier.
    public mutating func set(_ function: ScoringFunction) { functions[ExactText(function.identifier)] = function }

    /// Removes a function.
    public mutating func remove(_ identifier: String) { functions[ExactText(identifier)] = nil }

    /// The identifiers of all functions, sorted.
    public var identifiers: [String] { functions.keys.map(\.text).sorted() }

    public subscript(identifier: String) -> ScoringFunction? { functions[ExactText(identifier)] }

    /// The function with this identifier, which may be an earlier one (`meta-reference::equality`), or an error that
    /// suggests similar ones.
    public func find(_ identifier: String) throws(UnknownFunction) -> ScoringFunction {
        if let function = self[identifier] ?? functionOfEarlier(identifier) { return function }
        throw UnknownFunction(
            identifier: identifier, nearIdentifiers: Array(nearNames(to: identifier, among: identifiers).prefix(3)))
    }
}

/// No scoring function has the identifier.
public struct UnknownFunction: Error, Sendable, Hashable, CustomStringConvertible {
    public let identifier: String
    /// Similar identifiers, the nearest first; at most three.
    public let nearIdentifiers: [String]

    public var description: String {
        var sentence = "there is no scoring function \(JSONValue.string(identifier).excerpt)"
        let near = nearIdentifiers.map(quoted)
        if let last = near.last {
            let others = near.dropLast().joined(separator: ", ")
            sentence += "; did you mean \(others.isEmpty ? last : "\(others) or \(last)")?"
        }
        return sentence
    }
}
