import Evaluation
import JSON
import Store

extension ResponseStream {
    /// Writes rows as the elements of a JSON array.
    func write(rows: Range<Int>?, of dataset: StoredDataset, in registry: Registry) throws {
        let source = StoredRows(registry, dataset, rows: rows)
        // The comma after a page's last row is written with the next page.
        var isFirst = true
        while true {
            let page = try source.page(separator: UInt8(ascii: ","))
            if page.isEmpty { return }
            if !isFirst { try write(",") }
            isFirst = false
            try page.withUnsafeBytes { try write(UnsafeRawBufferPointer(rebasing: $0.dropLast())) }
        }
    }
}

extension ResponseStream {
    /// Writes a list, `{"data": […]}`, piece by piece.
    ///
    /// - Parameters:
    ///   - isBare: whether the list is only the array.
    ///   - piece: the next elements; none at the end.
    func writeList(isBare: Bool, _ piece: () throws -> [JSONValue]) throws {
        var text = isBare ? "[" : "{\"data\": ["
        var isFirst = true
        while true {
            let elements = try piece()
            if elements.isEmpty { break }
            for element in elements {
                text += (isFirst ? "" : ", ") + element.text
                isFirst = false
            }
            try write(text)
            text = ""
        }
        try write(text + (isBare ? "]" : "]}"))
    }
}
