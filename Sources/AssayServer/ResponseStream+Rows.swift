import Evaluation
import Store

extension ResponseStream {
    /// Writes rows as the elements of a JSON array.
    func write(rows: Range<Int>?, of dataset: StoredDataset, in registry: Registry) throws {
        let source = StoredRows(registry, dataset, rows: rows)
        // The comma behind a page's last row is written with the next page.
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
