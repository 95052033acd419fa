import Reports

/// Rows of a dataset on a page: several in part, or one whole.
struct RowsOnPage {
    /// The path of the page, without its query.
    let path: String
    /// Whether the rows are results, with scores.
    let hasScores: Bool
    /// Whether a single row is shown, in full.
    let isWhole: Bool

    private var limits: RowLimits {
        isWhole
            ? RowLimits(columns: 20_000, length: 2_000_000, lines: 100_000)
            : RowLimits(columns: 30, length: 1_000, lines: 20)
    }

    /// The values of rows for the template.
    func view(_ found: [(index: Int, row: [UInt8])]) -> [View] {
        let view = RowsView(hasScores: hasScores, limits)
        return found.map { index, row in
            let href = PageText.link(path, nil, [("row", "\(index)")])
            return view.view(
                ShownRow(row[...], hasScores ? .scored : .plain, limits), at: index, anchor: "\(index)", href: href,
                wholeRow: isWhole ? nil : href)
        }
    }
}
