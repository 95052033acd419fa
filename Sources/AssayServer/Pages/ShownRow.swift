import JSON

/// A row of a dataset, taken apart as far as it is shown.
struct ShownRow {
    /// The row's columns, but for what score-batch has added.
    var columns: [(name: String, value: JSONValue)] = []
    /// What functions said of it.
    var scores: [(function: String, result: JSONValue)] = []
    /// Columns that were left out.
    var omitted = 0

    /// - Parameters:
    ///   - hasScores: whether `row` and `scores` are what score-batch has added.
    ///   - limit: columns that are taken.
    init(_ row: [UInt8], hasScores: Bool, limit: Int) {
        var parser = JSONParser()
        // What is registered was checked: it is an object.
        guard let outline = parser.outline(of: row[...]), case .object(let members) = outline.parts else { return }
        if hasScores { scores = Self.scores(of: row[...], outline) }
        for member in members where !(hasScores && (member.key == "row" || member.key == "scores")) {
            if columns.count == limit {
                omitted += 1
                continue
            }
            // The row was checked whole, so that its parts are valid.
            columns.append((member.key, (try? JSONValue(parsing: Array(row[member.value.range]))) ?? .null))
        }
    }

    /// What the functions said of a row.
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
    /// The parts of a row; nil where it is no JSON.
    fileprivate mutating func outline(of row: ArraySlice<UInt8>) -> JSONOutline? {
        var text = Array(row)
        text.append(contentsOf: repeatElement(0, count: Self.padding))
        return text.withUnsafeBytes { bytes in
            do throws(JSONError) {
                return try outline(padded: UnsafeRawBufferPointer(rebasing: bytes.dropLast(Self.padding)))
            } catch {
                return nil
            }
        }
    }
}
