import Glibc
import JSON
import Testing

/// A case of one of the files of Data.
struct OracleCase: CustomTestStringConvertible {
    let id: String
    let kind: String
    let input: JSONValue
    let expected: JSONObject
    private let tolerance: JSONValue?

    var testDescription: String { id }

    /// The cases of a file.
    static func all(_ file: String, _ kinds: String...) throws -> [OracleCase] {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let text = try contents(of: "/\(folder)/Data/\(file).jsonl")
        let cases = try text.split(separator: "\n").map { try OracleCase(JSONValue(parsing: String($0))) }
        let wanted = cases.filter { kinds.isEmpty || kinds.contains($0.kind) }
        try #require(!wanted.isEmpty)
        return wanted
    }

    private init(_ json: JSONValue) throws {
        id = try #require(json["id"]?.string)
        kind = try #require(json["kind"]?.string)
        input = try #require(json["input"])
        expected = try #require(json["expected"]?.object)
        tolerance = json["tolerance"]
    }

    private static func contents(of path: String) throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Checks every member of `expected` but those for people against what came out.
    func check(_ actual: [String: JSONValue], except: Set<String> = []) {
        for (name, value) in expected.members where !["reason", "method", "why", "message"].contains(name) {
            guard !except.contains(name) else { continue }
            guard let other = actual[name] else {
                Issue.record("\(id): nothing was compared with \"\(name)\"")
                continue
            }
            let limits = tolerance?[name] ?? tolerance?["*"]
            let absolute = limits?.array?[0].double ?? 1e-12
            let relative = limits?.array?[1].double ?? 1e-9
            if !matches(other, value, absolute, relative) {
                Issue.record("\(id) \(name): \(other.text) instead of \(value.text)")
            }
        }
    }

    private func matches(_ actual: JSONValue, _ expected: JSONValue, _ absolute: Double, _ relative: Double) -> Bool {
        if let a = actual.double, let e = expected.double {
            return (a - e).magnitude <= absolute + relative * e.magnitude
        }
        if let a = actual.array, let e = expected.array {
            return a.count == e.count && zip(a, e).allSatisfy { matches($0, $1, absolute, relative) }
        }
        if let a = actual.object, let e = expected.object {
            return a.members.count == e.members.count
                && e.members.allSatisfy { name, value in
                    a[name].map { matches($0, value, absolute, relative) } ?? false
                }
        }
        return actual == expected
    }
}

extension JSONValue {
    var double: Double? { number?.double }

    /// The numbers of an array; what is null is left out.
    var doubles: [Double] { array?.compactMap(\.double) ?? [] }
    var integer: Int { number.map { Int($0.double) } ?? 0 }
    var strings: [String] { array?.compactMap(\.string) ?? [] }

    init(optional value: Double?) { self = value.map { JSONValue($0) } ?? .null }
}
