/// A column of a dataset, or a place within one, as people name it in options, prompts and benchmarks.
///
///     answers.text[0]        messages[-1].content        ["odd name"].x        /resps/0/0        choices.0.turns
///
/// The first part names a column; each following `.name` or `["name"]` names a member of an object, and each `[number]` an
/// element of an array, counted from 0, or from the end if it is negative. A member name of digits can also mean an element.
/// A JSON pointer (RFC 6901), which starts with `/`, means the same. A leading `$`, as in JSONPath, is ignored.
///
/// A column whose name is spelled exactly like the whole path takes precedence. A string that contains a JSON array or object
/// is treated as that value, because cells of tables are strings.
public struct ColumnPath: Sendable, Hashable, CustomStringConvertible {
    /// A step from a value to one within it.
    public enum Step: Sendable, Hashable {
        /// A member of an object, or an element of an array if the name consists of digits.
        case member(String)
        /// An element of an array, counted from 0; a negative number counts from the end.
        case element(Int)
    }

    /// What is wrong with a text as a path.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        /// The number of characters before the fault.
        public let offset: Int
        public let message: String

        public var description: String { "character \(offset + 1): \(message)" }
    }

    /// The whole path as written, which may also be the name of a column.
    public let name: String
    /// The column at the start of the path; `name` itself if it is not a path.
    public let root: String
    /// The steps from the root's value; none for a whole column.
    public let steps: [Step]
    /// Why `name`, which looks like a path, can only be the name of a column.
    public let fault: Fault?

    public var description: String { name }

    /// Whether the path is a whole column.
    public var isColumn: Bool { steps.isEmpty }

    /// Reads a name. One that is not a valid path names a column, and `fault` says why.
    public init(_ name: String) {
        self.name = name
        guard name.utf8.contains(where: { $0 == 0x2E || $0 == 0x5B || $0 == 0x2F }) else {
            (root, steps, fault) = (name, [], nil)
            return
        }
        do throws(Fault) {
            (root, steps) = try ColumnPathParser.parse(name)
            fault = nil
        } catch {
            (root, steps, fault) = (name, [], error)
        }
    }

    /// The path with its root replaced by another column or path.
    public init(_ path: ColumnPath, startingAt base: ColumnPath) {
        var text = base.name
        for step in path.steps { text += step.suffix }
        name = text
        root = base.root
        steps = base.steps + path.steps
        fault = nil
    }

    private init(root: String, steps: [Step]) {
        self.root = root
        self.steps = steps
        name = steps.reduce(ColumnPath.spelled(root)) { $0 + $1.suffix }
        fault = nil
    }

    /// A whole column, even if its name looks like a path.
    public init(column: String) {
        (name, root, steps, fault) = (column, column, [], nil)
    }

    /// What a name means in a row: the column with exactly that name, otherwise a path.
    public init(_ name: String, in row: JSONObject) {
        self = row[name] == nil ? ColumnPath(name) : ColumnPath(column: name)
    }

    /// The path one step further.
    public func appending(_ step: Step) -> ColumnPath { ColumnPath(root: root, steps: steps + [step]) }

    /// The path with only the first `count` steps.
    public func prefix(_ count: Int) -> ColumnPath { ColumnPath(root: root, steps: Array(steps.prefix(count))) }

    private static func spelled(_ root: String) -> String {
        let isPlain = !root.isEmpty && !["*", "$"].contains(root) && !root.utf8.contains { ".[]/\"".utf8.contains($0) }
        return isPlain ? root : "[\(quoted(root))]"
    }
}

extension ColumnPath.Step {
    /// The text of the step after a path.
    var suffix: String {
        switch self {
        case .element(let index): "[\(index)]"
        case .member(let name):
            if name.isEmpty || name == "*" || name.utf8.contains(where: { ".[]\"".utf8.contains($0) }) {
                "[\(quoted(name))]"
            } else {
                ".\(name)"
            }
        }
    }

    /// The index in an array of `count` elements; nil if there is no such element.
    public func index(among count: Int) -> Int? {
        switch self {
        case .element(let index):
            let place = index < 0 ? count + index : index
            return (0..<count).contains(place) ? place : nil
        case .member(let name):
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            return Int(name).flatMap { $0 < count ? $0 : nil }
        }
    }
}

// MARK: Looking up

extension ColumnPath {
    /// The result of looking up a path in a row.
    public enum Finding: Sendable, Hashable {
        case value(JSONValue)
        /// No value; the gap has the deepest place on the path that exists in the row, and the value found there.
        case nothing(Gap)
    }

    /// The place at which a path leads nowhere in a row.
    public struct Gap: Sendable, Hashable, CustomStringConvertible {
        /// The deepest place that exists in the row; nil if the row does not even have the column.
        public let deepest: ColumnPath?
        /// What is there, such as `an array of 2 elements` or `an object with the members "a", "b"`.
        public let found: String

        /// A clause, such as `"choices[0].turns" is an array of 2 elements`.
        public var description: String {
            deepest.map { "\(quoted($0.name)) is \(found)" } ?? "the row has \(found)"
        }
    }

    /// Looks up the path in a row: the column with exactly that name, otherwise the place that the path leads to.
    public func find(in row: JSONObject) -> Finding {
        find {
            row[$0]
        } names: {
            row.keys
        }
    }

    /// Looks up the path; `column` returns a column's value, and `names` lists the names of the columns.
    public func find(_ column: (String) -> JSONValue?, names: () -> [String]) -> Finding {
        if let value = column(name) { return .value(value) }
        guard !isColumn, var value = column(root) else {
            let names = names()
            return .nothing(
                Gap(deepest: nil, found: names.isEmpty ? "no columns" : "the columns \(Self.list(names))"))
        }
        for (index, step) in steps.enumerated() {
            value = value.unwrapped
            switch value {
            case .object(let object):
                if case .member(let name) = step, let member = object[name] {
                    value = member
                    continue
                }
            case .array(let elements):
                if let place = step.index(among: elements.count) {
                    value = elements[place]
                    continue
                }
            default: break
            }
            return .nothing(Gap(deepest: prefix(index), found: value.contents))
        }
        return .value(value)
    }

    fileprivate static func list(_ names: [String]) -> String {
        let shown = names.prefix(20).map { quoted($0) }.joined(separator: ", ")
        return names.count > 20 ? "\(shown) and \(names.count - 20) more" : shown
    }
}

extension JSONValue {
    /// The array or object that a string contains; the value itself if it is not such a string.
    var unwrapped: JSONValue {
        guard let text = string, let first = text.utf8.first(where: { !" \t\r\n".utf8.contains($0) }),
            first == UInt8(ascii: "[") || first == UInt8(ascii: "{"),
            let parsed = (try? JSONValue(parsing: text)) ?? PythonLiteral.json(of: text)
        else { return self }
        return parsed
    }

    /// A description of the value, for a gap in a path.
    fileprivate var contents: String {
        switch self {
        case .array(let elements):
            elements.count == 1 ? "an array of 1 element" : "an array of \(elements.count) elements"
        case .object(let object):
            object.isEmpty
                ? "an object without members"
                : "an object with the members \(ColumnPath.list(object.keys))"
        default: kind
        }
    }
}
