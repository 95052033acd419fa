import ArgumentParser
import Datasets
import Glibc
import JSON

/// A value of `--fn`: `ID`, `ID=FILE` or `ID={…}`.
struct FunctionArgument: ExpressibleByArgument {
    var identifier: String
    var parameters: Parameters?

    enum Parameters {
        case file(String)
        case inline(String)
    }

    /// The file that the parameters are in.
    var path: String? {
        if case .file(let path)? = parameters { path } else { nil }
    }

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "=") else {
            identifier = argument
            return
        }
        identifier = String(argument[..<equals])
        let value = String(argument[argument.index(after: equals)...])
        if identifier.isEmpty || value.isEmpty { return nil }
        let isInline = value.first { !$0.isWhitespace } == "{"
        parameters = isInline ? .inline(value) : .file(value)
    }

    /// Reads the parameters.
    func readParameters() throws -> JSONObject? {
        let source: String
        let bytes: [UInt8]
        switch parameters {
        case nil: return nil
        case .inline(let text):
            source = "--fn \(identifier)"
            bytes = Array(text.utf8)
        case .file(let path):
            source = path
            bytes = try readFile(path)
        }
        do {
            let value = try JSONValue(parsing: bytes)
            guard let object = value.object else {
                throw ValidationError("\(source): the parameters are \(value.kind); an object was expected")
            }
            return object
        } catch let error as JSONError {
            throw ValidationError("\(source): \(error)")
        }
    }

    private func readFile(_ path: String) throws -> [UInt8] {
        do {
            let source = try DescriptorSource(path: path)
            var bytes: [UInt8] = []
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
            defer { buffer.deallocate() }
            while true {
                let count = try source.read(into: buffer)
                if count == 0 { return bytes }
                bytes.append(contentsOf: buffer[..<count])
                if bytes.count > 16 << 20 { throw ValidationError("\(path): parameters may have 16 MiB at most") }
            }
        } catch let error as DatasetError {
            throw ValidationError("--fn \(identifier): \(error)")
        }
    }
}

/// A value of `--map` or `--where`: `NAME=VALUE`.
struct AssignmentArgument: ExpressibleByArgument {
    var name: String
    var value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}
