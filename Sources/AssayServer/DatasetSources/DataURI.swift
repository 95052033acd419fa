import Datasets
import Encodings

/// A dataset that is contained in its URI (RFC 2397): `data:text/csv;base64,…`.
struct DataURI {
    var format: DatasetLocation.Format
    var bytes: [UInt8]

    init(_ uri: String) throws(APIError) {
        func fault(_ reason: String) -> APIError {
            .invalid("/source/uri: the data: URI \(reason)", code: "invalid_uri", at: "/source/uri")
        }
        guard let comma = uri.firstIndex(of: ","), let colon = uri.firstIndex(of: ":"), colon < comma else {
            throw fault("has no comma between its media type and its data")
        }
        var parts = uri[uri.index(after: colon)..<comma].split(separator: ";").map { $0.lowercased() }
        let isBase64 = parts.last == "base64"
        if isBase64 { parts.removeLast() }
        guard let format = DatasetLocation.Format(mediaType: parts.first ?? "") else {
            throw fault("has an unknown media type; expected text/csv, application/json or application/jsonl")
        }
        self.format = format
        guard let decoded = percentDecoded(uri[uri.index(after: comma)...]) else {
            throw fault("has a % without two hexadecimal digits after it")
        }
        if !isBase64 {
            bytes = decoded
        } else if let data = bytesOfBase64(decoded) {
            bytes = data
        } else {
            throw fault("is not valid Base64")
        }
    }
}

extension DatasetLocation.Format {
    /// The format of a media type, or of a short name that is used instead: `text/csv`, `csv`.
    init?(mediaType: String) {
        switch mediaType {
        case "text/csv", "application/csv", "csv": self = .commaSeparated
        case "text/tab-separated-values", "tsv": self = .tabSeparated
        case "application/json", "text/json", "json": self = .jsonArray
        case "application/jsonl", "application/x-jsonlines", "application/jsonlines", "application/x-ndjson",
            "application/ndjson", "text/jsonl", "text/x-ndjson", "jsonl", "ndjson":
            self = .jsonLines
        default: return nil
        }
    }
}

/// The bytes that Base64 text encodes (RFC 4648, in the standard or the URL alphabet, with or without padding, ignoring
/// white space); nil if it is not valid.
func bytesOfBase64(_ text: [UInt8]) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var bits: UInt32 = 0
    var digits = 0
    var padding = 0
    for byte in text {
        let digit: UInt8
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): digit = 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): digit = 63
        case UInt8(ascii: "="):
            padding += 1
            continue
        case 0x20, 0x09, 0x0A, 0x0D: continue
        default: return nil
        }
        if padding > 0 { return nil }
        bits = bits << 6 | UInt32(digit)
        digits += 1
        if digits % 4 == 0 {
            bytes += [
                UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 8),
                UInt8(truncatingIfNeeded: bits),
            ]
            bits = 0
        }
    }
    switch digits % 4 {
    case 0: return padding == 0 ? bytes : nil
    case 2 where padding == 0 || padding == 2: return bytes + [UInt8(truncatingIfNeeded: bits >> 4)]
    case 3 where padding < 2:
        return bytes + [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)]
    default: return nil
    }
}
