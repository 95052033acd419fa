package import JSON

/// How much of a row is shown.
package struct RowLimits: Sendable {
    /// The most columns.
    package var columns: Int
    /// The most code points and lines of a text.
    package var length: Int
    package var lines: Int
    /// The part of a text that is shown before it is unfolded; nil: all of it.
    package var unfolded: (length: Int, lines: Int)?

    package init(columns: Int, length: Int, lines: Int, unfolded: (length: Int, lines: Int)? = nil) {
        self.columns = columns
        self.length = length
        self.lines = lines
        self.unfolded = unfolded
    }
}

/// A value of a row as text.
package struct ShownCell: Sendable {
    package var name: String
    /// The text, or its beginning.
    package var text: String
    /// Nil for a string, which may look like any other value.
    package var kind: String?
    /// Whether it is an array or an object.
    package var isCode: Bool
    /// The size of the whole text in bytes; nil if the whole of it is there.
    package var wholeSize: Int?
    package var isReason = false

    package init(_ name: String, _ value: JSONValue, _ limits: RowLimits) {
        let whole = value.string ?? value.text
        let beginning = PageText.cut(whole, to: limits.length, lines: limits.lines)
        self.name = name
        text = beginning ?? whole
        wholeSize = beginning == nil ? nil : whole.utf8.count
        kind = value.string == nil ? value.kindName : nil
        isCode = value.array != nil || value.object != nil
    }

    /// The cell with no more of its text than that.
    package func shortened(to length: Int) -> ShownCell {
        guard let beginning = PageText.cut(text, to: length, lines: .max) else { return self }
        var cell = self
        cell.text = beginning
        cell.wholeSize = wholeSize ?? text.utf8.count
        return cell
    }
}

extension JSONValue {
    fileprivate var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "text"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// A row of a dataset or of a run, parsed as far as it is shown.
package struct ShownRow: Sendable {
    /// How a line holds the row's own columns.
    package enum Form: Sendable {
        /// They are the line.
        case plain
        /// They are beside `row` and `scores`.
        case scored
        /// They are in `input`, as in run folders.
        case saved
    }

    /// The result of a function.
    package struct Result: Sendable {
        package var function: String
        /// The score as text, shortened; nil if there is none.
        package var score: String?
        /// Why there is no score; nil if there is one.
        package var outcome: String?
        /// The reason without a score, and outputs such as a judge's feedback.
        package var outputs: [ShownCell]
    }

    /// The row's own columns.
    package var columns: [ShownCell] = []
    package var results: [Result] = []
    /// The number of omitted columns.
    package var omitted = 0

    package init(_ row: ArraySlice<UInt8>, _ form: Form, _ limits: RowLimits) {
        var parser = JSONParser()
        // The rows of datasets and runs are objects.
        guard let outline = parser.outline(of: row) else { return }
        if form != .plain {
            results = Self.scores(of: row, outline).map { Result($0.function, $0.result, limits) }
        }
        let source = form == .saved ? outline["input"] : outline
        guard case .object(let members)? = source?.parts else { return }
        for member in members where !(form == .scored && (member.key == "row" || member.key == "scores")) {
            if columns.count == limits.columns {
                omitted += 1
                continue
            }
            let range = member.value.range
            let bytes = Array(row[row.startIndex + range.lowerBound..<row.startIndex + range.upperBound])
            // The whole row was validated, so its parts are valid.
            columns.append(ShownCell(member.key, (try? JSONValue(parsing: bytes)) ?? .null, limits))
        }
    }

    /// The functions' results for a row.
    package static func scores(
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

extension ShownRow.Result {
    fileprivate init(_ function: String, _ result: JSONValue, _ limits: RowLimits) {
        self.function = function
        outcome = result["outcome"]?.string
        if outcome == nil {
            let value = result["score"] ?? .null
            let text = value.string ?? value.text
            score = PageText.cut(text, to: 60, lines: 1).map { $0 + "…" } ?? text
        }
        outputs = (result.object?.members ?? []).compactMap { key, value in
            if key == "score" || key == "outcome" || value == .null { return nil }
            var cell = ShownCell(key == "message" ? "reason without a score" : words(key), value, limits)
            cell.isReason = key == "message"
            return cell
        }
    }
}

/// A name in words: `model error` for `model_error`.
func words(_ name: String) -> String { name.prefix(60).split(separator: "_").joined(separator: " ") }

extension JSONParser {
    /// The parts of a row; nil if it is not JSON.
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
