/// Reads which option an answer states.
///
/// Statements are looked for from left to right, and the last one counts, since people and models think aloud first:
/// - a label such as "answer", in some fifty languages, a colon or a form of "to be", and a letter; a letter in `\boxed{}`;
/// - a letter that "is correct", is chosen ("I would go with B"), or ends a sentence that concludes ("So B.");
/// - a line that is a letter.
/// A statement in the negative, a question, a condition, or an article ("The answer is a prime number") does not count. If there
/// is no statement, a guess ("could be B") counts, then a letter that begins the first or last line as in a list
/// (`B) Paris`), then the only letter in brackets, as long as there is no other letter of that kind.
///
/// Takes time in proportion to the length of the text.
struct ChoiceReader {
    enum Reading: Equatable {
        /// The place of the option, from 0 on.
        case option(Int)
        /// The answer states more than one.
        case several
        case nothing
    }

    let tokens: [ChoiceToken]
    /// How many options there are.
    let count: Int
    /// Whether options are called 1, 2, 3, and not A, B, C.
    var hasNumbers = false
    /// The options' own words, where they are known.
    var options: [[ChoiceToken]] = []
    let isInCyrillicOrder: Bool

    /// Words of an option that are compared; more would let the time grow with the product of the lengths.
    static let longestOption = 100
    /// Tokens between a label and the answer.
    private static let longestGap = 12

    /// - Parameter isInCyrillicOrder: whether the options are А, Б, В, Г, as `showsCyrillicOrder` can tell.
    init(
        _ tokens: [ChoiceToken], count: Int, hasNumbers: Bool = false, options: [[ChoiceToken]] = [],
        isInCyrillicOrder: Bool = false
    ) {
        self.tokens = tokens.last?.kind == .lineEnd ? tokens.dropLast() : tokens
        self.count = count
        self.hasNumbers = hasNumbers
        self.options = options.map { Array($0.prefix(Self.longestOption)) }
        self.isInCyrillicOrder = isInCyrillicOrder
    }

    /// Whether a letter among some tokens shows that options are in the order of the Cyrillic alphabet.
    static func showsCyrillicOrder(_ tokens: [ChoiceToken]) -> Bool {
        tokens.contains { $0.letter.map(ChoiceLetters.showsCyrillicOrder) ?? false }
    }

    func read() -> Reading {
        var statement: Reading?
        var guess: Reading?
        for index in tokens.indices {
            guard let found = statementAt(index) else { continue }
            if found.isGuess { guess = found.reading } else { statement = found.reading }
        }
        return statement ?? guess ?? unstated()
    }

    // MARK: Statements

    struct Statement {
        var reading: Reading
        var isGuess = false
    }

    private func statementAt(_ index: Int) -> Statement? {
        let token = tokens[index]
        if token.kind == .mark {
            if token.text == ChoiceTokens.box { return answer(behind: index, isStated: true) }
            if token.text == "→", let reading = conclusion(behind: index) { return Statement(reading: reading) }
            return nil
        }
        guard token.kind == .word else { return nil }
        if let place = place(at: index) {
            if isLine(index) { return Statement(reading: .option(place)) }
            if isCalledCorrect(index) {
                let verb = tokens[skippingMarks(index + 1)].text
                return Statement(reading: ChoiceWords.plurals.contains(verb) ? .several : reading(of: place, at: index))
            }
            if let reading = answerOfExchange(at: index) { return Statement(reading: reading) }
        }
        if !options.isEmpty, isAtLineStart(index), let option = optionText(at: index), isAtLineEnd(option.end) {
            return Statement(reading: .option(option.place))
        }
        if isLabel(index) {
            return isTakenBack(before: index) ? nil : answer(behind: index, isStated: false)
        }
        if isChoosing(index) {
            return isTakenBack(before: index) ? nil : answer(behind: index, isStated: true)
        }
        if ChoiceWords.concluding.contains(token.text), let reading = conclusion(behind: index) {
            return Statement(reading: reading)
        }
        return nil
    }

    private func isLabel(_ index: Int) -> Bool {
        let text = tokens[index].text
        if ChoiceWords.labels.contains(text) { return true }
        guard text.utf8.count <= 60, text.utf8.first.map({ $0 >= 0x80 }) ?? false,
            ChoiceWords.spacelessLabels.contains(where: text.contains)
        else { return false }
        return !ChoiceWords.spacelessNegations.contains(where: text.contains)
    }

    private func isChoosing(_ index: Int) -> Bool {
        let text = tokens[index].text
        if ChoiceWords.choosing.contains(text) { return true }
        if index > 0, ChoiceWords.choosingPairs.contains("\(tokens[index - 1].text) \(text)") { return true }
        guard text.utf8.count <= 60, text.utf8.first.map({ $0 >= 0x80 }) ?? false,
            ChoiceWords.spacelessChoosing.contains(where: text.contains)
        else { return false }
        return !(ChoiceWords.spacelessNegations + ChoiceWords.spacelessOthers).contains(where: text.contains)
    }

    /// Whether the clause before a statement denies it or makes it a condition.
    private func isTakenBack(before index: Int) -> Bool {
        for place in (max(0, index - 6)..<index).reversed() {
            let token = tokens[place]
            if token.kind == .lineEnd || token.kind == .mark && ".!?,:".contains(token.text) { return false }
            if ChoiceWords.clauseStarts.contains(token.text) { return false }
            if ChoiceWords.takingBack.contains(token.text) {
                return !(place > 0 && ["no", "without", "a"].contains(tokens[place - 1].text) && token.text == "doubt")
            }
        }
        return false
    }

    /// The answer behind a label or what chooses.
    ///
    /// - Parameter isStated: whether it needs no colon or form of "to be" to be one.
    private func answer(behind label: Int, isStated: Bool) -> Statement? {
        var isStated = isStated || tokens[label].utf8EndsWithCopula
        var isGuess = false
        var hasColon = tokens[label].text == ChoiceTokens.box
        var index = label + 1
        while index < tokens.count, index - label <= Self.longestGap {
            let token = tokens[index]
            if isStated, let option = optionText(at: index) {
                return Statement(reading: reading(of: option.place, at: option.end - 1), isGuess: isGuess)
            }
            if let place = place(at: index), isAnswer(index, behindColon: hasColon, isStated: isStated) {
                return Statement(reading: reading(of: place, at: index), isGuess: isGuess)
            }
            switch token.kind {
            case .lineEnd:
                isStated = true
            case .mark:
                switch token.text {
                case ":", "=": (isStated, hasColon) = (true, true)
                case "-", "→": isStated = true
                case "(", ")", ChoiceTokens.boxEnd, ChoiceTokens.box: break
                default: return nil
                }
            case .word:
                // An answer of its own is to come.
                if index > label + 1, isLabel(index), !ChoiceWords.fillers.contains(token.text) { return nil }
                if ChoiceWords.negations.contains(token.text) { return nil }
                if ChoiceWords.hedges.contains(token.text) {
                    isGuess = true
                } else if ChoiceWords.copulas.contains(token.text) {
                    isStated = true
                } else if !ChoiceWords.fillers.contains(token.text) && !isSpacelessCopula(token.text) {
                    return nil
                }
            }
            index += 1
        }
        return nil
    }

    private func isSpacelessCopula(_ text: String) -> Bool { ["是", "为", "為", "は", "คือ", "는", "은"].contains(text) }

    /// "Q: … A: B", as in prompts with examples.
    private func answerOfExchange(at index: Int) -> Reading? {
        guard tokens[index].text == "a", tokens[index].isUpperCase, isAtLineStart(index), index + 2 < tokens.count,
            tokens[index + 1].isMark(":")
        else { return nil }
        let answer = tokens[index + 2].isMark("(") ? index + 3 : index + 2
        guard answer < tokens.count, let place = place(at: answer), isAtLineEnd(skippingMarks(answer + 1)) else {
            return nil
        }
        return .option(place)
    }

    /// "So B.": the letter ends its sentence.
    private func conclusion(behind index: Int) -> Reading? {
        var place = index + 1
        while place < tokens.count, place - index < 5,
            tokens[place].isMark(",") || tokens[place].isMark(":")
                || tokens[place].isMark("(")
                || tokens[place].kind == .word && ChoiceWords.fillers.contains(tokens[place].text)
                    && self.place(at: place) == nil
                || tokens[place].text == "no"
        {
            place += 1
        }
        guard place < tokens.count, let option = self.place(at: place) else { return nil }
        var end = place + 1
        while end < tokens.count, tokens[end].isMark(")") || tokens[end].isMark(ChoiceTokens.boxEnd) { end += 1 }
        guard end == tokens.count || tokens[end].kind == .lineEnd || tokens[end].isMark(".") || tokens[end].isMark("!")
        else {
            return nil
        }
        if tokens[place].letter == "I", !tokens[place].isEnclosed { return nil }
        return reading(of: option, at: place)
    }

    /// "B is correct", "B is the best answer", "B 是正确的".
    private func isCalledCorrect(_ index: Int) -> Bool {
        var place = skippingMarks(index + 1)
        guard place < tokens.count, tokens[place].kind == .word else { return false }
        let next = tokens[place].text
        if next.utf8.first.map({ $0 >= 0x80 }) ?? false, next.utf8.count <= 60,
            ChoiceWords.spacelessPositives.contains(where: next.contains),
            !ChoiceWords.spacelessNegations.contains(where: next.contains)
        {
            return true
        }
        guard ChoiceWords.copulas.contains(next), tokens[index].isUpperCase || tokens[index].isEnclosed else {
            return false
        }
        place += 1
        let end = min(tokens.count, place + 5)
        while place < end, tokens[place].kind == .word {
            let word = tokens[place].text
            if ChoiceWords.negations.contains(word) || ChoiceWords.negatives.contains(word) { return false }
            if ChoiceWords.hedges.contains(word) { return false }
            let behind = place + 1 < tokens.count ? tokens[place + 1].text : ""
            // "B is the best known of them" says nothing.
            let isComplete = word != "best" || place + 1 >= tokens.count || tokens[place + 1].kind != .word
            if ChoiceWords.positives.contains(word), isComplete {
                return behind != "?" && behind != "if" && !isTakenBack(before: index)
            }
            guard ChoiceWords.fillers.contains(word) || word == "also" else { return false }
            place += 1
        }
        return false
    }
}

extension ChoiceToken {
    /// Whether a label of a script without spaces ends in "is": 答案是.
    fileprivate var utf8EndsWithCopula: Bool {
        ["是", "为", "為", "は", "คือ", "은", "는", "选", "選"].contains { text.hasSuffix($0) }
    }
}
