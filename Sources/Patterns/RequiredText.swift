/// Bytes that each match of a part of a pattern contains, as far as its text tells.
///
/// ASCII capitals are written as small letters: a subject is compared without regard to the case of ASCII letters, so that
/// one comparison serves both kinds of patterns.
enum RequiredText {
    case unknown
    /// The part matches these bytes and nothing else.
    case exactly([UInt8])
    /// Each match contains at least one of these. If there are none, nothing matches.
    case oneOf(Set<[UInt8]>)

    /// Bytes of one text that are worth comparing, and texts that are worth looking for.
    static let mostBytes = 24
    static let mostTexts = 64

    var texts: Set<[UInt8]>? {
        switch self {
        case .unknown: nil
        case .exactly(let bytes): bytes.isEmpty ? nil : [bytes]
        case .oneOf(let texts): texts
        }
    }

    /// What each match of either part contains.
    func union(_ other: RequiredText) -> RequiredText {
        guard let texts, let others = other.texts else { return .unknown }
        let all = texts.union(others)
        return all.count > Self.mostTexts ? .unknown : .oneOf(all)
    }

    /// What each match contains where the part is repeated.
    func repeated(atLeast minimum: Int) -> RequiredText {
        guard minimum > 0, let texts else { return .unknown }
        return .oneOf(texts)
    }

    /// What one character of a pattern requires in a subject that has other characters than ASCII's, and in one without.
    ///
    /// - Parameter ignoresCase: in the way of Python, with all of Unicode.
    static func character(_ value: UInt32, ignoresCase: Bool) -> BySubject {
        guard let scalar = Unicode.Scalar(value) else { return BySubject(general: .unknown, ascii: .oneOf([])) }
        if scalar.isASCII {
            let folded = RequiredText.exactly([scalar.isASCIILetter ? UInt8(value) | 0x20 : UInt8(value)])
            // "ſ" is a case of "s", "K" (the kelvin sign) of "k", and, in Python, "İ" and "ı" of "i".
            let hasOthers = ignoresCase && "iIkKsS".unicodeScalars.contains(scalar)
            return BySubject(general: hasOthers ? .unknown : folded, ascii: folded)
        }
        guard ignoresCase else { return BySubject(general: .exactly(Array(scalar.utf8)), ascii: .oneOf([])) }
        let properties = scalar.properties
        let hasCases =
            properties.changesWhenCaseMapped || properties.changesWhenCaseFolded
            || !CaseVariants.added(to: value...value).isEmpty
        let ascii: RequiredText =
            switch value {
            case 0x17F: .exactly([UInt8(ascii: "s")])
            case 0x212A: .exactly([UInt8(ascii: "k")])
            case 0x130, 0x131: .exactly([UInt8(ascii: "i")])
            default: .oneOf([])
            }
        return BySubject(general: hasCases ? .unknown : .exactly(Array(scalar.utf8)), ascii: ascii)
    }

    /// The same for two kinds of subjects.
    struct BySubject {
        var general = RequiredText.unknown
        var ascii = RequiredText.unknown

        func union(_ other: BySubject) -> BySubject {
            BySubject(general: general.union(other.general), ascii: ascii.union(other.ascii))
        }

        func repeated(atLeast minimum: Int) -> BySubject {
            BySubject(general: general.repeated(atLeast: minimum), ascii: ascii.repeated(atLeast: minimum))
        }
    }
}

/// What each match of parts one after the other contains.
struct RequiredSequence {
    /// What the latest parts match, and nothing else.
    private var run: [UInt8] = []
    private var best: Set<[UInt8]>?
    private var isExact = true

    /// Adds the next part, which takes the characters of a match behind those of the part before.
    mutating func append(_ part: RequiredText) {
        if case .exactly(let bytes) = part {
            if run.count < RequiredText.mostBytes { run += bytes } else { isExact = false }
            return
        }
        isExact = false
        consider(RequiredText.exactly(run).texts)
        run = []
        consider(part.texts)
    }

    func finished() -> RequiredText {
        if isExact { return .exactly(run) }
        var copy = self
        copy.consider(RequiredText.exactly(run).texts)
        return copy.best.map { .oneOf($0) } ?? .unknown
    }

    /// Keeps what is harder to find: longer texts, then fewer. No text at all is the hardest.
    private mutating func consider(_ texts: Set<[UInt8]>?) {
        guard let texts else { return }
        guard let best else {
            best = texts
            return
        }
        func length(_ texts: Set<[UInt8]>) -> Int { texts.map(\.count).min() ?? .max }
        let (new, old) = (length(texts), length(best))
        if new > old || (new == old && texts.count < best.count) { self.best = texts }
    }
}

extension RequiredText.BySubject {
    /// What a character that stands for itself requires.
    static func character(_ value: UInt32, _ flags: PatternFlags) -> Self {
        RequiredText.character(value, ignoresCase: flags.contains(.ignoreCase) && !flags.contains(.ascii))
    }
}

extension PatternTranslator.Item {
    init(kind: Kind, _ part: PatternTranslator.Part) {
        self.init(kind: kind, width: part.width, required: part.required)
    }
}
