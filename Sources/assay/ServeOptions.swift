import ArgumentParser
import AssayServer
import Datasets
import Glibc

/// Who may use the server.
struct AccessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Let only those in who send the token that FILE holds, as Authorization: Bearer TOKEN.", valueName: "file"))
    var authTokenFile: String?

    @Flag(help: "Let anybody in, also where the server listens beyond this machine.")
    var noAuth = false

    @Option(help: ArgumentHelp("Serve over TLS with this certificate (a chain), a PEM file.", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("The certificate's private key, a PEM file.", valueName: "file"))
    var tlsKey: String?

    @Option(
        name: .customLong("cors-origin"),
        help: ArgumentHelp(
            "Let web pages of ORIGIN use the server, such as https://example.com; repeatable; * for all.",
            valueName: "origin"))
    var corsOrigins: [String] = []

    func apply(to configuration: inout ServerConfiguration, _ settings: ServerSettings) throws {
        if let file = try authTokenFile ?? settings.text("auth_token_file") {
            configuration.accessToken = try token(in: file)
        }
        let isOpen = try noAuth || settings.flag("no_auth")
        if configuration.accessToken != nil && isOpen {
            throw ValidationError("--auth-token-file and --no-auth exclude each other")
        }
        if configuration.accessToken == nil && !isOpen && !isLoopback(configuration.host) {
            throw ValidationError(
                "--host \(configuration.host): others could use the server, and whatever keys it has. Name a file with a "
                    + "token that they need (--auth-token-file), or say that anybody may (--no-auth)")
        }
        let certificate = try tlsCert ?? settings.text("tls_cert")
        let key = try tlsKey ?? settings.text("tls_key")
        if let certificate, let key {
            for file in [certificate, key] where access(file, R_OK) != 0 {
                throw Failure("\(file): cannot be read: \(String(cString: strerror(errno)))")
            }
            configuration.tls = (certificate, key)
        } else if certificate != nil || key != nil {
            throw ValidationError("--tls-cert and --tls-key go together")
        }
        configuration.allowedOrigins =
            try corsOrigins.isEmpty ? settings.texts("cors_origins", separator: ",") : corsOrigins
    }

    /// The token in the file, without the line break that most editors put at the end.
    private func token(in path: String) throws -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        do throws(DatasetError) {
            let source = try DescriptorSource(path: path)
            let count: Result<Int, DatasetError> = bytes.withUnsafeMutableBytes { buffer in
                do throws(DatasetError) {
                    return .success(try source.read(into: buffer))
                } catch {
                    return .failure(error)
                }
            }
            bytes.removeLast(bytes.count - (try count.get()))
        } catch {
            throw Failure("the file with the token: \(error)")
        }
        let file = String(decoding: bytes, as: UTF8.self)
        let token = file.drop(while: \.isWhitespace).prefix { !$0.isWhitespace }
        guard token.utf8.count >= 16, file.drop(while: \.isWhitespace).dropFirst(token.count).allSatisfy(\.isWhitespace)
        else { throw Failure("\(path): a token of at least 16 characters was expected, and nothing else") }
        return String(token)
    }

    private func isLoopback(_ host: String) -> Bool {
        var address = in_addr()
        if inet_pton(AF_INET, host, &address) == 1 { return UInt32(bigEndian: address.s_addr) >> 24 == 127 }
        return host == "localhost" || host == "::1"
    }
}

/// Where datasets may come from.
struct SourceOptions: ParsableArguments {
    @Option(
        name: .customLong("allow-path"),
        help: ArgumentHelp("Let files in DIR be registered as datasets; repeatable.", valueName: "dir"))
    var allowedFolders: [String] = []

    @Flag(help: "Let datasets be downloaded from private networks and from this machine.")
    var allowPrivateAddresses = false

    @Option(
        name: .customLong("huggingface-url"),
        help: ArgumentHelp(
            "The datasets server that huggingface:// stands for; Hugging Face's own unless given. HF_TOKEN is sent to it.",
            valueName: "url"))
    var huggingFaceURL: String?

    func apply(to configuration: inout ServerConfiguration, _ settings: ServerSettings) throws {
        configuration.allowedFolders =
            try allowedFolders.isEmpty ? settings.texts("allow_paths", separator: ":") : allowedFolders
        configuration.allowsPrivateAddresses =
            try allowPrivateAddresses || settings.flag("allow_private_addresses")
        configuration.huggingFaceURL =
            try huggingFaceURL ?? settings.text("huggingface_url") ?? configuration.huggingFaceURL
        configuration.huggingFaceToken = variable("HF_TOKEN")
    }
}

/// How much the server takes on.
struct LimitOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Threads that score one request; all cores unless given.", valueName: "n"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "Requests that are worked on at once, 128 unless given; others are answered 429.", valueName: "n"))
    var maxConcurrentRequests: Int?

    @Option(help: ArgumentHelp("Connections that may be open at once, 1000 unless given; others wait.", valueName: "n"))
    var maxConnections: Int?

    @Option(help: ArgumentHelp("Evaluation jobs that run at once, 2 unless given.", valueName: "n"))
    var maxJobs: Int?

    @Option(
        help: ArgumentHelp(
            "Evaluation jobs that may wait for their turn, 100 unless given; others are answered 429.", valueName: "n"))
    var maxQueuedJobs: Int?

    @Option(help: ArgumentHelp("Bytes that the body of a request may have; 256 MiB unless given.", valueName: "bytes"))
    var maxBodySize: Int?

    @Option(help: ArgumentHelp("Rows that a request or a dataset may have; 50 million unless given.", valueName: "n"))
    var maxRows: Int?

    @Option(
        help: ArgumentHelp("Bytes of JSON that a dataset from a URI may have; 64 GiB unless given.", valueName: "bytes")
    )
    var maxDatasetSize: Int?

    @Option(help: ArgumentHelp("Bytes that may be downloaded for a dataset; 4 GiB unless given.", valueName: "bytes"))
    var maxDownloadSize: Int?

    func apply(to configuration: inout ServerConfiguration, _ settings: ServerSettings) throws {
        func limit(_ option: Int?, _ name: String, _ range: ClosedRange<Int>, _ default: Int) throws -> Int {
            if let option, !range.contains(option) {
                let flag = name.split(separator: "_").joined(separator: "-")
                throw ValidationError("--\(flag) \(option): \(range.lowerBound) to \(range.upperBound) was expected")
            }
            return try option ?? settings.integer(name, range) ?? `default`
        }
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        configuration.jobs = try limit(jobs, "jobs", 1...1024, cores)
        configuration.maxConcurrentRequests = try limit(
            maxConcurrentRequests, "max_concurrent_requests", 1...4096, configuration.maxConcurrentRequests)
        configuration.maxConnections = try limit(
            maxConnections, "max_connections", 1...1_000_000, configuration.maxConnections)
        configuration.maxJobs = try limit(maxJobs, "max_jobs", 1...1024, configuration.maxJobs)
        configuration.maxQueuedJobs = try limit(
            maxQueuedJobs, "max_queued_jobs", 1...1_000_000, configuration.maxQueuedJobs)
        configuration.maxBodySize = try limit(maxBodySize, "max_body_size", 1...(1 << 40), configuration.maxBodySize)
        configuration.maxRows = try limit(maxRows, "max_rows", 1...(1 << 39), configuration.maxRows)
        configuration.maxDatasetSize = try limit(
            maxDatasetSize, "max_dataset_size", 1...(1 << 50), configuration.maxDatasetSize)
        configuration.maxDownloadSize = try limit(
            maxDownloadSize, "max_download_size", 1...(1 << 50), configuration.maxDownloadSize)
    }
}
