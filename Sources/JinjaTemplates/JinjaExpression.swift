import Encodings
import JSON

/// A value of the context or a constant, and the filters behind it.
struct JinjaExpression: Sendable {
    enum Step: Sendable {
        case member(String)
        case index(Int)
    }

    enum Head: Sendable {
        case constant(JSONValue)
        case path(String, [Step])
    }

    struct Filter: Sendable {
        enum Kind: String, CaseIterable, Sendable {
            case `default`, d, first, float, int, join, last, length, count, list, lower, replace, string, tojson, trim,
                upper

            /// The number of arguments.
            var arguments: ClosedRange<Int> {
                switch self {
                case .default, .d: 0...2
                case .join, .trim: 0...1
                case .float, .int: 0...1
                case .replace: 2...2
                case .tojson: 0...1
                default: 0...0
                }
            }
        }

        var kind: Kind
        var arguments: [JSONValue]
    }

    var head: Head
    var filters: [Filter] = []

    /// The first name of a path.
    var root: String? { if case .path(let name, _) = head { name } else { nil } }

    /// - Parameters:
    ///   - keepsJSON: whether `tojson` changes nothing, because its text is read as JSON again.
    ///   - work: the bytes that filters may still read.
    func value(
        _ find: (String) -> JSONValue?, keepsJSON: Bool, work: inout Int
    ) throws(JinjaTemplate.RenderingFault) -> JSONValue {
        var value: JSONValue?
        switch head {
        case .constant(let constant): value = constant
        case .path(let name, let steps): value = Self.follow(steps, from: find(name))
        }
        for filter in filters {
            if filter.kind == .default || filter.kind == .d {
                value = filter.defaulted(value)
                continue
            }
            guard let known = value else { throw undefined }
            if filter.kind == .tojson && keepsJSON { continue }
            value = try filter.applied(to: known, work: &work)
        }
        guard let value else { throw undefined }
        return value
    }

    private var undefined: JinjaTemplate.RenderingFault {
        guard case .path(let name, let steps) = head else {
            return JinjaTemplate.RenderingFault(message: "the expression has no value")
        }
        // A path may be as long as a template.
        let path = steps.prefix(20).reduce(name) { path, step in
            switch step {
            case .member(let member): path + "." + member
            case .index(let index): path + "[\(index)]"
            }
        }
        let shown = String(path.prefix(200))
        let isWhole = steps.count <= 20 && shown.utf8.count == path.utf8.count
        return JinjaTemplate.RenderingFault(message: "\(quoted(isWhole ? shown : shown + "…")) is undefined")
    }

    private static func follow(_ steps: [Step], from value: JSONValue?) -> JSONValue? {
        var value = value
        for step in steps {
            switch step {
            case .member(let name):
                // A digit after a dot is a place in a list.
                if let array = value?.array, let index = Int(name) {
                    value = array.element(at: index)
                } else {
                    value = value?[name]
                }
            case .index(let index):
                guard let array = value?.array else {
                    value = value?["\(index)"]
                    continue
                }
                let place = index < 0 ? array.count + index : index
                value = array.element(at: place)
            }
        }
        return value
    }
}

extension JinjaExpression.Filter {
    /// The value, or the argument if it is undefined; with `true` as the second argument, also if it is empty.
    fileprivate func defaulted(_ value: JSONValue?) -> JSONValue {
        let other = arguments.first ?? ""
        guard let value else { return other }
        if arguments.count > 1, arguments[1] == true, !value.isTrue { return other }
        return value
    }

    /// - Parameter work: the bytes that filters may still read.
    fileprivate func applied(
        to value: JSONValue, work: inout Int
    ) throws(JinjaTemplate.RenderingFault) -> JSONValue {
        func read(_ text: String) throws(JinjaTemplate.RenderingFault) -> String {
            if text.utf8.count > JinjaTemplate.longestText { throw .tooLong }
            work -= text.utf8.count
            if work < 0 { throw .tooMuchWork }
            return text
        }
        func text() throws(JinjaTemplate.RenderingFault) -> String { try read(value.jinjaText) }
        switch kind {
        case .lower: return .string(try text().lowercased())
        case .upper: return .string(try text().uppercased())
        case .string: return .string(try text())
        case .trim: return .string(trimmed(try text(), of: arguments.first?.string))
        case .tojson: return .string(try read(value.text))
        case .replace:
            return .string(try replaced(try text(), arguments[0].jinjaText, by: arguments[1].jinjaText))
        case .join:
            guard let array = value.array else { throw fault("join", "a list", value) }
            let separator = arguments.first?.jinjaText ?? ""
            var joined = ""
            for (index, element) in array.enumerated() {
                if index > 0 { joined += separator }
                joined += try read(element.jinjaText)
                if joined.utf8.count > JinjaTemplate.longestText { throw .tooLong }
            }
            return .string(joined)
        case .length, .count:
            if let text = value.string { return JSONValue(try read(text).unicodeScalars.count) }
            if let count = value.array?.count ?? value.object?.count { return JSONValue(count) }
            throw fault(kind.rawValue, "a list, an object or a string", value)
        case .first, .last:
            if let array = value.array {
                if let element = kind == .first ? array.first : array.last { return element }
            } else if let text = value.string {
                let scalar = kind == .first ? text.unicodeScalars.first : text.unicodeScalars.last
                if let scalar { return .string(String(Character(scalar))) }
            } else {
                throw fault(kind.rawValue, "a list or a string", value)
            }
            throw JinjaTemplate.RenderingFault(
                message: "the filter \(kind.rawValue) has nothing to take an element from")
        case .list:
            if let array = value.array { return .array(array) }
            guard let text = value.string else { throw fault("list", "a list or a string", value) }
            if try read(text).utf8.count > JinjaTemplate.longestList {
                throw JinjaTemplate.RenderingFault(
                    message: "the filter list takes apart texts of up to \(JinjaTemplate.longestList >> 20) MiB")
            }
            return .array(text.unicodeScalars.map { .string(String(Character($0))) })
        case .int:
            if let number = number(of: value), let whole = Int(exactly: number.rounded(.towardZero)) {
                return JSONValue(whole)
            }
            return arguments.first ?? 0
        case .float: return number(of: value).flatMap { JSONValue($0) } ?? arguments.first ?? JSONValue(0.0)
        case .default, .d: return value
        }
    }

    private func number(of value: JSONValue) -> Double? {
        if let flag = value.bool { return flag ? 1 : 0 }
        return value.number?.double ?? value.string.flatMap { Double(trimmed($0, of: nil)) }
    }

    private func fault(_ name: String, _ expected: String, _ value: JSONValue) -> JinjaTemplate.RenderingFault {
        JinjaTemplate.RenderingFault(message: "the filter \(name) needs \(expected), and found \(value.kind)")
    }
}

extension [JSONValue] {
    /// The element; not null, but nothing, where there is none.
    fileprivate func element(at index: Int) -> JSONValue? {
        guard indices.contains(index) else { return Optional.none }
        return self[index]
    }
}

private func trimmed(_ text: String, of characters: String?) -> String {
    let set = characters.map { Set($0.unicodeScalars) }
    func isOuter(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.properties.isWhitespace }
    var scalars = Substring(text).unicodeScalars
    while let first = scalars.first, isOuter(first) { scalars.removeFirst() }
    while let last = scalars.last, isOuter(last) { scalars.removeLast() }
    return String(scalars)
}

/// Jinja's filter `replace`.
private func replaced(
    _ text: String, _ old: String, by new: String
) throws(JinjaTemplate.RenderingFault) -> String {
    if old.isEmpty { return text }
    let result = Array(text.utf8).replacing(Array(old.utf8), with: Array(new.utf8), most: JinjaTemplate.longestText)
    guard let result else { throw .tooLong }
    return String(decoding: result, as: UTF8.self)
}

extension JSONValue {
    /// Whether Python takes it for true.
    fileprivate var isTrue: Bool {
        switch self {
        case .null: false
        case .bool(let flag): flag
        case .number(let number): number.double != 0
        case .string(let text): !text.isEmpty
        case .array(let array): !array.isEmpty
        case .object(let object): !object.isEmpty
        }
    }

    /// Its text in a template: as Python prints it.
    var jinjaText: String { string ?? pythonText }

    private var pythonText: String {
        switch self {
        case .null: "None"
        case .bool(let flag): flag ? "True" : "False"
        case .number(let number): number.text
        case .string(let text): Self.pythonQuoted(text)
        case .array(let array): "[" + array.map(\.pythonText).joined(separator: ", ") + "]"
        case .object(let object):
            "{" + object.members.map { "\(Self.pythonQuoted($0.key)): \($0.value.pythonText)" }.joined(separator: ", ")
                + "}"
        }
    }

    private static func pythonQuoted(_ text: String) -> String {
        let quote: Unicode.Scalar =
            text.unicodeScalars.contains("'") && !text.unicodeScalars.contains("\"") ? "\"" : "'"
        var quoted = String.UnicodeScalarView([quote])
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": quoted.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": quoted.append(contentsOf: "\\n".unicodeScalars)
            case "\r": quoted.append(contentsOf: "\\r".unicodeScalars)
            case "\t": quoted.append(contentsOf: "\\t".unicodeScalars)
            case quote:
                quoted.append("\\")
                quoted.append(scalar)
            default: quoted.append(scalar)
            }
        }
        quoted.append(quote)
        return String(quoted)
    }
}
