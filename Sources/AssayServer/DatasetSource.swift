import Datasets
import Encodings
import Hashing
import JSON
import Store

/// Where the rows of a dataset come from.
enum DatasetSource {
    case rows(RequestRows)
    case uri(String)

    init(_ place: RequestBody.Place, maxRows: Int) throws(APIError) {
        let type = try place.required("type", "\"uri\" or \"rows\"")
        switch try type.text() {
        case "rows": self = .rows(try place.required("rows", "an array of objects").rows(limit: maxRows))
        case "uri": self = .uri(try place.required("uri", "a string").text())
        default:
            throw .invalid(
                "\(type.pointer): found \(type.value.text); \"uri\" or \"rows\" was expected", code: "invalid_shape",
                at: type.pointer.description)
        }
    }

    var providerID: String {
        if case .uri(let uri) = self, uri.hasPrefix("huggingface://") { "huggingface" } else { "localfs" }
    }

    /// What the registry keeps of it. Of rows, their digest: they are the dataset's first rows.
    var definition: JSONValue {
        switch self {
        case .rows(let rows):
            let digest = rows.lines().withUnsafeBytes { SHA256.digest(of: $0) }
            return ["type": "rows", "sha256": .string(hexadecimal(digest.bytes))]
        case .uri(let uri): return ["type": "uri", "uri": .string(uri)]
        }
    }

    /// Reads the rows. Blocks.
    func read(into draft: DatasetDraft, _ service: Service, _ call: Call) throws {
        switch self {
        case .rows(let rows): try draft.append(RowBlock(lines: rows.lines()))
        case .uri(let uri): try readURI(uri, into: draft, service, call)
        }
    }

    private func readURI(_ uri: String, into draft: DatasetDraft, _ service: Service, _ call: Call) throws {
        let configuration = service.configuration
        var rows = RowImport(draft, configuration, cancellation: call.cancellation)
        switch uri.firstRange(of: ":").map({ uri[..<$0.lowerBound].lowercased() }) {
        case "data":
            let data = try DataURI(uri)
            try rows.run(data.format.rows(of: MemorySource(data.bytes), named: "the data: URI"), named: "the data: URI")
        case "http", "https":
            try service.importing {
                try rows.run(
                    Download(configuration: configuration, cancellation: call.cancellation).rows(at: uri), named: uri)
            }
        case "huggingface":
            try service.importing {
                try rows.run(HuggingFaceRows(uri, configuration, cancellation: call.cancellation), named: uri)
            }
        case "file": try readFile(path(ofFileURI: uri), service, &rows)
        case nil where !uri.isEmpty: try readFile(uri, service, &rows)
        default: throw Self.fault("no dataset can be read from \(quoted(String(uri.prefix(200))))")
        }
    }

    private func readFile(_ path: String, _ service: Service, _ rows: inout RowImport) throws {
        guard let format = DatasetLocation.Format(name: path) else {
            throw Self.fault(
                "the name of \(quoted(path)) does not say what it holds; known are .jsonl, .ndjson, .json, .csv and .tsv, "
                    + "each also with .gz or .zst")
        }
        try rows.run(format.rows(of: service.folders.open(path), named: path), named: path)
    }

    private func path(ofFileURI uri: String) throws(APIError) -> String {
        let rest = uri.dropFirst("file:".count)
        let place = rest.hasPrefix("//") ? rest.dropFirst(2) : rest
        let host = place.prefix { $0 != "/" }
        guard host.isEmpty || host == "localhost", let bytes = percentDecoded(place.dropFirst(host.count)),
            let path = String(validating: bytes, as: UTF8.self), path.hasPrefix("/")
        else { throw Self.fault("\(quoted(uri)) is no file URI of this machine, such as file:///data/rows.jsonl") }
        return path
    }

    private static func fault(_ message: String) -> APIError {
        .invalid("/source/uri: \(message)", code: "invalid_uri", at: "/source/uri")
    }
}
