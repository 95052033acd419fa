import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// One of several scores that a judge gives in one reply.
struct ScoreField: Sendable {
    /// What results call it.
    var name: String
    var description: String?
    var reader: ScoreReader
    /// Its weight in the mean.
    var weight: Double
    /// Where it stands in the configuration.
    var pointer: JSONPointer

    /// The member of the reply that it is, if that is named directly and not by a path.
    var member: String? { reader.field.flatMap { $0.hasPrefix("/") ? nil : $0 } }

    /// Its line in a prompt, with the labels of its rubric below it; nil if there is nothing to say.
    var text: String? {
        var lines = description.map { "\(name): \($0)" }
        if case .rubric(let rubric) = reader.type { lines = (lines ?? "\(name):") + "\n" + rubric.text }
        return lines
    }
}

/// The scores that a judge gives in one reply, and which of them is the row's score.
struct ScoreFields: Sendable {
    let fields: [ScoreField]
    /// The index of the field that is the score; nil for their mean.
    let main: Int?

    /// Scores of one reply.
    static let most = 50

    /// The names of a judge's other outputs, and of what results have beside them.
    private static let reserved: Set<String> = [
        "score", "weight", "judge_feedback", "reasoning", "spread", "votes", "orders", "probabilities", "outcome",
        "message",
        "row", "scores",
    ]

    /// Reads `score_fields` and, with it, `score_field`; nil for a judge with one score.
    init?(_ parameters: inout Configuration, occurrence: ScoreReader.Occurrence) throws(ParameterRejection) {
        let name = "score_fields"
        guard let given = parameters.value(name) else { return nil }
        let pointer = JSONPointer("/params/\(name)")
        guard let elements = given.array, !elements.isEmpty else {
            throw ParameterRejection(
                of: name,
                "found \(given == [] ? "no element" : given.kind); expected an array of names, or of objects such as "
                    + "{\"name\": \"fluency\", \"range\": [1, 5]}")
        }
        if elements.count > Self.most {
            throw ParameterRejection(of: name, "has \(elements.count) scores; a reply may have \(Self.most)")
        }
        var fields: [ScoreField] = []
        for (index, element) in elements.enumerated() {
            let field = try Self.field(element, at: pointer.appending(index), occurrence, &parameters)
            if fields.contains(where: { $0.name == field.name }) {
                throw ParameterRejection(
                    pointer: pointer.appending(index).description,
                    "found \(quoted(field.name)) again; expected each score once")
            }
            fields.append(field)
        }
        self.fields = fields
        main = try Self.main(of: fields, &parameters)
    }

    private static func main(
        of fields: [ScoreField], _ parameters: inout Configuration
    ) throws(ParameterRejection) -> Int? {
        if let main = try parameters.text("score_field", canBeEmpty: false) {
            guard let index = fields.firstIndex(where: { $0.name == main }) else {
                throw ParameterRejection(
                    of: "score_field",
                    "found \(quoted(main)); expected one of the scores in score_fields: "
                        + fields.map { quoted($0.name) }.joined(separator: ", "))
            }
            return index
        }
        if let text = fields.first(where: { !$0.hasNumber }) {
            throw ParameterRejection(
                pointer: text.pointer.description,
                "\(quoted(text.name)) is not a number, so the scores have no mean; name the one that is the score with "
                    + "score_field")
        }
        if parameters.returnType != "number" {
            throw ParameterRejection(
                of: "score_fields",
                "their mean is a number, but return_type is \(quoted(parameters.returnType)); name the one that is the score "
                    + "with score_field")
        }
        return nil
    }

    private static func field(
        _ json: JSONValue, at pointer: JSONPointer, _ occurrence: ScoreReader.Occurrence,
        _ parameters: inout Configuration
    ) throws(ParameterRejection) -> ScoreField {
        func rejection(_ member: String, _ message: String) -> ParameterRejection {
            ParameterRejection(pointer: pointer.appending(member).description, message)
        }
        let members: JSONObject
        switch json {
        case .string: members = ["name": json]
        case .object(let object): members = object
        default:
            throw ParameterRejection(pointer: pointer.description, "found \(json.kind); expected a name or an object")
        }
        let known = ["name", "member", "regexes", "type", "range", "rubric", "description", "weight"]
        for key in members.keys where !known.contains(key) {
            throw rejection(key, "an unknown member; expected \(known.joined(separator: ", "))")
        }
        func value(_ key: String) -> JSONValue? { members[key] == .null ? Optional.none : members[key] }
        func text(_ key: String) throws(ParameterRejection) -> String? {
            guard let value = value(key) else { return nil }
            guard let text = value.string, !text.isEmpty else {
                throw rejection(key, "found \(value.string == nil ? value.kind : "\"\""); expected a non-empty string")
            }
            return text
        }
        guard let name = try text("name") else {
            throw rejection("name", "found nothing; expected the name of the score")
        }
        let isPlain = name.unicodeScalars.allSatisfy { scalar in
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || "_-.".unicodeScalars.contains(scalar)
        }
        guard isPlain else {
            throw rejection(
                "name",
                "found \(quoted(name)); expected letters, digits, \"_\", \"-\" and \".\" only (member names the reply's)"
            )
        }
        if reserved.contains(name) {
            throw rejection("name", "found \(quoted(name)), which is a member of every result; expected another name")
        }
        var reader = ScoreReader(
            type: try type(value, name, at: pointer), field: try text("member") ?? name, patterns: PatternList([]),
            occurrence: occurrence)
        if let regexes = value("regexes") {
            if value("member") != nil {
                throw rejection("member", "is set together with regexes; expected one of them")
            }
            reader.field = nil
            reader.patterns = PatternList(try patterns(regexes, at: pointer.appending("regexes"), parameters))
            reader.source = "the regexes of \(quoted(name))"
        }
        var weight = 1.0
        if let given = value("weight") {
            guard let number = given.number, number > 0, number.isFinite else {
                throw rejection("weight", "found \(given.text.shortened); expected a number above 0")
            }
            weight = number
        }
        return ScoreField(
            name: name, description: try text("description"), reader: reader, weight: weight, pointer: pointer)
    }

    private static func type(
        _ value: (String) -> JSONValue?, _ name: String, at pointer: JSONPointer
    ) throws(ParameterRejection) -> ScoreType {
        let kind = value("type")
        if let rubric = value("rubric") {
            for other in ["type", "range"] where value(other) != nil {
                throw ParameterRejection(
                    pointer: pointer.appending(other).description, "is set by the rubric of \(quoted(name)); remove it")
            }
            return .rubric(try Rubric(rubric, at: pointer.appending("rubric"), needsNumbers: false))
        }
        var range: ClosedRange<Double>?
        if let given = value("range") {
            let ends = (given.array ?? []).compactMap(\.number)
            guard ends.count == 2, given.array?.count == 2, ends[0] < ends[1], ends.allSatisfy(\.isFinite) else {
                throw ParameterRejection(
                    pointer: pointer.appending("range").description,
                    "found \(given.text.shortened); expected two numbers, the lower one first: [LOW, HIGH]")
            }
            range = ends[0]...ends[1]
        }
        if kind == nil || kind == "number" { return .number(range) }
        if range != nil {
            throw ParameterRejection(
                pointer: pointer.appending("range").description, "applies to numbers only, but the type is another one")
        }
        switch kind {
        case "boolean": return .boolean
        case "string": return .text
        default:
            throw ParameterRejection(
                pointer: pointer.appending("type").description,
                "found \(kind?.text.shortened ?? ""); expected one of \"number\", \"boolean\", \"string\"")
        }
    }

    private static func patterns(
        _ json: JSONValue, at pointer: JSONPointer, _ parameters: Configuration
    ) throws(ParameterRejection) -> [Pattern] {
        guard let elements = json.array, !elements.isEmpty else {
            throw ParameterRejection(
                pointer: pointer.description,
                "found \(json == [] ? "no element" : json.kind); expected an array of strings")
        }
        var sources: [String] = []
        for (index, element) in elements.enumerated() {
            guard let source = element.string else {
                throw ParameterRejection(
                    pointer: pointer.appending(index).description, "found \(element.kind); expected a string")
            }
            sources.append(source)
        }
        var limits = PatternList.Limits()
        limits.count = parameters.limit("patterns", usual: limits.count)
        limits.length = parameters.limit("pattern_bytes", usual: limits.length)
        do throws(PatternListError) {
            return try PatternList.compile(sources, needsGroup: true, limits: limits)
        } catch {
            let place = error.index.map { pointer.appending($0) } ?? pointer
            throw ParameterRejection(pointer: place.description, error.message)
        }
    }

    // MARK: The score

    /// The type of the score.
    var type: ScoreType {
        if let main { return fields[main].reader.type }
        var (least, most, total) = (0.0, 0.0, 0.0)
        for field in fields {
            guard let range = field.range else { return .number(nil) }
            least += field.weight * range.lowerBound
            most += field.weight * range.upperBound
            total += field.weight
        }
        return .number(least / total < most / total ? least / total...most / total : nil)
    }

    /// The score of a row, from those of the fields: one of them, or their weighted mean.
    func score(_ verdicts: [Verdict]) -> Verdict {
        if let main { return named(verdicts[main], main) }
        var (sum, total) = (0.0, 0.0)
        for (index, verdict) in verdicts.enumerated() {
            guard case .score(let score) = verdict else { return named(verdict, index) }
            sum += fields[index].weight * (score == true ? 1 : score.number ?? 0)
            total += fields[index].weight
        }
        let mean = sum / total
        // Rounding must not lead outside the range.
        let range = type.range
        return .score(JSONValue(range.map { min(max(mean, $0.lowerBound), $0.upperBound) } ?? mean))
    }

    /// A verdict whose reason names the field.
    private func named(_ verdict: Verdict, _ index: Int) -> Verdict {
        guard case .unscored(.unparsed, let reason) = verdict else { return verdict }
        return .unscored(.unparsed, "\(fields[index].name): \(reason)")
    }

    /// What a reply must be, worded to follow "Reply again, with only".
    var expectation: String {
        let members = fields.filter { $0.reader.field != nil }
        guard members.count == fields.count else { return fields.map(\.reader.expectation).joined(separator: "; and ") }
        let list = fields.map { "\"\($0.reader.field ?? $0.name)\", \($0.reader.type.expectation)" }
        return "one JSON object with the members \(list.joined(separator: "; "))"
    }
}

extension ScoreField {
    /// Whether its scores are numbers, or true and false, which are 1 and 0.
    var hasNumber: Bool {
        switch reader.type {
        case .number, .boolean: true
        case .rubric(let rubric): rubric.isNumeric
        case .numberOrText, .text, .json: false
        }
    }

    fileprivate var range: ClosedRange<Double>? { reader.type == .boolean ? 0...1 : reader.type.range }
}
