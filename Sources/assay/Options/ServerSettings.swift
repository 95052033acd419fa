import ArgumentParser
import Glibc
import Inference
import JSON
import Platform
import ScoringDefinitions

/// Settings of the server that are not set by options: first environment variables (`ASSAY_` and the name in upper case), then
/// the member "server" of the configuration file.
struct ServerSettings {
    private let file: String
    /// The member "server" of the file.
    private let server: JSONPlace

    static let names = [
        "host", "port", "data_dir", "jobs", "max_jobs", "max_queued_jobs", "max_body_size", "max_concurrent_requests",
        "max_connections", "max_rows", "max_dataset_size", "max_download_size", "allow_paths",
        "allow_private_addresses", "huggingface_url", "auth_token_file", "no_auth",
        "tls_cert", "tls_key", "cors_origins", "max_metadata_size", "max_patterns", "max_pattern_size",
        "max_prompt_size", "max_row_size", "max_results", "keep_jobs", "keep_results", "open_benchmarks",
    ]

    /// Warnings about variables that look like a setting but are not. Other software may use such names: Kubernetes sets some
    /// for everything that runs next to a service called assay.
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

    /// - Throws: if the file cannot be read, or contains something that is not a setting.
    init(file: String?) throws {
        self.file = file ?? ""
        guard let file else {
            server = JSONPlace([:])
            return
        }
        do {
            server = JSONPlace(try configurationJSON(inFile: file))["server"] ?? JSONPlace([:])
            try server.checkNames(Self.names)
        } catch let error as ConfigurationError {
            throw Failure("\(error)")
        } catch let fault as JSONFault {
            throw Failure("\(ConfigurationError(file: file, fault))")
        }
    }

    func text(_ name: String) throws -> String? {
        if let value = environmentValue(name) { return value }
        return try member(name, .text)
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        let integer = JSONExpectation.integer(range)
        if let text = environmentValue(name) {
            guard let number = Int(text), range.contains(number) else {
                throw Failure(
                    "the variable \(Self.variableName(name)) is \(quoted(text)); expected \(integer.expected)")
            }
            return number
        }
        return try member(name, integer)
    }

    func flag(_ name: String) throws -> Bool {
        if let text = environmentValue(name) {
            guard let value = ["true": true, "1": true, "false": false, "0": false][text] else {
                throw Failure("the variable \(Self.variableName(name)) is \(quoted(text)); expected true or false")
            }
            return value
        }
        return try member(name, .flag) ?? false
    }

    /// A list; in the environment, paths are separated by colons and other values by commas.
    func texts(_ name: String, separator: Character) throws -> [String] {
        if let text = environmentValue(name) { return text.split(separator: separator).map(String.init) }
        return try member(name, .texts) ?? []
    }

    private func member<Value>(_ name: String, _ expectation: JSONExpectation<Value>) throws -> Value? {
        do throws(JSONFault) {
            return try server.optional(name, expectation)
        } catch {
            throw Failure("\(ConfigurationError(file: file, error))")
        }
    }

    /// The variables that the server reads: the settings, and the folders of plugins and functions.
    static let variables = names.map(variableName) + ["ASSAY_PLUGIN_PATH", "ASSAY_FN_PATH"]

    private static func variableName(_ name: String) -> String { "ASSAY_" + name.uppercased() }
    private func environmentValue(_ name: String) -> String? { environmentVariable(Self.variableName(name)) }
}

/// The names of all environment variables.
private func environmentNames() -> [String] {
    var names: [String] = []
    // This process does not change the environment, and reads it before it starts other threads.
    var entry = environ
    while let text = entry.pointee {
        names.append(String(String(cString: text).prefix { $0 != "=" }))
        entry += 1
    }
    return names
}
