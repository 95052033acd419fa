/// A place in a JSON value (RFC 6901): "" is the value itself, "/params/parsing_regexes/0" a part of it.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String = "") {
        self.description = description
    }

    public func appending(_ token: String) -> JSONPointer {
        var escaped = ""
        for scalar in token.unicodeScalars {
            switch scalar {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return JSONPointer(description + "/" + escaped)
    }

    public func appending(_ index: Int) -> JSONPointer {
        JSONPointer("\(description)/\(index)")
    }
}
