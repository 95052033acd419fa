import Crypto
import Datasets
import JSON
import Store

/// Where the rows of a dataset come from.
enum DatasetSource {
    case rows([UInt8])
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
        case .rows(let lines):
            let digest = SHA256.hash(data: lines).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            return ["type": "rows", "sha256": .string(digest.joined())]
        case .uri(let uri): return ["type": "uri", "uri": .string(uri)]
        }
    }

    /// Reads the rows. Blocks.
    func read(into draft: DatasetDraft, _ service: Service, _ call: Call) throws {
        switch self {
        case .rows(let lines): try draft.append(RowBlock(lines: lines))
        case .uri(let uri): try readURI(uri, into: draft, service, call)
        }
    }

    private func readURI(_ uri: String, into draft: DatasetDraft, _ service: Service, _ call: Call) throws {
        var rows = RowImport(draft, limit: service.configuration.maxRows, cancellation: call.cancellation)
        let scheme = uri.firstRange(of: ":").map { uri[..<$0.lowerBound].lowercased() } ?? ""
        switch scheme {
        case "data":
            let data = try DataURI(uri)
            try rows.run(data.format.rows(of: MemorySource(data.bytes), named: "the data: URI"), named: "the data: URI")
        default:
            throw APIError.invalid(
                "/source/uri: no dataset can be read from \(quoted(String(uri.prefix(200))))", code: "invalid_uri",
                at: "/source/uri")
        }
    }
}
