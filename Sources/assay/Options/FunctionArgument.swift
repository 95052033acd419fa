import ArgumentParser
import Datasets
import Glibc
import JSON
import ScoringCore

/// A JSON object as an argument: JSON text, or the path of a JSON file.
struct JSONArgument: ExpressibleByArgument {
    private enum Source {
        case file(String)
        case inline(String)
    }

    private let source: Source

    init?(argument: String) {
        if argument.isEmpty { return nil }
        let isInline = argument.first { !$0.isWhitespace }.map { "{[".contains($0) } ?? false
        source = isInline ? .inline(argument) : .file(argument)
    }

    /// The file that the object is in.
    var path: String? {
        if case .file(let path) = source { path } else { nil }
    }

    /// Reads the object.
    ///
    /// - Parameter option: the name of the option, for messages.
    func read(for option: String) throws -> JSONObject {
        let name: String
        let bytes: [UInt8]
        switch source {
        case .inline(let text):
            name = option
            bytes = Array(text.utf8)
        case .file(let path):
            name = path
            bytes = try readFile(path, option)
        }
        do {
            return try JSONPlace(JSONValue(parsing: bytes)).read(.object)
        } catch {
            throw ValidationError("\(name): \(error)")
        }
    }

    private func readFile(_ path: String, _ option: String) throws -> [UInt8] {
        do {
            let source = try DescriptorSource(path: path, control: Interruption.reading)
            var bytes: [UInt8] = []
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
            defer { buffer.deallocate() }
            while true {
                let count = try source.read(into: buffer)
                if count == 0 { return bytes }
                bytes.append(contentsOf: buffer[..<count])
                if bytes.count > 16 << 20 { throw ValidationError("\(path): expected at most 16 MiB") }
            }
        } catch let error as DatasetError {
            if error.code == .stopped { throw ExitCode(130) }
            throw ValidationError("\(option): \(error)")
        }
    }
}

/// A value of `--fn`: `ID`, `ID=FILE` or `ID={…}`.
struct FunctionArgument: ExpressibleByArgument {
    var identifier: String
    var parameters: JSONArgument?

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "=") else {
            identifier = argument
            return
        }
        identifier = String(argument[..<equals])
        parameters = JSONArgument(argument: String(argument[argument.index(after: equals)...]))
        if identifier.isEmpty || parameters == nil { return nil }
    }
}

/// A value of `--map`: `NAME=VALUE`.
struct AssignmentArgument: ExpressibleByArgument {
    var name: String
    var value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}

/// A value of `--where`: `NAME=VALUE` or `NAME!=VALUE`.
struct ConditionArgument: ExpressibleByArgument {
    var name: String
    var value: String
    var isNegated: Bool

    /// As the user wrote it, for messages.
    var text: String { "--where \(condition)" }

    var condition: String { "\(name)\(isNegated ? "!=" : "=")\(value)" }

    init?(argument: String) {
        guard let assignment = AssignmentArgument(argument: argument) else { return nil }
        (name, value, isNegated) = (assignment.name, assignment.value, false)
        if name.hasSuffix("!") && name.count > 1 {
            name.removeLast()
            isNegated = true
        }
    }
}

/// A value of `--retry`: outcomes of rows, separated by commas.
struct OutcomesArgument: ExpressibleByArgument {
    var outcomes: [RowOutcome]

    init?(argument: String) {
        let retried: [RowOutcome] = [.unparsed, .modelError, .timedOut, .notAsked]
        let named = argument.split(separator: ",").map { name in retried.first { $0.name == name } }
        outcomes = named.compactMap(\.self)
        if outcomes.isEmpty || outcomes.count < named.count { return nil }
    }
}
