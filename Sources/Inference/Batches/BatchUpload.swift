import NIOCore
import Platform

/// The body of a request that submits a batch, read from its file while it is sent.
struct BatchUpload: AsyncSequence, Sendable {
    let head: [UInt8]
    let file: UnnamedFile
    let tail: [UInt8]

    var length: Int { head.count + file.size + tail.count }

    /// A form with a file of requests (RFC 7578).
    static func form(_ file: UnnamedFile, name: String, purpose: String, boundary: String) -> BatchUpload {
        let head = """
            --\(boundary)\r
            Content-Disposition: form-data; name="purpose"\r
            \r
            \(purpose)\r
            --\(boundary)\r
            Content-Disposition: form-data; name="file"; filename="\(name)"\r
            Content-Type: application/jsonl\r
            \r

            """
        return BatchUpload(head: Array(head.utf8), file: file, tail: Array("\r\n--\(boundary)--\r\n".utf8))
    }

    /// Anthropic's batch: an array of requests.
    static func array(_ file: UnnamedFile) -> BatchUpload {
        BatchUpload(head: Array(#"{"requests": ["#.utf8), file: file, tail: Array("]}".utf8))
    }

    func makeAsyncIterator() -> Iterator { Iterator(upload: self) }

    struct Iterator: AsyncIteratorProtocol {
        private enum Part {
            case head, file, tail, end
        }

        private static let pieceSize = 256 << 10

        let upload: BatchUpload
        private var part = Part.head
        private var offset = 0

        init(upload: BatchUpload) { self.upload = upload }

        mutating func next() async throws -> ByteBuffer? {
            while true {
                switch part {
                case .head:
                    part = .file
                    if !upload.head.isEmpty { return ByteBuffer(bytes: upload.head) }
                case .file:
                    if let piece = try nextPiece() { return piece }
                    part = .tail
                case .tail:
                    part = .end
                    if !upload.tail.isEmpty { return ByteBuffer(bytes: upload.tail) }
                case .end: return nil
                }
            }
        }

        private mutating func nextPiece() throws -> ByteBuffer? {
            let bytes = try [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
                count = try upload.file.read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            }
            offset += bytes.count
            return bytes.isEmpty ? nil : ByteBuffer(bytes: bytes)
        }
    }
}
