public import JSON
import Statistics

/// A condition that results have to meet: `basic::subset_of accuracy >= 0.5`.
public struct Requirement: Sendable, Hashable {
    public enum Comparator: String, CaseIterable, Sendable {
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case greater = ">"
    }

    /// What is wrong with a text as a requirement.
    public struct Fault: Error, Sendable, CustomStringConvertible {
        /// The part that is wrong: `function`, `value`, `operator` or `number`.
        public let part: String
        public let description: String
    }

    /// As it was written.
    public let text: String
    /// A function's identifier, or `*` for every function that has the value.
    public let function: String
    /// Such as `accuracy` or `accuracy.lower`.
    public let value: String
    public let comparator: Comparator
    public let threshold: Double
    /// Whether the number was given in percent; the threshold is a share then.
    public let isPercent: Bool

    public init(_ text: String) throws(Fault) {
        self.text = text
        var place = text.startIndex
        var found: (Range<String.Index>, Comparator)?
        while place < text.endIndex, found == nil {
            for comparator in Comparator.allCases where text[place...].hasPrefix(comparator.rawValue) {
                found = (place..<text.index(place, offsetBy: comparator.rawValue.count), comparator)
                break
            }
            place = text.index(after: place)
        }
        guard let (range, comparator) = found else {
            throw Fault(
                part: "operator",
                description: "no operator was found; write FUNCTION VALUE OPERATOR NUMBER with <=, >=, <, >, == or !=")
        }
        self.comparator = comparator
        let words = text[..<range.lowerBound].split(separator: " ")
        guard let first = words.first else { throw Fault(part: "function", description: "no function is named") }
        guard words.count == 2 else {
            throw Fault(
                part: "value",
                description: words.count < 2
                    ? "no value is named after the function, such as accuracy"
                    : "expected a function and one value before \(comparator.rawValue)")
        }
        function = String(first)
        value = String(words[1])
        var number = text[range.upperBound...].trimmingPrefix { $0 == " " }
        while number.last == " " { number.removeLast() }
        isPercent = number.hasSuffix("%")
        if isPercent { number.removeLast() }
        // The decimal point is moved in the text, so that 5 % is the same number as 0.05.
        let isPlain = number.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
        let written = String(number)
        let shifted =
            isPercent && !written.utf8.contains(where: { $0 == 0x65 || $0 == 0x45 }) ? written + "e-2" : written
        guard isPlain, !number.isEmpty, let threshold = Double(shifted), threshold.isFinite else {
            throw Fault(part: "number", description: "\"\(written)\" is not a number")
        }
        self.threshold = threshold
    }

    /// Whether a value meets the requirement; nothing meets one that is not defined.
    public func isMet(by value: Double?) -> Bool {
        guard let value else { return false }
        return switch comparator {
        case .lessOrEqual: value <= threshold
        case .greaterOrEqual: value >= threshold
        case .equal: value == threshold
        case .notEqual: value != threshold
        case .less: value < threshold
        case .greater: value > threshold
        }
    }
}

/// A requirement with what became of it.
public struct CheckedRequirement: Sendable {
    public var requirement: Requirement
    /// The function that it was checked for.
    public var function: String
    public var value: Double?
    /// Why there is no value.
    public var reason: String?

    public init(_ requirement: Requirement, function: String, value: Double?, reason: String? = nil) {
        self.requirement = requirement
        self.function = function
        self.value = value
        self.reason = value == nil ? reason ?? "the value is not defined" : nil
    }

    public var isMet: Bool { requirement.isMet(by: value) }

    /// A line for standard error: `not met: basic::subset_of accuracy >= 0.5: is 0.4473`.
    public var line: String {
        let name = requirement.function == "*" ? " (\(function))" : ""
        let what = value.map { "is \($0)" } ?? reason ?? ""
        return "\(isMet ? "met" : "not met"): \(requirement.text)\(name): \(what)"
    }

    /// `{"text": …, "function": …, "met": …, "value": …, "reason": …}`.
    public var json: JSONValue {
        [
            "text": .string(requirement.text), "function": .string(function), "met": .bool(isMet),
            "value": JSONValue(value), "reason": reason.map { .string($0) } ?? .null,
        ]
    }
}

extension Comparison {
    /// The values that requirements may name.
    public static let requirableValues = [
        "difference", "difference.lower", "difference.upper", "difference.lowest", "p", "better", "worse", "pairs", "a",
        "b",
    ]

    /// Checks a requirement for each function that it names.
    public func check(_ requirement: Requirement) -> [CheckedRequirement] {
        let named = functions.filter { requirement.function == "*" || $0.identifier == requirement.function }
        guard !named.isEmpty else {
            let refused = refusals.first { $0.function == requirement.function }
            return [
                CheckedRequirement(
                    requirement, function: requirement.function, value: nil,
                    reason: refused.map { "not compared: \($0.message)" } ?? "the function is not in both runs")
            ]
        }
        return named.map { function in
            guard let first = function.aggregations.first else {
                return CheckedRequirement(requirement, function: function.identifier, value: nil)
            }
            let value: Double?
            switch requirement.value {
            case "difference": value = first.difference.difference
            case "difference.lower": value = first.difference.interval?.lower
            case "difference.upper": value = first.difference.interval?.upper
            case "difference.lowest": value = first.bounds?.lowerBound ?? first.difference.difference
            case "p": value = first.pAdjusted
            case "better": value = share(first.better, first, requirement)
            case "worse": value = share(first.worse, first, requirement)
            case "pairs":
                value =
                    requirement.isPercent
                    ? pairing.matched > 0 ? Double(first.pairs) / Double(pairing.matched) : nil : Double(first.pairs)
            case "a": value = first.a.value
            case "b": value = first.b.value
            default: value = nil
            }
            return CheckedRequirement(
                requirement, function: function.identifier, value: value, reason: first.difference.reason)
        }
    }

    private func share(_ count: Int, _ aggregation: Aggregation, _ requirement: Requirement) -> Double? {
        guard requirement.isPercent else { return Double(count) }
        return aggregation.pairs > 0 ? Double(count) / Double(aggregation.pairs) : nil
    }
}
