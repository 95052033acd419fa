import JSON
import Testing

@testable import Runs

@Suite("Requirements") struct RequirementTests {
    @Test("A requirement is read and checked as specified", arguments: try cases("require"))
    func readAndChecked(_ test: SpecifiedCase) throws {
        let text = try #require(test["input"]?["require"]?.string)
        let expected = try #require(test["expected"])
        guard expected["error"] == nil else {
            #expect(throws: Requirement.Fault.self) { try Requirement(text) }
            return
        }
        let requirement = try Requirement(text)
        if let parsed = expected["parsed"] {
            #expect(requirement.function == parsed["function"]?.string)
            #expect(requirement.value == parsed["value"]?.string)
            #expect(requirement.comparator.rawValue == parsed["operator"]?.string)
            #expect(requirement.threshold == parsed["threshold"]?.number?.double)
        }
        let results = test["input"]?["results"]?[requirement.function]
        let total = results?["total"]?.number?.double ?? 0
        let name = requirement.value.split(separator: ".").last.map(String.init) ?? ""
        var value = results?[name]?.number?.double
        if name == "unscored" { value = total - (results?["scored"]?.number?.double ?? 0) }
        if requirement.isPercent { value = value.map { $0 / total } }
        #expect(requirement.isMet(by: value) == expected["met"]?.bool)
    }

    @Test("Five percent is the number 0.05, exactly", arguments: [("5%", 0.05), ("0.1 %", 0.001), ("99%", 0.99)])
    func percent(_ text: String, _ value: Double) throws {
        #expect(try Requirement("f scored >= \(text.filter { $0 != " " })").threshold == value)
    }
}
