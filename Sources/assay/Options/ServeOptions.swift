import ArgumentParser
import AssayServer
import Datasets
import Glibc
import HuggingFace
import Inference
import JSON
import Platform

/// Access to the server.
struct AccessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Accept only requests with the token in FILE, sent as Authorization: Bearer TOKEN.", valueName: "file"))
    var authTokenFile: String?

    @Flag(help: "Accept requests without a token, even from other machines.")
    var noAuth = false

    @Option(help: ArgumentHelp("Serve over TLS with the certificate chain in this PEM file.", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("The private key of the certificate, a PEM file.", valueName: "file"))
    var tlsKey: String?

    @Option(
        name: .customLong("cors-origin"),
        help: ArgumentHelp(
            "Let web pages from ORIGIN, such as https://example.com, use the server; * for all; repeatable.",
            valueName: "origin"))
    var corsOrigins: [String] = []

    /// The current token in the file; nil if no file is named.
    func accessToken(_ settings: ServerSettings) throws -> String? {
        try (authTokenFile ?? settings.text("auth_token_file")).map { try token(in: $0) }
    }

    func apply(to configuration: inout ServerConfiguration, _ settings: ServerSettings) throws {
        configuration.accessToken = try accessToken(settings)
        let isOpen = try noAuth || settings.flag("no_auth")
        if configuration.accessToken != nil && isOpen {
            throw ValidationError("--auth-token-file and --no-auth cannot be used together")
        }
        if configuration.accessToken == nil && !isOpen && !configuration.isLoopback {
            throw ValidationError(
                "--host \(configuration.host): other machines could use the server and the keys that it has. Require "
                    + "a token with --auth-token-file FILE, or allow access without one with --no-auth")
        }
        let certificate = try tlsCert ?? settings.text("tls_cert")
        let key = try tlsKey ?? settings.text("tls_key")
        if let certificate, let key {
            for file in [certificate, key] where access(file, R_OK) != 0 {
                throw Failure("\(file): cannot be read: \(systemMessage())")
            }
            configuration.tls = (certificate, key)
        } else if certificate != nil || key != nil {
            throw ValidationError("--tls-cert and --tls-key must be used together")
        }
        configuration.allowedOrigins =
            try corsOrigins.isEmpty ? settings.texts("cors_origins", separator: ",") : corsOrigins
        for origin in configuration.allowedOrigins where !isOrigin(origin) {
            throw ValidationError(
                "--cors-origin \(quoted(origin)): browsers do not send this; expected * or an origin in lower case, "
                    + "without a slash at the end, such as https://example.com or http://localhost:3000")
        }
    }

    /// Whether a browser may send this as a page's origin; "null" stands for pages without an origin.
    private func isOrigin(_ text: String) -> Bool {
        if text == "*" || text == "null" { return true }
        guard let separator = text.firstRange(of: "://") else { return false }
        let authority = text[separator.upperBound...]
        return separator.lowerBound > text.startIndex && !authority.isEmpty
            && !authority.contains { "/?#@".contains($0) }
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } && text == text.lowercased()
    }

    /// The token in the file, without the line break that most editors put at the end.
    private func token(in path: String) throws -> String {
        guard let status = FileStatus(ofPath: path) else {
            throw Failure("the token file \(path): \(systemMessage())")
        }
        // A shell passes a pipe for <(…).
        guard status.kind == .regular || status.kind == .pipe else {
            throw Failure("the token file \(path) is not a file")
        }
        var bytes: [UInt8] = []
        do throws(DatasetError) {
            let source = try DescriptorSource(path: path)
            var buffer = [UInt8](repeating: 0, count: Self.longestFile)
            while bytes.count <= Self.longestFile {
                let count: Result<Int, DatasetError> = buffer.withUnsafeMutableBytes { buffer in
                    do throws(DatasetError) {
                        return .success(try source.read(into: buffer))
                    } catch {
                        return .failure(error)
                    }
                }
                let piece = buffer.prefix(try count.get())
                if piece.isEmpty { break }
                bytes += piece
            }
        } catch {
            throw Failure("the token file: \(error)")
        }
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.endIndex
        let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        let token = bytes[start..<end]
        guard bytes.count <= Self.longestFile, (16...4096).contains(token.count) else {
            throw Failure("\(path): expected a token of 16 to 4096 characters, and nothing else")
        }
        guard token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure(
                "\(path): expected a token of visible ASCII characters, without spaces, and nothing else")
        }
        return String(decoding: token, as: UTF8.self)
    }

    /// The maximum size of the token file, in bytes, including white space.
    private static let longestFile = 8192
}

/// Where datasets may come from.
struct SourceOptions: ParsableArguments {
    @Option(
        name: .customLong("allow-path"),
        help: ArgumentHelp("Allow files in DIR to be registered as datasets; repeatable.", valueName: "dir"))
    var allowedFolders: [String] = []

    @Flag(help: "Allow datasets to be downloaded from private networks and from this machine.")
    var allowPrivateAddresses = false

    @Option(
        name: .customLong("huggingface-url"),
        help: ArgumentHelp(
            "The datasets server for hf:// and huggingface:// datasets; HF_TOKEN is sent to it (default: that of "
                + "HF_ENDPOINT, or Hugging Face's own).",
            valueName: "url"))
    var huggingFaceURL: String?

    func apply(to configuration: inout ServerConfiguration, _ settings: ServerSettings) throws {
        configuration.allowedFolders =
            try allowedFolders.isEmpty ? settings.texts("allow_paths", separator: ":") : allowedFolders
        configuration.allowsPrivateAddresses =
            try allowPrivateAddresses || settings.flag("allow_private_addresses")
        configuration.environment = { environmentVariable($0) }
        configuration.huggingFace = HuggingFaceServer(environment: { environmentVariable($0) })
        configuration.huggingFace.url =
            try huggingFaceURL ?? settings.text("huggingface_url") ?? configuration.huggingFace.url
        try checkURL(configuration.huggingFace.url, of: "--huggingface-url")
    }
}

/// Limits of the server.
struct LimitOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Threads that score one request (default: one per core).", valueName: "n"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "Requests that are processed at once; further ones get status 429 (default: 128).", valueName: "n"))
    var maxConcurrentRequests: Int?

    @Option(
        help: ArgumentHelp(
            "Connections that may be open at once; for a further one, an idle one is closed (default: 1000).",
            valueName: "n"))
    var maxConnections: Int?

    @Option(help: ArgumentHelp("Evaluation jobs that run at once (default: 2).", valueName: "n"))
    var maxJobs: Int?

    @Option(
        help: ArgumentHelp(
            "Evaluation jobs that may wait for their turn; further ones get status 429 (default: 100).", valueName: "n")
    )
    var maxQueuedJobs: Int?

    @Option(help: ArgumentHelp("The largest body of a request, in bytes (default: 256 MiB).", valueName: "bytes"))
    var maxBodySize: Int?

    @Option(
        help: ArgumentHelp(
            "The largest number of rows in a request or a dataset (default: 50 million).", valueName: "n"))
    var maxRows: Int?

    @Option(
        help: ArgumentHelp("The largest dataset from a URI, in bytes of JSON (default: 4 GiB).", valueName: "bytes")
    )
    var maxDatasetSize: Int?

    @Option(help: ArgumentHelp("The largest download for a dataset, in bytes (default: 4 GiB).", valueName: "bytes"))
    var maxDownloadSize: Int?

    @Option(
        help: ArgumentHelp(
            "The largest metadata, parameters or benchmark_config, in bytes (default: 1 MiB).", valueName: "bytes"))
    var maxMetadataSize: Int?

    @Option(
        help: ArgumentHelp("The number of results to keep; older ones are deleted (default: 1000).", valueName: "n"))
    var maxResults: Int?

    @Option(
        help: ArgumentHelp(
            "Delete jobs, with their results and rows, N days after they end (default: keep them).", valueName: "n"))
    var keepJobs: Int?

    @Option(
        help: ArgumentHelp(
            "Delete results of score-batch, with their rows, after N days (default: keep them).", valueName: "n"))
    var keepResults: Int?

    func apply(to configuration: inout ServerConfiguration, _ settings: ServerSettings) throws {
        func limit(_ option: Int?, _ name: String, _ range: ClosedRange<Int>, _ default: Int) throws -> Int {
            if let option, !range.contains(option) {
                let flag = name.split(separator: "_").joined(separator: "-")
                throw ValidationError("--\(flag) \(option): expected \(range.lowerBound) to \(range.upperBound)")
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
        configuration.maxMetadataSize = try limit(
            maxMetadataSize, "max_metadata_size", 1_024...(1 << 30), configuration.maxMetadataSize)
        configuration.maxResults = try limit(maxResults, "max_results", 1...1_000_000, configuration.maxResults)
        func days(_ option: Int?, _ name: String) throws -> Int? {
            let days = try limit(option, name, 0...100_000, -1)
            return days < 0 ? nil : days
        }
        configuration.jobDays = try days(keepJobs, "keep_jobs")
        configuration.resultDays = try days(keepResults, "keep_results")
        configuration.maxDownloadSize = try limit(
            maxDownloadSize, "max_download_size", 1...(1 << 50), configuration.maxDownloadSize)
    }
}
