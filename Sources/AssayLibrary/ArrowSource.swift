import CArrow
import Datasets

/// A stream of record batches that its owner reads on one thread at a time.
final class ArrowSource {
    private var stream: ArrowArrayStream

    /// Moves the stream.
    init(taking stream: UnsafeMutablePointer<ArrowArrayStream>) {
        self.stream = stream.pointee
        stream.pointee.release = nil
    }

    deinit { stream.release?(&stream) }

    func columns() throws -> ArrowColumns {
        guard stream.release != nil else { throw LibraryFault("the stream of rows has been released") }
        guard let getSchema = stream.get_schema, stream.get_next != nil else {
            throw LibraryFault("the stream of rows lacks get_schema or get_next")
        }
        var schema = ArrowSchema()
        let failure = getSchema(&stream, &schema)
        guard failure == 0 else { throw fault(failure) }
        defer { schema.release?(&schema) }
        do {
            return try ArrowColumns(&schema)
        } catch {
            throw LibraryFault("the rows: \(error)")
        }
    }

    /// The next batch; nil at the end.
    func next(_ columns: ArrowColumns) throws -> ArrowRows? {
        var array = ArrowArray()
        let failure = stream.get_next(&stream, &array)
        guard failure == 0 else { throw fault(failure) }
        guard array.release != nil else { return nil }
        do {
            return try ArrowRows(&array, of: columns)
        } catch {
            throw LibraryFault("the rows: \(error)")
        }
    }

    private func fault(_ code: Int32) -> LibraryFault {
        let reason = stream.get_last_error?(&stream).map { String(cString: $0) } ?? "error \(code)"
        return LibraryFault("the rows could not be read: \(reason)")
    }
}
