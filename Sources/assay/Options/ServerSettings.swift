import ArgumentParser
import Glibc
import Inference
import JSON
import ScoringDefinitions

/// Settings of the server that are not given as options: those of the environment, `ASSAY_` and the name in capitals, and
/// then those of the member "server" of the configuration file.
struct ServerSettings {
    private let file: String
    private let members: JSONObject

    static let names = [
        "host", "port", "data_dir", "jobs", "max_jobs", "max_queued_jobs", "max_body_size", "max_concurrent_requests",
        "max_connections", "max_rows", "max_dataset_size", "max_download_size", "allow_paths",
        "allow_private_addresses", "huggingface_url", "auth_token_file", "no_auth",
        "tls_cert", "tls_key", "cors_origins", "max_metadata_size", "max_patterns", "keep_jobs",
    ]

    /// What looks like a setting in the environment and is not one. Others may use such names: Kubernetes sets some for
    /// whatever runs beside a service called assay.
    static func warnings(of names: [String] = environmentNames()) -> [String] {
        names.compactMap { name in
            guard name.hasPrefix("ASSAY_"), !variables.contains(name),
                !name.hasPrefix("ASSAY_SERVICE_"), !name.hasPrefix("ASSAY_PORT_")
            else { return nil }
            let near = nearNames(to: name, among: variables).prefix(3)
            return "the environment variable \(name) is not a setting of the server and is ignored; "
                + (near.isEmpty
                    ? "'assay serve --help' lists the variables that the server reads"
                    : "did you mean \(near.joined(separator: " or "))?")
        }
    }

    /// - Throws: where the file cannot be read, or something in it is not a setting.
    init(file: String?) throws {
        self.file = file ?? ""
        guard let file else {
            members = [:]
            return
        }
        do {
            let server = try configurationJSON(inFile: file)["server"] ?? [:]
            guard let members = server.object else { throw Self.fault(file, "", server, "an object") }
            for (name, value) in members.members where !Self.names.contains(name) {
                throw Self.fault(file, "/\(name)", value, "one of \(Self.names.joined(separator: ", "))")
            }
            self.members = members
        } catch let error as ConfigurationError {
            throw Failure("\(error)")
        }
    }

    func text(_ name: String) throws -> String? {
        if let value = environmentValue(name) { return value }
        return try member(name, "a string", \.string)
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        let expected = "an integer from \(range.lowerBound) to \(range.upperBound)"
        if let text = environmentValue(name) {
            guard let number = Int(text), range.contains(number) else {
                throw Failure("the variable \(Self.variableName(name)) is \(quoted(text)); expected \(expected)")
            }
            return number
        }
        return try member(name, expected) { value in Int(value.text).flatMap { range.contains($0) ? $0 : nil } }
    }

    func flag(_ name: String) throws -> Bool {
        if let text = environmentValue(name) {
            guard let value = ["true": true, "1": true, "false": false, "0": false][text] else {
                throw Failure("the variable \(Self.variableName(name)) is \(quoted(text)); expected true or false")
            }
            return value
        }
        return try member(name, "true or false", \.bool) ?? false
    }

    /// Several texts; in the environment with colons between paths, commas between others.
    func texts(_ name: String, separator: Character) throws -> [String] {
        if let text = environmentValue(name) { return text.split(separator: separator).map(String.init) }
        return try member(name, "an array of strings") { value in
            guard let array = value.array else { return nil }
            let texts = array.compactMap(\.string)
            return texts.count == array.count ? texts : nil
        } ?? []
    }

    private func member<Value>(_ name: String, _ expected: String, _ convert: (JSONValue) -> Value?) throws -> Value? {
        guard let value = members[name], value != .null else { return nil }
        guard let converted = convert(value) else { throw Failure("\(Self.fault(file, "/\(name)", value, expected))") }
        return converted
    }

    /// The variables that are read: those of the settings, and that of the plugins' folders.
    static let variables = names.map(variableName) + ["ASSAY_PLUGIN_PATH", "ASSAY_FN_PATH"]

    private static func variableName(_ name: String) -> String { "ASSAY_" + name.uppercased() }
    private func environmentValue(_ name: String) -> String? { variable(Self.variableName(name)) }

    private static func fault(_ file: String, _ place: String, _ value: JSONValue, _ expected: String)
        -> ConfigurationError
    {
        ConfigurationError(file: file, pointer: JSONPointer("/server" + place), found: value.text, expected: expected)
    }
}

/// The names of the environment's variables.
private func environmentNames() -> [String] {
    var names: [String] = []
    // Not changed by this process, and read before it has other threads.
    var entry = environ
    while let text = entry.pointee {
        names.append(String(String(cString: text).prefix { $0 != "=" }))
        entry += 1
    }
    return names
}
