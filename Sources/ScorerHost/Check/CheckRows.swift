import CScorerPlugin
import ScoringCore

/// A cell of a row that a check makes up.
enum CheckCell: Sendable {
    case null
    case text(String)
    case number(Double)
    case integer(Int64)
    case bool(Bool)
    case list([String])
}

/// Rows of one kind, made up from the columns that a scorer declares.
struct CheckRows: Sendable {
    /// What they are, as findings name them.
    var name: String
    var rows: [[CheckCell]]

    private static let words = [
        "The answer is 42.", "42", "Paris", "paris", "yes", "No", "(B)", "A", "3/4", "\\boxed{7}", "1,234.5", "-0.5",
        "The quick brown fox jumps over the lazy dog.", "{\"name\": \"f\", \"arguments\": {\"x\": 1}}", "18", "0",
    ]
    private static let strangeTexts = [
        "", " ", "\n", "\0", "a\0b", "\u{FEFF}x", "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}",
        "e\u{301}\u{301}\u{301}",
        "\u{202E}abc", "\r\n\t\u{1}\u{7F}", "\u{10FFFF}", "\u{FFFD}\u{FFFE}", "\\", "\"", "'; --", "%s%n%d", "<b>&amp;",
        String(repeating: "x", count: 5000), String(repeating: "\u{301}", count: 1000),
        String(repeating: "(", count: 500),
        String(repeating: "\n", count: 1000), "\u{130}\u{131}\u{DF}\u{1E9E}", "\u{FF11}\u{FF12}", "NaN", "1e999", "-",
    ]
    private static let numbers: [Double] = [
        0, -0.0, 1, -1, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, .ulpOfOne, 0.1,
        1e15,
        9_007_199_254_740_992, 0.5,
    ]
    private static let integers: [Int64] = [0, 1, -1, .max, .min, 1 << 53, 42, -(1 << 31), 1 << 32]
    private static let lists = [
        [], [""], ["42"], ["Paris", "paris", "Paris"], ["a\0b", "\u{1F600}", ""], (0..<500).map { "item \($0)" },
    ]
    private static let jsons = [
        "null", "true", "false", "0", "-0.0", "1e308", "12345678901234567890123", "\"\"", "\"18\"", "\"\\u0000\"",
        "\"\\ud83d\\ude00\"", "[]", "{}", "[1, \"a\", null, {\"a\": []}]", "{\"a\": 1, \"a\": 2}",
        "{\"name\": \"f\", \"arguments\": {\"x\": 1}}",
        String(repeating: "[", count: 400) + String(repeating: "]", count: 400),
        String(repeating: "{\"a\":", count: 400) + "1" + String(repeating: "}", count: 400),
        "[" + (0..<500).map(String.init).joined(separator: ", ") + "]",
    ]

    /// All rows but those with huge cells.
    static func all(_ inputs: [ColumnDescription]) -> [CheckRows] {
        [
            CheckRows(name: "one ordinary row", rows: ordinary(inputs, 1)),
            CheckRows(name: "ordinary rows", rows: ordinary(inputs, 200)),
            CheckRows(name: "rows with nulls in all optional columns", rows: nulls(inputs)),
            CheckRows(name: "rows with empty cells", rows: empty(inputs)),
            CheckRows(name: "rows with strange cells", rows: strange(inputs)),
        ]
    }

    /// A row whose texts have so many bytes.
    static func huge(_ inputs: [ColumnDescription], _ byteCount: Int) -> CheckRows {
        let text = String(repeating: "word of 16 bytes", count: byteCount / 16)
        let row = inputs.map { input -> CheckCell in
            switch input.type {
            case .text: .text(text)
            case .json: .text("\"\(text)\"")
            case .textList: .list([text])
            case .f64: .number(1)
            case .i64: .integer(1)
            case .bool: .bool(true)
            }
        }
        return CheckRows(name: "a row with cells of \(byteCount >> 20) MiB", rows: [row])
    }

    static func ordinary(_ inputs: [ColumnDescription], _ count: Int) -> [[CheckCell]] {
        (0..<count).map { row in
            inputs.enumerated().map { index, input in
                // Now and then columns agree, and now and then an optional one is null.
                let number = row % 3 == 0 ? row / 3 : row + index * (1 + row % 5)
                if input.isOptional && number % 7 == 3 { return .null }
                let word = words[number % words.count]
                switch input.type {
                case .text: return .text(word)
                case .json: return .text(number % 2 == 0 ? quoted(word) : jsons[number % jsons.count])
                case .textList: return .list((0...number % 4).map { words[(number + $0) % words.count] })
                case .f64: return .number(Double(number) / 4)
                case .i64: return .integer(Int64(number))
                case .bool: return .bool(number % 2 == 0)
                }
            }
        }
    }

    private static func nulls(_ inputs: [ColumnDescription]) -> [[CheckCell]] {
        guard inputs.contains(where: \.isOptional) else { return [] }
        return ordinary(inputs, 20).map { row in zip(inputs, row).map { $0.isOptional ? .null : $1 } }
    }

    private static func empty(_ inputs: [ColumnDescription]) -> [[CheckCell]] {
        let row = inputs.map { input -> CheckCell in
            switch input.type {
            case .text: .text("")
            case .json: .text("\"\"")
            case .textList: .list([])
            case .f64: .number(0)
            case .i64: .integer(0)
            case .bool: .bool(false)
            }
        }
        return inputs.isEmpty ? [] : Array(repeating: row, count: 9)
    }

    private static func strange(_ inputs: [ColumnDescription]) -> [[CheckCell]] {
        (0..<120).map { row in
            inputs.enumerated().map { index, input in
                let number = row + index * (row / 26)
                switch input.type {
                case .text: return .text(strangeTexts[number % strangeTexts.count])
                case .json:
                    let text = strangeTexts[number % strangeTexts.count]
                    return .text(number % 2 == 0 ? jsons[number / 2 % jsons.count] : quoted(text))
                case .textList: return .list(lists[number % lists.count])
                case .f64: return .number(numbers[number % numbers.count])
                case .i64: return .integer(integers[number % integers.count])
                case .bool: return .bool(number % 2 == 0)
                }
            }
        }
    }

    /// A text as JSON.
    private static func quoted(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": json += "\\\(scalar)"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}

extension CheckCell {
    /// The cell as a message shows it.
    var preview: String {
        switch self {
        case .null: return "null"
        case .text(let text):
            let start = String(decoding: text.utf8.prefix(40), as: UTF8.self)
            return text.utf8.count > 40
                ? "\(start.debugDescription)… (\(text.utf8.count) bytes)" : start.debugDescription
        case .number(let number): return "\(number)"
        case .integer(let integer): return "\(integer)"
        case .bool(let bool): return "\(bool)"
        case .list(let texts): return "a list of \(texts.count) strings"
        }
    }
}
