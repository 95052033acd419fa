import JSON
import ScorerKit
import ScorerParameters

/// 1.0 if the calls that a model wrote are right, as the Berkeley Function-Calling Leaderboard decides from their syntax.
struct BFCL: Scorer {
    static let declaration = ScorerDeclaration(
        id: "bfcl",
        description: "1.0 if the function calls in generated_answer are those of ground_truth, otherwise 0.0",
        inputs: [
            .required("generated_answer", .text, "what the model answered: calls, such as [f(x=1)]"),
            .required("id", .text, "the row's name, whose beginning is the category: simple, parallel, irrelevance …"),
            .optional("function", .json, "the descriptions of the functions: an array, or its text"),
            .optional("ground_truth", .json, "the calls: an array of {name: {parameter: [values]}}, or its text"),
            .optional("language", .text, "Python (default), Java or JavaScript"),
        ],
        outputs: [
            .verdict, .output("error_type", .text, "what is wrong with the calls, in BFCL's words, or null"),
        ],
        parametersSchema: noParameters)

    /// The most calls that a row may expect: a benchmark's expect up to eight or so.
    private static let mostCalls = 200

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        try Configuration(configuration).finish()
    }

    private struct Cells {
        let (answers, ids, functions, truths, languages): (Rows.Texts, Rows.Texts, Rows.Texts, Rows.Texts, Rows.Texts)

        init(_ rows: Rows) {
            (answers, ids, functions) = (rows.texts(0), rows.texts(1), rows.texts(2))
            (truths, languages) = (rows.texts(3), rows.texts(4))
        }
    }

    func score(_ rows: Rows, _ results: Results) {
        let cells = Cells(rows)
        var parser = JSONParser()
        var check = CancellationCheck(results)
        for row in 0..<rows.count {
            let size = cells.answers[row].count + cells.functions[row].count + cells.truths[row].count
            if check.stops(before: row, of: rows, reading: size) { break }
            do throws(RowFault) {
                try LongestText.check(cells.answers[row], cells.truths[row], most: LongestText.ofChoices)
                try LongestText.check(cells.functions[row], cells.truths[row], most: LongestText.ofChoices)
                let difference = try Self.difference(row, cells, &parser)
                results.emit(difference == nil ? 1 : 0, output: 0, row: row)
                if let difference { results.emit(difference, output: 1, row: row) }
            } catch {
                results.fail(row, error.outcome, error.message)
            }
        }
    }

    /// What is wrong with the calls of a row; nil if they are right.
    private static func difference(_ row: Int, _ cells: Cells, _ parser: inout JSONParser) throws(RowFault) -> String? {
        let language = try language(row, cells)
        let category = category(of: String(decoding: cells.ids[row], as: UTF8.self))
        let answer = String(decoding: cells.answers[row], as: UTF8.self)
        if category.contains("relevance") {
            let isCalled = callCount(answer, language) > 0
            if category.contains("irrelevance") { return isCalled ? "irrelevance_error:decoder_success" : nil }
            return isCalled ? nil : "relevance_error:decoder_failed"
        }
        let descriptions = try list(cells.functions, row, "function", &parser)
        let truths = try list(cells.truths, row, "ground_truth", &parser)
        guard truths.count <= mostCalls else {
            throw RowFault(.inputError, "ground_truth has more than \(mostCalls) calls")
        }
        guard !descriptions.isEmpty, !truths.isEmpty else {
            throw RowFault(.inputError, "\(descriptions.isEmpty ? "function" : "ground_truth") is empty")
        }
        var functions: [FunctionDescription] = []
        for description in descriptions { functions.append(try FunctionDescription(description)) }
        var possible: [PossibleCall] = []
        for truth in truths { possible.append(try PossibleCall(truth)) }
        guard let calls = calls(answer, language) else { return "ast_decoder:decoder_failed" }
        if category.contains("parallel") { return parallelDifference(calls, functions, possible, language) }
        if category.contains("multiple") {
            guard calls.count == possible.count else { return "multiple_function_checker:wrong_count" }
            return difference(calls[0], functions, possible[0], language)
        }
        guard calls.count == 1 else { return "simple_function_checker:wrong_count" }
        return CallComparison(description: functions[0], possible: possible[0], language: language).difference(calls[0])
    }

    /// Each possible call takes the first of the calls that is equal to it and not yet taken.
    private static func parallelDifference(
        _ calls: [WrittenCall], _ functions: [FunctionDescription], _ possible: [PossibleCall], _ language: CallLanguage
    ) -> String? {
        guard calls.count == possible.count else { return "parallel_function_checker_no_order:wrong_count" }
        var rest = calls
        for possible in possible {
            guard let match = rest.firstIndex(where: { difference($0, functions, possible, language) == nil }) else {
                return "parallel_function_checker_no_order:cannot_find_match"
            }
            rest.remove(at: match)
        }
        return nil
    }

    /// What is wrong with a call, by the description of the function that is to be called.
    private static func difference(
        _ call: WrittenCall, _ functions: [FunctionDescription], _ possible: PossibleCall, _ language: CallLanguage
    ) -> String? {
        guard let description = functions.first(where: { $0.name == possible.name }) else {
            return "function_description:not_found"
        }
        return CallComparison(description: description, possible: possible, language: language).difference(call)
    }

    // MARK: Calls

    private static func calls(_ answer: String, _ language: CallLanguage) -> [WrittenCall]? {
        if language == .python { return PythonCalls.calls(in: answer) }
        guard let source = SourceCall.call(in: answer, language) else { return nil }
        var call = WrittenCall(name: source.name)
        for (name, value) in source.arguments { call.arguments.set(name, to: .text(value)) }
        return [call]
    }

    private static func callCount(_ answer: String, _ language: CallLanguage) -> Int {
        calls(answer, language)?.count ?? 0
    }

    // MARK: Columns

    private static func language(_ row: Int, _ cells: Cells) throws(RowFault) -> CallLanguage {
        guard cells.languages.hasValue(row) else { return .python }
        let name = String(decoding: cells.languages[row], as: UTF8.self)
        guard let language = CallLanguage(rawValue: name) else {
            throw RowFault(.inputError, "language is \"\(name.prefix(40))\"; expected Python, Java or JavaScript")
        }
        return language
    }

    /// The name of a row without `_` and its number: "live_simple" of "live_simple_30-2-18".
    private static func category(of id: String) -> String {
        var end = id.unicodeScalars.endIndex
        for index in id.unicodeScalars.indices.reversed() {
            let scalar = id.unicodeScalars[index]
            guard scalar.isASCIIDigit || scalar == "-" || scalar == "_" else { break }
            end = index
        }
        return String(id.unicodeScalars[..<end])
    }

    private static func list(
        _ column: Rows.Texts, _ row: Int, _ name: String, _ parser: inout JSONParser
    ) throws(RowFault) -> [JSONValue] {
        guard column.hasValue(row) else { throw RowFault(.inputError, "\(name) is missing") }
        var value: JSONValue
        do throws(JSONError) {
            value = try parser.parse(column[row])
            if let text = value.string {
                value = try Array(text.utf8).span.withUnsafeBytes { bytes throws(JSONError) in try parser.parse(bytes) }
            }
        } catch {
            throw RowFault(.inputError, "in \(name), \(error)")
        }
        if case .object = value { return [value] }
        guard let elements = value.array else {
            throw RowFault(.inputError, "\(name) is \(value.kind); expected an array")
        }
        return elements
    }
}
