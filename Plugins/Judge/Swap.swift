import JSON
import ScorerKit
import ScorerParameters

/// A pair of answers that a judge is shown in both orders, since judges prefer a place.
struct Swap: Sendable, Equatable {
    /// The places, among the prompt's columns, of the two answers that change theirs.
    var columns: (Int, Int)
    /// The verdicts that the first shown is better, that the second is, and that neither is.
    var verdicts: (first: String, second: String, tie: String)

    static func == (one: Swap, other: Swap) -> Bool { one.columns == other.columns && one.verdicts == other.verdicts }

    /// Reads the parameters; nil for a judge that is asked in one order.
    init?(_ parameters: inout Configuration, _ columns: [String]) throws(ParameterRejection) {
        let name = "swap"
        let value = parameters.value(name)
        let verdicts = try parameters.texts("swap_verdicts", canBeEmpty: false)
        var names = ["generated_answer", "baseline_answer"]
        switch value {
        case nil, .null, .bool(false):
            if verdicts != nil {
                throw ParameterRejection(of: "swap_verdicts", "needs \"swap\": true")
            }
            return nil
        case .bool(true): break
        default:
            let texts = (value?.array ?? []).compactMap(\.string)
            guard texts.count == 2, value?.array?.count == 2, texts[0] != texts[1] else {
                throw ParameterRejection(
                    of: name, "expected true, or the columns of the two answers: [\"answer_a\", \"answer_b\"]")
            }
            names = texts
        }
        let places = names.compactMap { columns.firstIndex(of: $0) }
        guard places.count == 2 else {
            let missing = names.first { !columns.contains($0) } ?? ""
            throw ParameterRejection(
                of: name,
                "shows \(quoted(names[0])) and \(quoted(names[1])) in both orders, but prompt_template does not name "
                    + "{\(missing)}")
        }
        self.columns = (places[0], places[1])
        guard !["number", "boolean"].contains(parameters.returnType) else {
            throw ParameterRejection(
                of: name, "needs verdicts that are texts, but return_type is \(quoted(parameters.returnType))")
        }
        let texts = verdicts ?? ["A", "B", "tie"]
        guard texts.count == 3, Set(texts).count == 3 else {
            throw ParameterRejection(
                of: "swap_verdicts",
                "expected three different texts: the first answer is better, the second is, neither is")
        }
        self.verdicts = (texts[0], texts[1], texts[2])
    }

    /// The values of a prompt with the two answers in the other order.
    func exchanged<Value>(_ values: [Value]) -> [Value] {
        var values = values
        values.swapAt(columns.0, columns.1)
        return values
    }

    /// A verdict on the answers in the other order, named by the answer, not by its place.
    func named(_ verdict: Verdict) -> Verdict {
        switch verdict {
        case .score(.string(verdicts.first)): .score(.string(verdicts.second))
        case .score(.string(verdicts.second)): .score(.string(verdicts.first))
        default: verdict
        }
    }

    /// Both verdicts as one: what they agree on, else a tie (L. Zheng et al., "Judging LLM-as-a-judge", 2023). Without one of
    /// them there is none.
    func reduced(_ straight: Verdict, _ exchanged: Verdict) -> Verdict {
        for (verdict, order) in [(straight, "first answer first"), (exchanged, "second answer first")] {
            if case .unscored(let outcome, let message) = verdict { return .unscored(outcome, "\(order): \(message)") }
        }
        return straight == exchanged ? straight : .score(.string(verdicts.tie))
    }

    /// `["A", "tie"]`: who wins in each order; A is the answer of the first column. Null is no verdict.
    func json(_ straight: Verdict, _ exchanged: Verdict) -> JSONValue {
        func name(_ verdict: Verdict) -> JSONValue {
            switch verdict {
            case .score(.string(verdicts.first)): "A"
            case .score(.string(verdicts.second)): "B"
            case .score: "tie"
            case .unscored: .null
            }
        }
        return [name(straight), name(exchanged)]
    }
}
