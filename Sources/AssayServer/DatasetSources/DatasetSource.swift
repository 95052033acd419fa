import Concurrency
import Datasets
import Encodings
import Hashing
import HuggingFace
import JSON
import Store

/// Where the rows of a dataset come from.
enum DatasetSource {
    case rows(RequestRows)
    case uri(String)

    /// Reads a source. Without a "type", as the official command line sends it, the member that is present determines the
    /// type.
    init(_ place: RequestBody.Place, maxRows: Int) throws(APIError) {
        let name = try place.member("type")?.read(.oneOf(["uri", "rows"]))
        switch (name, place.member("uri") != nil, place.member("rows") != nil) {
        case ("rows", _, _), (nil, false, true):
            self = .rows(try place.required("rows", "an array of objects").rows(limit: maxRows))
        case ("uri", _, _), (nil, true, false), (nil, false, false):
            let uri = try place.required("uri", "a URI, or \"rows\" instead").read(.text)
            if uri.utf8.count > Self.longestURI && uri.prefix(5).lowercased() != "data:" {
                throw Self.fault("a URI may have at most \(Self.longestURI) bytes, unless it is a data: URI")
            }
            self = .uri(uri)
        default:
            throw .invalid(
                "\(place.pointer): it has both a \"uri\" and \"rows\"; send one of them, or a \"type\"",
                code: "invalid_shape", at: place.pointer.description)
        }
    }

    var providerID: String {
        if case .uri(let uri) = self, HuggingFaceLocation.isMeant(by: uri) { "huggingface" } else { "localfs" }
    }

    /// What the registry stores. For rows, only their digest, because they are the dataset's first rows.
    var definition: JSONValue {
        switch self {
        case .rows(let rows):
            let digest = rows.lines().withUnsafeBytes { SHA256.digest(of: $0) }
            return ["type": "rows", "sha256": .string(hexadecimal(digest.bytes))]
        case .uri(let uri):
            // For a long data: URI, its beginning and a digest: the rows are stored once, as rows.
            guard uri.utf8.count > Self.longestURI, uri.prefix(5).lowercased() == "data:" else {
                return ["type": "uri", "uri": .string(uri)]
            }
            return [
                "type": "uri", "uri": .string(String(uri.prefix(1_000)) + "…"),
                "sha256": .string(hexadecimal(SHA256.digest(of: uri).bytes)),
            ]
        }
    }

    /// The longest URI that is stored unchanged, in bytes.
    private static let longestURI = 64 << 10

    /// Reads the rows. Blocks.
    ///
    /// - Parameter names: the new names of columns of a file, by their names.
    func read(
        into draft: DatasetDraft, _ access: SourceAccess, _ cancellation: Cancellation,
        renaming names: [String: String] = [:]
    ) throws {
        switch self {
        case .rows(let rows): try draft.append(RowBlock(lines: rows.lines()))
        case .uri(let uri):
            var rows = RowImport(draft, access.configuration, cancellation: cancellation)
            rows.names = names
            try readURI(uri, &rows, access, cancellation)
        }
    }

    private func readURI(
        _ uri: String, _ rows: inout RowImport, _ access: SourceAccess, _ cancellation: Cancellation
    ) throws {
        let configuration = access.configuration
        switch uri.firstRange(of: ":").map({ uri[..<$0.lowerBound].lowercased() }) {
        case "data":
            let data = try DataURI(uri)
            let name = "the data: URI"
            try rows.run(
                data.format.rows(of: MemorySource(data.bytes), named: name, rowSize: configuration.maxRowSize),
                named: name)
        case "http", "https":
            try access.importing {
                try rows.run(
                    Download(configuration: configuration, cancellation: cancellation).rows(at: uri), named: uri
                )
            }
        case "huggingface", "hf":
            let location: HuggingFaceLocation
            do {
                location = try HuggingFaceLocation(uri)
            } catch {
                throw Self.fault(error.description)
            }
            try access.importing {
                let notices = DatasetNotices()
                defer { for warning in notices.warnings { configuration.huggingFace.warn(warning) } }
                try rows.run(
                    HuggingFaceDataset(
                        location, from: configuration.huggingFace, cancellation: cancellation, notices: notices
                    ).rows(), named: uri)
            }
        case "file": try readFile(path(ofFileURI: uri), access, &rows)
        case nil where !uri.isEmpty: try readFile(uri, access, &rows)
        case "lsfs":
            throw Self.fault(
                "lsfs:// is a Llama Stack server's own folder of files, which this server does not have; use the file:// "
                    + "URI of a file in a folder that --allow-path names, or send the rows themselves")
        default: throw Self.fault("cannot read a dataset from \(quoted(String(uri.prefix(200))))")
        }
    }

    private func readFile(_ path: String, _ access: SourceAccess, _ rows: inout RowImport) throws {
        guard let format = DatasetLocation.Format(name: path) else {
            throw Self.fault(
                "the ending of \(quoted(path)) does not name a known format; expected .jsonl, .ndjson, .json, .csv or "
                    + ".tsv, optionally with .gz or .zst")
        }
        let size = access.configuration.maxRowSize
        try rows.run(format.rows(of: access.folders.open(path), named: path, rowSize: size), named: path)
    }

    private func path(ofFileURI uri: String) throws(APIError) -> String {
        let rest = uri.dropFirst("file:".count)
        let place = rest.hasPrefix("//") ? rest.dropFirst(2) : rest
        let host = place.prefix { $0 != "/" }
        guard host.isEmpty || host == "localhost", let bytes = percentDecoded(place.dropFirst(host.count)),
            let path = String(validating: bytes, as: UTF8.self), path.hasPrefix("/")
        else { throw Self.fault("\(quoted(uri)) is not a file URI on this machine, such as file:///data/rows.jsonl") }
        return path
    }

    private static func fault(_ message: String) -> APIError {
        .invalid("/source/uri: \(message)", code: "invalid_uri", at: "/source/uri")
    }
}
