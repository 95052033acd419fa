import JSON

/// At most 100 rows of a split, as the datasets server sent them.
struct HubPage {
    /// Rows on a page: the most that the server gives at once.
    static let length = 100

    var rows: [JSONValue]
    /// The number of rows of the split.
    var total: Int
    /// Whether the server has only the first rows of the split.
    var isPartial: Bool
    var features: RowFeatures

    /// Nil if the body has no rows or does not say how many there are.
    init?(_ body: JSONValue) {
        guard let rows = body["rows"]?.array, let total = body["num_rows_total"].flatMap({ Int($0.text) }) else {
            return nil
        }
        self.rows = rows
        self.total = total
        isPartial = body["partial"] == true
        features = RowFeatures(body["features"])
    }

    /// Whether it has all the rows that a page of that number should have.
    func isWhole(number: Int) -> Bool {
        rows.count == min(Self.length, total - number * Self.length)
    }
}
