import Datasets
import JSON

/// The rows of a dataset of the Hugging Face Hub that its address means, as JSON Lines.
final class HuggingFaceRows: ByteSource {
    private let dataset: HuggingFaceDataset
    /// The rows that are left to read; nil before it is known how many there are.
    private var rest: Range<Int>?
    private var lines: [UInt8] = []
    private var position = 0

    init(_ dataset: HuggingFaceDataset) {
        self.dataset = dataset
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if position == lines.count { try readPage() }
        let count = min(buffer.count, lines.count - position)
        buffer.copyBytes(from: lines[position..<position + count])
        position += count
        return count
    }

    private func readPage() throws(DatasetError) {
        lines.removeAll(keepingCapacity: true)
        position = 0
        if let rest {
            if rest.isEmpty { return }
            return try add(dataset.page(rest.lowerBound / HubPage.length))
        }
        // How many rows there are is said with the first ones; a slice may begin elsewhere.
        let slice = dataset.location.slice
        let number = slice.knownStart / HubPage.length
        let page = try dataset.page(number)
        dataset.note(page.features)
        if page.isPartial, slice.knownEnd.map({ $0 > page.total }) ?? true {
            throw dataset.fault(
                "only has the first \(page.total) rows of this large dataset; to read some of them, use"
                    + " split=\(dataset.splitName ?? "SPLIT")[:\(page.total)]")
        }
        let wanted = slice.range(of: page.total)
        rest = wanted
        if wanted.isEmpty { return }
        try add(wanted.lowerBound / HubPage.length == number ? page : dataset.page(wanted.lowerBound / HubPage.length))
    }

    /// Adds the rows of a page that are wanted.
    private func add(_ page: HubPage) throws(DatasetError) {
        guard let start = rest?.lowerBound, let end = rest?.upperBound else { return }
        let rows = page.rows.dropFirst(start % HubPage.length).prefix(end - start)
        if rows.isEmpty {
            throw dataset.fault(
                "ended at row \(start) of \(page.total): it sent \(page.rows.count) rows of \(HubPage.length)")
        }
        for row in rows {
            if let cell = row["truncated_cells"]?.array?.first {
                lines += RejectedLine.bytes(
                    "the datasets server has shortened its \(cell.text), which is too long for it")
            } else {
                guard var object = row["row"]?.object else { throw dataset.fault("sent a row that is not an object") }
                if dataset.location.namesLabels { object = page.features.namingLabels(in: object) }
                lines += JSONValue.object(object).text.utf8
            }
            lines.append(UInt8(ascii: "\n"))
        }
        rest = (start + rows.count)..<end
    }
}
