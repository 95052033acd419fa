import Concurrency
import JSON
import Logging

/// A request on its way through a handler.
struct HandlerContext: Sendable {
    var id: String
    /// The parts of the path that the route's template names, decoded.
    var parameters: [String: String]
    var query: [String: String]
    /// The body, if there is one, and `JSONParser.padding` zero bytes behind it.
    var bytes: [UInt8]
    /// The cookies of the request, as its headers have them.
    var cookies: [String]
    var credentials: Credentials
    var output: ResponseStream
    /// Is cancelled when the client goes away.
    var cancellation: Cancellation
    var logger: Logger
    /// What it takes of the memory of all requests.
    var hold: AdmissionHold

    /// Takes in bytes that stay in memory until the request is answered, such as those of the answer.
    func reserve(_ bytes: Int) throws(APIError) {
        guard hold.add(bytes: bytes) else {
            throw .busy(
                "the requests under way take all the memory that they may; try again soon, with fewer rows, or by a "
                    + "dataset and score-batch, which needs none")
        }
    }

    /// The identifier in the path.
    var identifier: String { parameters["id"] ?? "" }

    func body() throws(APIError) -> RequestBody { try RequestBody(padded: bytes) }

    /// A parameter of the query that is an integer.
    func integer(_ name: String, from least: Int) throws(APIError) -> Int? {
        guard let text = query[name], !text.isEmpty else { return nil }
        guard let number = Int(text), number >= least else {
            throw .invalid(
                "the parameter \(name) is \(quoted(text)); an integer from \(least) was expected",
                code: "invalid_parameter",
                at: name)
        }
        return number
    }
}

extension HandlerContext {
    /// A parameter of the query that is true or false; false where it is missing.
    func flag(_ name: String) throws(APIError) -> Bool {
        guard let text = query[name], !text.isEmpty else { return false }
        guard let value = ["true": true, "1": true, "false": false, "0": false][text.lowercased()] else {
            throw .invalid(
                "the parameter \(name) is \(quoted(text)); true or false was expected", code: "invalid_parameter",
                at: name)
        }
        return value
    }
}
