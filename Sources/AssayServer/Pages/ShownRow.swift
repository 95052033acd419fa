import JSON

/// A row of a dataset, parsed as far as it is shown.
struct ShownRow {
    /// The row's own columns, without those that score-batch adds.
    var columns: [(name: String, value: JSONValue)] = []
    /// The results of the functions.
    var scores: [(function: String, result: JSONValue)] = []
    /// The number of omitted columns.
    var omitted = 0

    /// - Parameters:
    ///   - hasScores: whether `row` and `scores` were added by score-batch.
    ///   - limit: the maximum number of columns.
    init(_ row: [UInt8], hasScores: Bool, limit: Int) {
        var parser = JSONParser()
        // Registered rows were checked to be objects.
        guard let outline = parser.outline(of: row[...]), case .object(let members) = outline.parts else { return }
        if hasScores { scores = Self.scores(of: row[...], outline) }
        for member in members where !(hasScores && (member.key == "row" || member.key == "scores")) {
            if columns.count == limit {
                omitted += 1
                continue
            }
            // The whole row was validated, so its parts are valid.
            columns.append((member.key, (try? JSONValue(parsing: Array(row[member.value.range]))) ?? .null))
        }
    }

    /// The functions' results for a row.
    static func scores(
        of row: ArraySlice<UInt8>, _ parser: inout JSONParser
    ) -> [(function: String, result: JSONValue)] {
        parser.outline(of: row).map { scores(of: row, $0) } ?? []
    }

    private static func scores(
        of row: ArraySlice<UInt8>, _ outline: JSONOutline
    ) -> [(function: String, result: JSONValue)] {
        guard let scores = outline["scores"], case .object(let members) = scores.parts else { return [] }
        return members.compactMap { member in
            let range = member.value.range
            let bytes = Array(row[row.startIndex + range.lowerBound..<row.startIndex + range.upperBound])
            return (try? JSONValue(parsing: bytes)).map { (member.key, $0) }
        }
    }
}

extension JSONParser {
    /// The parts of a row; nil if it is not JSON.
    fileprivate mutating func outline(of row: ArraySlice<UInt8>) -> JSONOutline? {
        try? outline(padded: Array(row) + repeatElement(0, count: Self.padding))
    }
}
