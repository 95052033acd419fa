/// Porter's stemmer with the extensions of NLTK (M. F. Porter, "An algorithm for suffix stripping", 1980), which rouge-score
/// uses. Words are in lower case.
struct PorterStemmer {
    private var word: Scalars

    /// The stem of a word.
    static func stem(_ word: Scalars) -> Scalars {
        if let irregular = irregularWords[word] { return irregular }
        if word.count <= 2 { return word }
        var stemmer = PorterStemmer(word: word)
        stemmer.removePlural()
        stemmer.removePast()
        stemmer.replaceFinalY()
        stemmer.shortenDoubleSuffix()
        stemmer.apply(thirdRules) { $0.measure > 0 }
        stemmer.removeLastSuffix()
        stemmer.removeFinalE()
        if stemmer.ends("ll"), Part(stemmer.word.dropLast()).measure > 1 { stemmer.word.removeLast() }
        return stemmer.word
    }

    private static let irregularWords: [Scalars: Scalars] = {
        let words = [
            "sky": ["sky", "skies"], "die": ["dying"], "lie": ["lying"], "tie": ["tying"], "news": ["news"],
            "inning": ["innings", "inning"], "outing": ["outings", "outing"], "canning": ["cannings", "canning"],
            "howe": ["howe"], "proceed": ["proceed"], "exceed": ["exceed"], "succeed": ["succeed"],
        ]
        var stems: [Scalars: Scalars] = [:]
        for (stem, forms) in words { for form in forms { stems[Scalars(form)] = Scalars(stem) } }
        return stems
    }()

    // MARK: Suffixes

    private typealias Rule = (suffix: String, replacement: String)

    private static func rules(_ pairs: KeyValuePairs<String, String>) -> [Rule] {
        pairs.map { ($0.key, $0.value) }
    }

    private func ends(_ suffix: String) -> Bool {
        let start = word.count - suffix.utf8.count
        guard start >= 0 else { return false }
        for (offset, letter) in suffix.utf8.enumerated() where word[start + offset] != UInt32(letter) { return false }
        return true
    }

    private func stem(without count: Int) -> Part { Part(word.dropLast(count)) }

    private mutating func replace(_ count: Int, with replacement: String) {
        word.removeLast(count)
        for letter in replacement.utf8 { word.append(UInt32(letter)) }
    }

    /// Replaces the first suffix of the rules that the word has, if its stem meets a condition.
    private mutating func apply(_ rules: [Rule], if condition: (Part) -> Bool) {
        guard let rule = rules.first(where: { ends($0.suffix) }) else { return }
        guard condition(stem(without: rule.suffix.utf8.count)) else { return }
        replace(rule.suffix.utf8.count, with: rule.replacement)
    }

    // MARK: Steps

    /// Step 1a.
    private mutating func removePlural() {
        if ends("ies") {
            replace(3, with: word.count == 4 ? "ie" : "i")
        } else if ends("sses") {
            word.removeLast(2)
        } else if ends("s"), !ends("ss") {
            word.removeLast()
        }
    }

    /// Step 1b.
    private mutating func removePast() {
        if ends("ied") { return replace(3, with: word.count == 4 ? "ie" : "i") }
        if ends("eed") {
            if stem(without: 3).measure > 0 { word.removeLast() }
            return
        }
        if ends("ed"), stem(without: 2).hasVowel {
            word.removeLast(2)
        } else if ends("ing"), stem(without: 3).hasVowel {
            word.removeLast(3)
        } else {
            return
        }
        let part = Part(word[...])
        if ends("at") || ends("bl") || ends("iz") {
            word.append(Self.e)
        } else if part.endsInDoubleConsonant {
            if ![0x6C, 0x73, 0x7A].contains(word[word.count - 1]) { word.removeLast() }
        } else if part.measure == 1, part.endsInShortSyllable {
            word.append(Self.e)
        }
    }

    private static let e: UInt32 = 0x65

    /// Step 1c.
    private mutating func replaceFinalY() {
        guard ends("y"), word.count > 2, stem(without: 1).endsInConsonant else { return }
        replace(1, with: "i")
    }

    private static let secondRules = rules([
        "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize", "bli": "ble", "alli": "al",
        "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize", "ation": "ate", "ator": "ate", "alism": "al",
        "iveness": "ive", "fulness": "ful", "ousness": "ous", "aliti": "al", "iviti": "ive", "biliti": "ble",
        "fulli": "ful",
    ])

    /// Step 2.
    private mutating func shortenDoubleSuffix() {
        while ends("alli"), stem(without: 4).measure > 0 { word.removeLast(2) }
        if let rule = Self.secondRules.first(where: { ends($0.suffix) }) {
            guard stem(without: rule.suffix.utf8.count).measure > 0 else { return }
            replace(rule.suffix.utf8.count, with: rule.replacement)
        } else if ends("logi"), stem(without: 3).measure > 0 {
            word.removeLast()
        }
    }

    private static let thirdRules = rules([
        "icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": "",
    ])

    private static let fourthRules = rules([
        "al": "", "ance": "", "ence": "", "er": "", "ic": "", "able": "", "ible": "", "ant": "", "ement": "",
        "ment": "",
        "ent": "", "ion": "", "ou": "", "ism": "", "ate": "", "iti": "", "ous": "", "ive": "", "ize": "",
    ])

    /// Step 4.
    private mutating func removeLastSuffix() {
        let isIon = ends("ion")
        apply(Self.fourthRules) { $0.measure > 1 && (!isIon || $0.last == 0x73 || $0.last == 0x74) }
    }

    /// Step 5a.
    private mutating func removeFinalE() {
        guard ends("e") else { return }
        let part = stem(without: 1)
        if part.measure > 1 || part.measure == 1 && !part.endsInShortSyllable { word.removeLast() }
    }
}

/// A part of a word, with what Porter's conditions ask.
private struct Part {
    private let letters: ArraySlice<UInt32>
    /// Whether each letter is a consonant: not a, e, i, o or u, nor a y after a consonant.
    private let consonants: [Bool]

    init(_ letters: ArraySlice<UInt32>) {
        self.letters = letters
        var consonants: [Bool] = []
        consonants.reserveCapacity(letters.count)
        for letter in letters {
            switch letter {
            case 0x61, 0x65, 0x69, 0x6F, 0x75: consonants.append(false)
            case 0x79: consonants.append(!(consonants.last ?? false))
            default: consonants.append(true)
            }
        }
        self.consonants = consonants
    }

    var last: UInt32? { letters.last }
    var hasVowel: Bool { consonants.contains(false) }
    var endsInConsonant: Bool { consonants.last ?? false }

    /// How often a consonant follows a vowel.
    var measure: Int { zip(consonants, consonants.dropFirst()).count { !$0 && $1 } }

    var endsInDoubleConsonant: Bool {
        letters.count >= 2 && letters.last == letters.dropLast().last && endsInConsonant
    }

    /// Consonant, vowel, consonant, the last being none of w, x and y; or, as a whole, vowel and consonant.
    var endsInShortSyllable: Bool {
        let count = letters.count
        guard count >= 2, consonants[count - 1], !consonants[count - 2] else { return false }
        if count == 2 { return true }
        return consonants[count - 3] && ![0x77, 0x78, 0x79].contains(letters.last)
    }
}
