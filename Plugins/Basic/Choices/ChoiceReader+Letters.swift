extension ChoiceReader {
    /// The place of the option that a token names, if it names one.
    func place(at index: Int) -> Int? {
        let token = tokens[index]
        guard token.kind == .word else { return nil }
        let place: Int?
        if let named = token.place {
            place = named
        } else if hasNumbers {
            place = token.text.utf8.count <= 2 ? Int(token.text).map { $0 - 1 } : nil
        } else {
            place = token.letter.flatMap { ChoiceLetters.place(of: $0, inCyrillicOrder: isInCyrillicOrder) }
        }
        guard let place, place >= 0, place < count, !isPartOfWord(index) else { return nil }
        return place
    }

    /// Whether marks tie a letter to others: C++, C#, B-cell, B.C., 3.5.
    private func isPartOfWord(_ index: Int) -> Bool {
        if index > 0, !tokens[index].followsSpace, tokens[index - 1].kind == .mark {
            let mark = tokens[index - 1]
            let isTied = index > 1 && tokens[index - 2].kind == .word && !mark.followsSpace
            if isTied, [".", "-", "/", "&", "+"].contains(mark.text),
                tokens[index - 2].letter != nil || mark.text == "-"
            {
                return mark.text == "." || mark.text == "-"
            }
        }
        guard index + 1 < tokens.count, !tokens[index + 1].followsSpace, tokens[index + 1].kind == .mark else {
            return false
        }
        let mark = tokens[index + 1].text
        if mark == "+" || mark == "#" || mark == "^" || mark == "%" { return true }
        guard index + 2 < tokens.count, tokens[index + 2].kind == .word, !tokens[index + 2].followsSpace else {
            return false
        }
        // B.C., A.I.: a letter, a period and a letter.
        return mark == "-" || mark == "." && (tokens[index + 2].letter != nil || hasNumbers)
    }

    /// Whether a letter behind a label is the answer, and not an article or the beginning of a sentence.
    func isAnswer(_ index: Int, behindColon: Bool, isStated: Bool) -> Bool {
        let token = tokens[index]
        let end = skippingMarks(index + 1)
        let next = end < tokens.count ? tokens[end] : nil
        let isBracketed = token.isEnclosed || index + 1 < tokens.count && tokens[index + 1].isMark(")")
        // A question, or a letter that is immediately negated.
        if let next {
            if next.isMark("?") { return false }
            if next.kind == .word, isDenied(from: end) { return false }
        }
        if isBracketed { return true }
        if !isStated {
            // "Answer B": at the end of its line or sentence only.
            let isWholeLine = isAtLineStart(index - 1) && isAtLineEnd(index + 1)
            guard token.isUpperCase || token.place != nil || isWholeLine else { return false }
            return end >= tokens.count || isWholeLine || next?.kind == .lineEnd
                || next.map { ChoiceWords.completions.contains($0.text) } ?? false
        }
        guard let next, next.kind == .word, let letter = token.letter, letter.value < 0x80 else { return true }
        // A script without spaces goes on: 答えはAです.
        if next.text.utf8.first.map({ $0 >= 0xE0 }) ?? false { return true }
        if letter == "I" { return false }
        if ChoiceWords.reasons.contains(next.text) {
            return token.isUpperCase || !"AEOYU".unicodeScalars.contains(letter)
        }
        if letter == "A" { return token.isUpperCase && !behindColon }
        return token.isUpperCase
    }

    /// "B is not …", "B isn't", "B is wrong".
    private func isDenied(from index: Int) -> Bool {
        if ChoiceWords.negations.contains(tokens[index].text) { return true }
        guard ChoiceWords.copulas.contains(tokens[index].text), index + 1 < tokens.count else { return false }
        let next = tokens[index + 1].text
        return ChoiceWords.negations.contains(next) || ChoiceWords.negatives.contains(next)
    }

    /// The reading of a statement of an option: itself, unless another is named in the same breath, "B or C".
    func reading(of place: Int, at index: Int) -> Reading {
        var next = skippingMarks(index + 1)
        guard next < tokens.count else { return .option(place) }
        let joint = tokens[next]
        let isMark = joint.kind == .mark && [",", "/", "&", "|", "+"].contains(joint.text)
        guard isMark || joint.kind == .word && ChoiceWords.conjunctions.contains(joint.text) else {
            return .option(place)
        }
        next += 1
        if isMark, next < tokens.count, ChoiceWords.conjunctions.contains(tokens[next].text) { next += 1 }
        while next < tokens.count, tokens[next].isMark("(") || ChoiceWords.alternatives.contains(tokens[next].text) {
            next += 1
        }
        guard next < tokens.count, let other = self.place(at: next), other != place else { return .option(place) }
        let token = tokens[next]
        guard token.isUpperCase || token.isEnclosed || token.letter.map({ $0.value >= 0x80 }) ?? true else {
            return .option(place)
        }
        let end = skippingMarks(next + 1)
        // "A and B is wrong", "B, I think", "A, C being too small".
        if end < tokens.count, tokens[end].kind == .word {
            let isOr = joint.text != "and" && !isMark || tokens[end].text == "or" || tokens[end].text == "and"
            if !isOr { return .option(place) }
        }
        return .several
    }

    // MARK: Places in the text

    /// The first place from `index` on that is not a closing bracket.
    func skippingMarks(_ index: Int) -> Int {
        var place = index
        while place < tokens.count, place - index < 4,
            tokens[place].isMark(")") || tokens[place].isMark(ChoiceTokens.boxEnd)
        {
            place += 1
        }
        return place
    }

    func isAtLineStart(_ index: Int) -> Bool {
        var place = index - 1
        while place >= 0, index - place < 4,
            tokens[place].isMark("(") || tokens[place].isMark("-") || tokens[place].isMark("→")
        {
            place -= 1
        }
        return place < 0 || tokens[place].kind == .lineEnd
    }

    func isAtLineEnd(_ index: Int) -> Bool {
        var place = index
        while place < tokens.count, place - index < 4,
            [".", "!", ")", ChoiceTokens.boxEnd].contains(tokens[place].text)
        {
            place += 1
        }
        return place >= tokens.count || tokens[place].kind == .lineEnd
    }

    /// Whether a line has nothing but the option at `index`.
    func isLine(_ index: Int) -> Bool { isAtLineStart(index) && isAtLineEnd(index + 1) }

    // MARK: Answers without a statement

    /// What an answer says that states nothing.
    func unstated() -> Reading {
        if let reading = listed() { return reading }
        var places: Set<Int> = []
        for index in tokens.indices {
            guard let place = place(at: index) else { continue }
            let isBracketed =
                index > 0 && tokens[index - 1].isMark("(") && index + 1 < tokens.count && tokens[index + 1].isMark(")")
            if isBracketed || tokens[index].isEnclosed { places.insert(place) }
        }
        if let place = places.first { return places.count == 1 ? .option(place) : .several }
        return onlyOption()
    }

    /// A letter that begins a line as in a list, if it is the only one that does, and begins the first or the last line.
    private func listed() -> Reading? {
        var found: Int?
        var isAtEdge = false
        // "A:" may be the speaker of a dialogue, or short for "answer".
        var hasSpeaker = false
        let lastLine = (tokens.lastIndex { $0.kind == .lineEnd } ?? -1) + 1
        for index in tokens.indices where isAtLineStart(index) {
            guard let place = place(at: index), index + 1 < tokens.count else { continue }
            let token = tokens[index]
            let next = tokens[index + 1]
            if token.letter == "A", next.isMark(":") { hasSpeaker = true }
            let isFirst = index == 0 || index == 1 && tokens[0].isMark("(")
            let isItem =
                next.isMark(")") || next.isMark(".") || next.isMark(":") && token.letter != "A"
                || isFirst && (next.isMark(",") || next.isMark("-") && next.followsSpace || next.kind == .lineEnd)
            guard isItem, token.letter != "I" || next.isMark(")") || next.isMark(".") else { continue }
            guard token.isUpperCase || next.isMark(")") || token.letter != "A" else { continue }
            let behind = skippingMarks(index + 1)
            if behind < tokens.count, isDenied(from: behind) { continue }
            if reading(of: place, at: index) == .several { return .several }
            if let found, found != place { return .several }
            found = place
            if isFirst || index >= lastLine { isAtEdge = true }
        }
        guard let found, isAtEdge else { return nil }
        return hasSpeaker && found != 0 ? .several : .option(found)
    }

    // MARK: The options' own words

    /// The option whose words stand at a place, the longest of several; and the place behind them.
    func optionText(at index: Int) -> (place: Int, end: Int)? {
        var found: (place: Int, end: Int)?
        for (place, option) in options.enumerated() where !option.isEmpty && option.count <= tokens.count - index {
            guard option.count > (found.map { $0.end - index } ?? 0),
                option.indices.allSatisfy({ tokens[index + $0].text == option[$0].text })
            else { continue }
            found = (place, index + option.count)
        }
        return found
    }

    /// The only option whose words stand in the answer.
    private func onlyOption() -> Reading {
        var places: Set<Int> = []
        var index = 0
        while index < tokens.count {
            if let option = optionText(at: index) {
                places.insert(option.place)
                index = option.end
            } else {
                index += 1
            }
        }
        guard let place = places.first else { return .nothing }
        return places.count == 1 ? .option(place) : .several
    }
}
