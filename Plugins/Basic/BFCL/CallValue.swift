import JSON

/// A value in a call: what Python's literals make, and JSON.
indirect enum CallValue {
    case none
    case bool(Bool)
    case int(Int)
    /// An integer beyond 64 bits, in decimal digits.
    case bigInt(String)
    case float(Double)
    case text(String)
    /// Bytes and complex numbers, which no description of a function has.
    case other(String)
    case list([CallValue])
    case tuple([CallValue])
    case dict([(key: CallValue, value: CallValue)])

    /// The types that descriptions tell apart.
    enum Kind { case none, bool, int, float, text, other, list, tuple, dict }

    var kind: Kind {
        switch self {
        case .none: .none
        case .bool: .bool
        case .int, .bigInt: .int
        case .float: .float
        case .text: .text
        case .other: .other
        case .list: .list
        case .tuple: .tuple
        case .dict: .dict
        }
    }

    init(_ json: JSONValue) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .number(let number): self = CallValue(number: number.text)
        case .string(let text): self = .text(text)
        case .array(let elements): self = .list(elements.map(CallValue.init))
        case .object(let object): self = .dict(object.members.map { (.text($0.key), CallValue($0.value)) })
        }
    }

    /// A decimal number: an integer, unless it has a point or an exponent.
    init(number text: String) {
        if let integer = Int(text) {
            self = .int(integer)
        } else if text.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }) {
            self = .float(Double(text) ?? .infinity)
        } else {
            self = .bigInt(text)
        }
    }

    /// Whether two values are equal in Python's sense: 1 is 1.0 and True.
    static func == (one: CallValue, other: CallValue) -> Bool {
        if let one = one.number, let other = other.number { return one == other }
        switch (one, other) {
        case (.none, .none): return true
        case (.bigInt(let one), .bigInt(let other)): return one == other
        case (.bigInt(let digits), .float(let number)), (.float(let number), .bigInt(let digits)):
            return Double(digits) == number
        case (.text(let one), .text(let other)): return ExactText(one) == ExactText(other)
        case (.other(let one), .other(let other)): return one == other
        case (.list(let one), .list(let other)), (.tuple(let one), .tuple(let other)):
            return one.count == other.count && zip(one, other).allSatisfy { $0 == $1 }
        case (.dict(let one), .dict(let other)):
            guard one.count == other.count else { return false }
            return one.allSatisfy { member in other.contains { $0.key == member.key && $0.value == member.value } }
        default: return false
        }
    }

    /// A number that compares with others; exact for integers that a Double holds.
    private var number: Number? {
        switch self {
        case .bool(let value): Number(integer: value ? 1 : 0)
        case .int(let value): Number(integer: value)
        case .float(let value): Number(float: value)
        default: nil
        }
    }

    private struct Number {
        var integer: Int?
        var float: Double

        init(integer: Int) { (self.integer, float) = (integer, Double(integer)) }
        init(float: Double) { (integer, self.float) = (Int(exactly: float), float) }

        static func == (one: Number, other: Number) -> Bool {
            if let one = one.integer, let other = other.integer { return one == other }
            return one.integer == nil && other.integer == nil && one.float == other.float
        }
    }
}

/// Values with names, in order. If a name is set several times, the last value counts.
struct NamedValues {
    private(set) var members: [(name: String, value: CallValue)] = []
    private var places: [String: Int] = [:]

    mutating func set(_ name: String, to value: CallValue) {
        if let place = places[name] {
            members[place].value = value
        } else {
            places[name] = members.count
            members.append((name, value))
        }
    }

    func has(_ name: String) -> Bool { places[name] != nil }

    var dict: CallValue { .dict(members.map { (.text($0.name), $0.value) }) }
}

/// A call that a model wrote.
struct WrittenCall {
    /// The dotted path.
    let name: String
    var arguments = NamedValues()
}
