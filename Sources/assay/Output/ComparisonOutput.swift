import ArgumentParser
import JSON
import Runs

/// Runs what compares runs. Ends the program with status 5 if they do not belong together, and 1 if one cannot be read.
///
/// - Parameter onRefusal: is called before the program ends with status 5.
func comparing<Value>(
    onRefusal: (Refusal) throws -> Void = { _ in }, _ body: () throws -> Value
) throws -> Value {
    do {
        return try body()
    } catch let refusal as Refusal {
        try onRefusal(refusal)
        printError("assay: not compared: \(refusal)")
        throw ExitCode(5)
    } catch let error as RunError {
        throw Failure(error.message)
    }
}

/// The JSON of a comparison, with the requirements on it.
func comparisonJSON(_ json: JSONValue, _ checked: [CheckedRequirement]) -> String {
    var object = json.object ?? [:]
    if !checked.isEmpty { object["requirements"] = .array(checked.map(\.json)) }
    return JSONValue.object(object).prettyText + "\n"
}
