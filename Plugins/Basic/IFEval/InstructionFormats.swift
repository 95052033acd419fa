/// The instructions on the form of an answer. Each check takes time in proportion to the length of the answer.
enum InstructionFormats {
    typealias Text = ArraySlice<UInt8>

    static func isFollowed(_ instruction: Instruction, by text: InstructionText) -> Bool {
        let answer = text.bytes[...]
        switch instruction {
        case .paragraphs(let number): return paragraphs(answer) == number
        case .firstWordOfParagraph(let paragraphs, let nth, let word):
            return startsParagraph(answer, paragraphs: paragraphs, nth: nth, word)
        case .placeholders(let number): return placeholders(answer) >= number
        case .bulletLists(let number):
            return bullets(answer, star) + bullets(answer, UInt8(ascii: "-")) == number
        case .highlightedSections(let number):
            return highlights(answer, stars: 1) + highlights(answer, stars: 2) >= number
        case .jsonFormat: return isJSON(answer)
        case .title: return answer.split(separator: lineFeed).contains(where: hasTitle)
        case .twoResponses: return hasTwoResponses(answer)
        default: return false
        }
    }

    private static let star = UInt8(ascii: "*")
    private static let lineFeed = UInt8(ascii: "\n")

    /// The parts between `***`; nil if one in the middle is blank.
    private static func paragraphs(_ text: Text) -> Int? {
        let parts = text.pieces(between: "***")
        var count = parts.count
        for (index, part) in parts.enumerated() where part.isBlank {
            guard index == 0 || index == parts.count - 1 else { return nil }
            count -= 1
        }
        return count
    }

    private static func startsParagraph(_ text: Text, paragraphs: Int, nth: Int, _ word: String) -> Bool {
        let parts = text.pieces(between: "\n\n")
        guard parts.count(where: { !$0.isBlank }) == paragraphs, nth <= paragraphs else { return false }
        let part = String(decoding: parts[nth - 1].trimmed, as: UTF8.self).unicodeScalars
        guard !part.isEmpty else { return false }
        var first = part.prefix { !$0.isWhiteSpace }
        while first.first == "'" { first = first.dropFirst() }
        while first.first == "\"" { first = first.dropFirst() }
        // Python lower-cases it letter by letter.
        let letters = first.prefix { !".,?!'\"".unicodeScalars.contains($0) }
        let lowered = letters.map { $0.properties.lowercaseMapping }.joined()
        return Array(lowered.utf8) == Array(word.utf8).span.lowercased
    }

    /// Brackets that close in their line.
    private static func placeholders(_ text: Text) -> Int {
        var (count, isOpen) = (0, false)
        for byte in text {
            switch byte {
            case UInt8(ascii: "["): isOpen = true
            case lineFeed: isOpen = false
            case UInt8(ascii: "]"):
                if isOpen { count += 1 }
                isOpen = false
            default: break
            }
        }
        return count
    }

    /// Lines that begin, after white space, with a mark; after a star, another character than a star must follow.
    private static func bullets(_ text: Text, _ mark: UInt8) -> Int {
        var count = 0
        var place = text.startIndex
        while place < text.endIndex {
            // White space may include empty lines.
            let span = text.span
            while place < text.endIndex {
                let decoded = span.scalar(at: place - text.startIndex)
                guard decoded.scalar.isWhiteSpace else { break }
                place += decoded.length
            }
            guard place < text.endIndex else { break }
            if text[place] == mark, mark != star || (place + 1 < text.endIndex && text[place + 1] != star) {
                count += 1
                // The character after a star may be the line's end; then the next line belongs to it.
                place += mark == star ? 2 : 1
            }
            while place < text.endIndex, text[place] != lineFeed { place += 1 }
            place += 1
        }
        return count
    }

    /// Texts in a line between one or two stars that are not blank.
    private static func highlights(_ text: Text, stars: Int) -> Int {
        var count = 0
        var place = text.startIndex
        func isMark(_ place: Int) -> Bool {
            place + stars <= text.endIndex && text[place] == star && text[place + stars - 1] == star
        }
        while place < text.endIndex {
            guard isMark(place) else {
                place += 1
                continue
            }
            let start = place + stars
            var end = start
            while end < text.endIndex, text[end] != star, text[end] != lineFeed { end += 1 }
            if isMark(end) {
                if !text[start..<end].isBlank { count += 1 }
                place = end + stars
            } else {
                // Two stars may begin with the second of three.
                place = stars == 2 && end == start ? place + 1 : max(end, place + 1)
            }
        }
        return count
    }

    /// Whether a line has `<<…>>` with something between.
    private static func hasTitle(_ line: Text) -> Bool {
        let (open, close) = (UInt8(ascii: "<"), UInt8(ascii: ">"))
        guard
            let last = line.indices.last(where: { $0 > line.startIndex && line[$0] == close && line[$0 - 1] == close }),
            let first = line.indices.first(where: { $0 + 1 < line.endIndex && line[$0] == open && line[$0 + 1] == open }
            ),
            last - first >= 4
        else { return false }
        var title = line[first...last]
        while title.first == open { title = title.dropFirst() }
        while title.last == close { title = title.dropLast() }
        return !title.isBlank
    }

    private static func hasTwoResponses(_ text: Text) -> Bool {
        let parts = text.pieces(between: "******")
        var responses: [Text] = []
        for (index, part) in parts.enumerated() {
            if !part.isBlank {
                responses.append(part.trimmed)
            } else if index != 0 && index != parts.count - 1 {
                return false
            }
        }
        return responses.count == 2 && !responses[0].elementsEqual(responses[1])
    }

    private static func isJSON(_ text: Text) -> Bool {
        var json = text.trimmed
        for fence in ["```json", "```Json", "```JSON", "```"] { json = json.dropping(prefix: fence) }
        return PythonJSON.isValid(json.dropping(suffix: "```").trimmed)
    }
}
