/// A text of a model that may think in it before it answers, taken apart.
///
/// Which text is thinking:
/// - of one that begins with an opening mark (`<think>`), everything up to the last closing mark of its kind; where none
///   is there, everything: the model was cut off while it thought.
/// - of any other, everything up to the last closing mark, as many chat templates write the opening mark themselves, so
///   that it is part of the prompt.
/// - of gpt-oss's harmony format, where a server leaves it in the text, all that is not in the channel `final`.
package struct ThinkingText: Equatable {
    package var answer: String
    /// Nil where there was none.
    package var thinking: String?

    /// What encloses thinking.
    private struct Pair {
        var opening: String
        var closing: String
    }

    /// The marks of models in use: DeepSeek R1, Qwen and most others; those that prompts ask for; EXAONE; Magistral;
    /// Seed-OSS; Kimi; Cohere; Gemma.
    private static let usualPairs = [
        Pair(opening: "<think>", closing: "</think>"), Pair(opening: "<thinking>", closing: "</thinking>"),
        Pair(opening: "<thought>", closing: "</thought>"), Pair(opening: "[THINK]", closing: "[/THINK]"),
        Pair(opening: "<seed:think>", closing: "</seed:think>"), Pair(opening: "◁think▷", closing: "◁/think▷"),
        Pair(opening: "<|START_THINKING|>", closing: "<|END_THINKING|>"),
        Pair(opening: "<|channel>thought", closing: "<channel|>"),
    ]

    /// - Parameter isCutOff: whether the text ends because of a limit on its length.
    package init(_ text: String, marks: ReasoningSettings.Marks, isCutOff: Bool) {
        answer = text
        switch marks {
        case .none: return
        case .usual:
            if let harmony = HarmonyText(text) {
                (answer, thinking) = (harmony.answer, harmony.thinking)
            } else {
                split(by: Self.usualPairs)
            }
        case .closing(let closings):
            let pairs = closings.map { Pair(opening: Self.opening(of: $0), closing: $0) }
            split(by: pairs)
            let isClosed = pairs.contains { text.utf8.range(ofLast: $0.closing) != nil }
            if isCutOff, !isClosed { (answer, thinking) = ("", text.nonBlank) }
        }
    }

    private mutating func split(by pairs: [Pair]) {
        let bytes = answer.utf8
        let opened = pairs.first { bytes.dropSpace.starts(with: $0.opening) }
        let ends = (opened.map { [$0] } ?? pairs).compactMap { bytes.range(ofLast: $0.closing) }
        guard let end = ends.max(by: { $0.upperBound < $1.upperBound }) else {
            if let opened {
                (answer, thinking) = ("", String(bytes.dropSpace.dropFirst(opened.opening.utf8.count))?.nonBlank)
            }
            return
        }
        var before = bytes[..<end.lowerBound].dropSpace
        if let opened { before = before.dropFirst(opened.opening.utf8.count) }
        var rest = ThinkingText(answer: String(bytes[end.upperBound...].dropSpace) ?? "")
        // It began to think again, and did not come to an end.
        if pairs.contains(where: { rest.answer.utf8[...].starts(with: $0.opening) }) { rest.split(by: pairs) }
        let thoughts = [String(before)?.nonBlank, rest.thinking].compactMap(\.self)
        (answer, thinking) = (rest.answer, thoughts.isEmpty ? nil : thoughts.joined(separator: "\n\n"))
    }

    private init(answer: String) { self.answer = answer }

    /// `<think>` of `</think>`; empty for a mark of another form.
    private static func opening(of closing: String) -> String {
        guard let slash = closing.firstIndex(of: "/") else { return "" }
        return String(closing[..<slash] + closing[closing.index(after: slash)...])
    }
}

extension String {
    /// The text without white space around it; nil if nothing else is there.
    var nonBlank: String? {
        let start = utf8.dropSpace
        var end = start.endIndex
        while end > start.startIndex, start[start.index(before: end)].isSpace { end = start.index(before: end) }
        return start.startIndex == end ? nil : String(start[..<end])
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
    fileprivate var lowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}

extension String.UTF8View {
    fileprivate var dropSpace: Substring.UTF8View { self[...].dropSpace }

    /// Where a mark stands last, in whatever case its ASCII letters are.
    fileprivate func range(ofLast mark: String) -> Range<Index>? {
        let mark = mark.utf8.map(\.lowercased)
        guard let first = mark.first else { return nil }
        var start = endIndex
        while start > startIndex {
            start = index(before: start)
            guard self[start].lowercased == first else { continue }
            var end = start
            var matched = 0
            while matched < mark.count, end < endIndex, self[end].lowercased == mark[matched] {
                end = index(after: end)
                matched += 1
            }
            if matched == mark.count { return start..<end }
        }
        return nil
    }
}

extension Substring.UTF8View {
    fileprivate var dropSpace: Substring.UTF8View { drop(while: \.isSpace) }

    fileprivate func starts(with mark: String) -> Bool {
        !mark.isEmpty && prefix(mark.utf8.count).map(\.lowercased).elementsEqual(mark.utf8.map(\.lowercased))
    }
}
