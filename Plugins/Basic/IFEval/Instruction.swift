import JSON
import ScorerKit
import ScorerParameters

/// A verifiable instruction of IFEval (J. Zhou et al., Instruction-Following Evaluation for Large Language Models, 2023) with
/// its arguments.
enum Instruction {
    case existence([String])
    case frequency(String, Quantity)
    case forbiddenWords([String])
    case letterFrequency(String, Quantity)
    case language(String)
    case sentences(Quantity)
    case paragraphs(Int)
    case words(Quantity)
    case firstWordOfParagraph(paragraphs: Int, nth: Int, word: String)
    case placeholders(Int)
    case postscript(String)
    case bulletLists(Int)
    case constrainedResponse
    case highlightedSections(Int)
    case multipleSections(String, Int)
    case jsonFormat
    case title
    case twoResponses
    case repeatPrompt(String)
    case endChecker(String)
    case quotation
    case capitalWords(Quantity)
    case englishCapital
    case englishLowercase
    case noComma

    /// A number that something is compared with.
    struct Quantity {
        var isLessThan: Bool
        var number: Int

        func holds(_ count: Int) -> Bool { isLessThan ? count < number : count >= number }
    }
}

extension Instruction {
    /// How often it looks at the whole answer.
    var passes: Int {
        switch self {
        case .existence(let keywords), .forbiddenWords(let keywords): keywords.count
        // Words are split by a dozen rules.
        case .capitalWords: 16
        default: 1
        }
    }
}

// MARK: - Reading

extension Instruction {
    /// Reads an instruction and its arguments, of which those that are null are left out.
    init(_ id: String, _ kwargs: JSONValue) throws(RowFault) {
        var arguments = try InstructionArguments(id, kwargs)
        switch id {
        case "keywords:existence": self = .existence(try arguments.texts("keywords"))
        case "keywords:frequency":
            let keyword = try arguments.text("keyword", canBeEmpty: false)
            self = .frequency(keyword, try arguments.quantity("frequency"))
        case "keywords:forbidden_words": self = .forbiddenWords(try arguments.texts("forbidden_words"))
        case "keywords:letter_frequency":
            let letter = try arguments.text("letter")
            guard letter.unicodeScalars.count == 1 else { throw arguments.fault("letter", "one character") }
            self = .letterFrequency(letter, try arguments.quantity("let_frequency", relation: "let_relation"))
        case "language:response_language":
            let language = try arguments.text("language")
            guard LanguageDetector.knows(language) else {
                throw arguments.fault("language", "a code such as \"en\", of the languages that can be detected")
            }
            self = .language(language)
        case "length_constraints:number_sentences": self = .sentences(try arguments.quantity("num_sentences"))
        case "length_constraints:number_paragraphs": self = .paragraphs(try arguments.number("num_paragraphs"))
        case "length_constraints:number_words": self = .words(try arguments.quantity("num_words"))
        case "length_constraints:nth_paragraph_first_word":
            let (paragraphs, nth) = (try arguments.number("num_paragraphs"), try arguments.number("nth_paragraph"))
            guard nth >= 1, nth <= paragraphs else {
                throw arguments.fault("nth_paragraph", "a number from 1 to num_paragraphs")
            }
            self = .firstWordOfParagraph(paragraphs: paragraphs, nth: nth, word: try arguments.text("first_word"))
        case "detectable_content:number_placeholders": self = .placeholders(try arguments.number("num_placeholders"))
        case "detectable_content:postscript": self = .postscript(try arguments.text("postscript_marker"))
        case "detectable_format:number_bullet_lists": self = .bulletLists(try arguments.number("num_bullets"))
        case "detectable_format:constrained_response": self = .constrainedResponse
        case "detectable_format:number_highlighted_sections":
            self = .highlightedSections(try arguments.number("num_highlights"))
        case "detectable_format:multiple_sections":
            self = .multipleSections(try arguments.text("section_spliter"), try arguments.number("num_sections"))
        case "detectable_format:json_format": self = .jsonFormat
        case "detectable_format:title": self = .title
        case "combination:two_responses": self = .twoResponses
        case "combination:repeat_prompt":
            self = .repeatPrompt(try arguments.text("prompt_to_repeat", canBeEmpty: false))
        case "startend:end_checker": self = .endChecker(try arguments.text("end_phrase"))
        case "startend:quotation": self = .quotation
        case "change_case:capital_word_frequency":
            self = .capitalWords(try arguments.quantity("capital_frequency", relation: "capital_relation"))
        case "change_case:english_capital": self = .englishCapital
        case "change_case:english_lowercase": self = .englishLowercase
        case "punctuation:no_comma": self = .noComma
        default:
            throw RowFault(.inputError, "instruction_id_list has the unknown instruction \"\(id.prefix(80))\"")
        }
        try arguments.finish()
    }
}

/// The arguments of one instruction, read one by one by name.
private struct InstructionArguments {
    private let id: String
    private let members: JSONObject
    private var known: Set<String> = []

    /// The most keywords that an instruction may have: a benchmark's have up to ten.
    private static let mostKeywords = 1000

    init(_ id: String, _ kwargs: JSONValue) throws(RowFault) {
        self.id = id
        switch kwargs {
        case .object(let members): self.members = members
        case .null: members = JSONObject()
        default: throw RowFault(.inputError, "kwargs holds \(kwargs.kind); expected one object for each instruction")
        }
    }

    func fault(_ name: String, _ expected: String) -> RowFault {
        let found = members[name].map { value in
            switch value {
            case .string(let text): "\"\(text.prefix(40))\""
            case .number(let number): String(number.text.prefix(40))
            default: value.kind
            }
        }
        let place = "\"\(name)\" in the kwargs of \(id)"
        guard let found, members[name] != .null else {
            return RowFault(.inputError, "\(place) is missing; expected \(expected)")
        }
        return RowFault(.inputError, "\(place) is \(found); expected \(expected)")
    }

    mutating func text(_ name: String, canBeEmpty: Bool = true) throws(RowFault) -> String {
        known.insert(name)
        guard let text = members[name]?.string, canBeEmpty || !text.isEmpty else {
            throw fault(name, canBeEmpty ? "a string" : "a non-empty string")
        }
        return text
    }

    mutating func texts(_ name: String) throws(RowFault) -> [String] {
        known.insert(name)
        guard let elements = members[name]?.array, !elements.isEmpty, elements.count <= Self.mostKeywords else {
            throw fault(name, "a list of 1 to \(Self.mostKeywords) strings")
        }
        var texts: [String] = []
        for element in elements {
            guard let text = element.string else { throw fault(name, "a list of strings") }
            texts.append(text)
        }
        return texts
    }

    /// A whole number, which may be written as 3.0.
    mutating func number(_ name: String) throws(RowFault) -> Int {
        known.insert(name)
        guard let number = members[name]?.number, let integer = number.int ?? Int(exactly: number.double), integer >= 0
        else { throw fault(name, "a whole number that is not negative") }
        return integer
    }

    mutating func quantity(_ name: String, relation: String = "relation") throws(RowFault) -> Instruction.Quantity {
        known.insert(relation)
        let isLessThan: Bool
        switch members[relation]?.string {
        case "less than", "<": isLessThan = true
        case "at least", ">=": isLessThan = false
        default: throw fault(relation, "\"less than\" or \"at least\"")
        }
        return Instruction.Quantity(isLessThan: isLessThan, number: try number(name))
    }

    func finish() throws(RowFault) {
        for (name, value) in members.members where !known.contains(name) && value != .null {
            throw RowFault(.inputError, "kwargs has \"\(name.prefix(80))\", which \(id) does not take")
        }
    }
}
