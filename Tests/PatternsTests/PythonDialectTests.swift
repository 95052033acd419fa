import Patterns
import Testing

/// Each case was run with Python 3.11: a pattern, a text, and what `re.search` finds, group 0 first, nil for no match.
@Suite("What Python's re finds is found")
struct PythonDialectTests {
    typealias Case = (pattern: String, subject: String, groups: [String?]?)

    @Test("characters and places", arguments: charactersAndPlaces)
    func charactersAndPlacesMatch(_ example: Case) throws { try check(example) }

    @Test("escapes", arguments: escapes)
    func escapesMatch(_ example: Case) throws { try check(example) }

    @Test("quantifiers", arguments: quantifiers)
    func quantifiersMatch(_ example: Case) throws { try check(example) }

    @Test("groups", arguments: groups)
    func groupsMatch(_ example: Case) throws { try check(example) }

    @Test("flags", arguments: flags)
    func flagsMatch(_ example: Case) throws { try check(example) }

    @Test("characters beyond ASCII", arguments: beyondASCII)
    func beyondASCIIMatch(_ example: Case) throws { try check(example) }

    @Test("what PCRE2 10.42 gets wrong by itself", arguments: mendedMatches)
    func mendedMatchesMatch(_ example: Case) throws { try check(example) }

    private func check(_ example: Case) throws {
        let pattern = try Pattern(example.pattern)
        let subject = Array(example.subject.utf8)
        var scratch = MatchScratch()
        let isFound = try subject.withUnsafeBytes { try pattern.firstMatch(in: $0, using: &scratch) != nil }
        let found = isFound ? (0...pattern.captureCount).map { scratch.group($0).map { Array(subject[$0]) } } : nil
        // As bytes: equal strings may differ in them.
        let expected = example.groups.map { $0.map { $0.map { Array($0.utf8) } } }
        #expect(found == expected, "\(example.pattern)")
    }

    static let charactersAndPlaces: [Case] = [
        ("Answer: ([A-D])", "So. Answer: C", ["Answer: C", "C"]),
        ("a.c", "a\nc abc", ["abc"]),
        ("(?s)a.c", "a\nc", ["a\nc"]),
        ("^b", "a\nb", nil),
        ("(?m)^b", "a\nb", ["b"]),
        ("(?m)^$", "a\n", [""]),
        ("(?m)^(.*)$", "\nx\n", ["", ""]),
        ("a$", "a\n", ["a"]),
        ("a$", "a\n\n", nil),
        ("(?m)a$", "a\nb", ["a"]),
        (#"a\Z"#, "a\n", nil),
        (#"b\Z"#, "a\nb", ["b"]),
        (#"\Aa"#, "ba", nil),
        ("$", "\n", [""]),
        (#"\B"#, "", nil),
        (#"\B"#, "a", nil),
        (#"\b"#, "", nil),
        (#"\Bb"#, "ab", ["b"]),
        ("[]a]+", "x]a", ["]a"]),
        ("[^]a]+", "a]x", ["x"]),
        ("[[a]+", "b[a[", ["[a["]),
        ("[[:alpha:]]", "a]:]", ["a]"]),
        ("[a&&b]+", "&&b", ["&&b"]),
        ("[a-]+", "x-a", ["-a"]),
        ("[-a]+", "x-a", ["-a"]),
        (#"[\w-]+"#, "a-b", ["a-b"]),
        (#"[\b]"#, "a\u{8}", ["\u{8}"]),
        (#"[a\]b]+"#, "x]b", ["]b"]),
        (#"[^\W_]+"#, "_a1_", ["a1"]),
        ("[--/]+", "x-./", ["-./"]),
        ("[a^]+", "x^a", ["^a"]),
        (#"[\101-\x43]+"#, "xABC", ["ABC"]),
        ("[é-ü]+", "aéü", ["éü"]),
        (#"[\ud800-\udfff]"#, "a", nil),
        (#"[^\ud800]"#, "a", ["a"]),
        (#"[\u0000-\uffff]+"#, "a日", ["a日"]),
        (#"\ud83d"#, "😀", nil),
    ]

    static let escapes: [Case] = [
        (#"\u00e9(\u65e5)"#, "é日", ["é日", "日"]),
        (#"\U0001F600"#, "a😀", ["😀"]),
        (#"\x41"#, "A", ["A"]),
        (#"\N{GREEK SMALL LETTER ALPHA}"#, "xα", ["α"]),
        (#"\N{em dash}"#, "a—b", ["—"]),
        (#"[\N{LATIN SMALL LETTER A}-\N{LATIN SMALL LETTER C}]+"#, "zabc", ["abc"]),
        (#"\0"#, "a\u{0}b", ["\u{0}"]),
        (#"\07"#, "\u{7}", ["\u{7}"]),
        (#"\101"#, "A", ["A"]),
        (#"(a)\1"#, "aa", ["aa", "a"]),
        (#"(a)\1\061"#, "aa1", ["aa1", "a"]),
        (
            #"(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\10"#, "abcdefghijj",
            ["abcdefghijj", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
        ),
        (#"(a)\01"#, "a\u{1}", ["a\u{1}", "a"]),
        ("a\u{0}b", "a\u{0}b", ["a\u{0}b"]),
        (#"\a\f\v\t\r\n"#, "\u{7}\u{C}\u{B}\t\r\n", ["\u{7}\u{C}\u{B}\t\r\n"]),
        (#"\-\.\é\日\ "#, "-.é日 ", ["-.é日 "]),
        (#"\n"#, "\n", ["\n"]),
        (#"\\"#, "\\", ["\\"]),
    ]

    static let quantifiers: [Case] = [
        ("a{,2}", "aaa", ["aa"]),
        ("a{,}", "aaa", ["aaa"]),
        ("a{2,}", "aaaa", ["aaaa"]),
        ("a{2}?", "aaa", ["aa"]),
        ("a{1,3}?b", "aaab", ["aaab"]),
        ("a{", "a{", ["a{"]),
        ("a{}", "a{}", ["a{}"]),
        ("a{1", "a{1", ["a{1"]),
        ("a{1,", "a{1,", ["a{1,"]),
        ("a{x}", "a{x}", ["a{x}"]),
        ("a{ 1}", "a{ 1}", ["a{ 1}"]),
        ("{", "{", ["{"]),
        ("x{,2", "xx{,2", ["x{,2"]),
        ("}", "}", ["}"]),
        ("a{0}b", "ab", ["b"]),
        ("(a){0}b", "ab", ["b", nil]),
        ("a*+a", "aaa", nil),
        ("a++b", "aab", ["aab"]),
        ("a?+b", "ab", ["ab"]),
        ("a{1,2}+a", "aaa", ["aaa"]),
        ("(?>a+)ab", "aaab", nil),
        ("(ab|a)*+b", "abab", ["b", nil]),
    ]

    static let groups: [Case] = [
        ("(?P<x>a)(?P=x)(b)", "aab", ["aab", "a", "b"]),
        (#"(?P<größe>\d+)"#, "a12", ["12", "12"]),
        ("(a)?(?(1)b|c)", "ab", ["ab", "a"]),
        ("(a)?(?(1)b|c)", "c", ["c", nil]),
        ("(?P<n>a)?(?(n)b|c)", "xc", ["c", nil]),
        ("(?(2)a|b)(x)?(y)?", "bx", ["bx", "x", nil]),
        ("(a)?b(?(1)c)", "b", ["b", nil]),
        ("(a|b)*c", "abc", ["abc", "b"]),
        ("(a*)*b", "aab", ["aab", ""]),
        ("(a|b*)*", "bb", ["bb", ""]),
        ("(?:a|(b))*", "ab", ["ab", "b"]),
        ("(?<=a)b", "ab", ["b"]),
        ("(?<!a)b", "abb", ["b"]),
        ("(?<=(?:ab|cd))e", "cde", ["e"]),
        (#"(a)(?<=\1)b"#, "ab", ["ab", "a"]),
        (#"(?=(a+))a*b\1"#, "baaabac", ["aba", "a"]),
        ("(?!a)(.)", "ab", ["b", "b"]),
        ("(?=a)*b", "b", ["b"]),
        ("(?#note)a(?#more)+", "aaa", ["aaa"]),
        ("a(?#x)b", "ab", ["ab"]),
        ("(?:)*a", "a", ["a"]),
        ("()a", "a", ["a", ""]),
        ("(|a)+", "aa", ["", ""]),
    ]

    static let flags: [Case] = [
        ("(?i)straße", "STRASSE Straße STRAẞE", ["Straße"]),
        ("(?i)i", "İ", ["İ"]),
        ("(?i)ı", "i", ["i"]),
        ("(?i)[a-z]+", "İıſ\u{212A}", ["İıſ\u{212A}"]),
        ("(?i)[^i]", "İıx", ["x"]),
        ("(?i)k", "\u{212A}", ["\u{212A}"]),
        ("(?i)ﬅ", "ﬆ", ["ﬆ"]),
        ("(?i)σ", "ς", ["ς"]),
        (#"(?i)(É)\1"#, "éÉ", ["éÉ", "é"]),
        ("(?i:a)b", "Ab", ["Ab"]),
        ("(?i:a)b", "AB", nil),
        ("(?i)a(?-i:b)", "AB Ab", ["Ab"]),
        ("(?im)^b(?-m:$)", "a\nB", ["B"]),
        ("(?i-s:a.)", "A\nAb", ["Ab"]),
        ("(?s-i:a.)b", "a\nb", ["a\nb"]),
        ("(?x) a b # comment\n c", "abc", ["abc"]),
        (#"(?x)a\ b[ #]c"#, "a b#c", ["a b#c"]),
        ("(?x)a +", "aaa", ["aaa"]),
        ("(?x: a b )c d", "abc d", ["abc d"]),
        ("(?x)a (?-x: b)c", "a bc", ["a bc"]),
        ("(?x)a#\\\nb\nc", "ac", ["ac"]),
        ("(?x)a#b\\\nc\nd", "ad", ["ad"]),
        ("(?x)a b", "a\u{A0}b", ["a\u{A0}b"]),
        ("(?i)(?m)^B", "a\nb", ["b"]),
        (#"(?a)\w+"#, "éa_1é", ["a_1"]),
        (#"(?a)\d"#, "٣3", ["3"]),
        (#"(?a)\s"#, "\u{A0} ", [" "]),
        (#"(?a)\bé"#, "aé é", ["é"]),
        (#"(?a)\Bé"#, "aé é", ["é"]),
        (#"(?a)[\W\d]+"#, "aé5", ["é5"]),
        ("(?ai)k", "\u{212A}k", ["k"]),
        ("(?ai)[a-z]+", "\u{212A}ſİÉQz", ["Qz"]),
        ("(?ai)É", "éÉ", ["É"]),
        (#"(?ai)(a)\1"#, "aA", ["aA", "a"]),
        (#"(?a:\w)é"#, "aé", ["aé"]),
        (#"x(?a:\b)é"#, "xé", ["xé"]),
        (#"x(?a:\B)"#, "xyé", ["x"]),
        (#"(?a)x(?u:\w+)"#, "xé", ["xé"]),
        (#"(?a)x(?u:\b)é?"#, "x é", ["x"]),
        (#"(?u)\w"#, "é", ["é"]),
    ]

    static let beyondASCII: [Case] = [
        (#"[\s]+"#, "a\u{1C}\u{1F}\u{85}\u{3000}b", ["\u{1C}\u{1F}\u{85}\u{3000}"]),
        (#"\s"#, "\u{180E}", nil),
        (#"\S"#, "\u{1C}\u{180E}", ["\u{180E}"]),
        (#"\s"#, "\u{200B} \u{2028}", [" "]),
        (#"\d+"#, "x٣४５", ["٣४５"]),
        (#"\w+"#, "-ªº²½Ⅷ_日", ["ªº²½Ⅷ_日"]),
        (#"\w"#, "\u{301}a", ["a"]),
        (#"[\S]+"#, "\u{A0}é\u{A0}", ["é"]),
        (#"(答案|答え)\s*[:：]\s*([A-DＡ-Ｄ])"#, "答案 ： Ｂ", ["答案 ： Ｂ", "答案", "Ｂ"]),
        ("😀+", "a😀😀", ["😀😀"]),
        (".", "😀", ["😀"]),
        ("(.)(.)", "é日", ["é日", "é", "日"]),
        ("#+ x", "## x", ["## x"]),
        ("~&-,", "~&-,", ["~&-,"]),
    ]

    static let mendedMatches: [Case] = [
        ("(?:ab|a)x*b", "ab", ["ab"]),
        (#"(?:the answer|the)\s*answer (\w)"#, "the answer B", ["the answer B", "B"]),
        ("(1|)b*1", "1", ["1", ""]),
        (#"(?:\$|)\d*\$(\d)"#, "$5", ["$5", "5"]),
        ("x(1|)b*1", "x1", ["x1", ""]),
        (#"(a1|a)\s*1"#, "a1", ["a1", "a"]),
        ("((?:b|)a|b)b*b", "bb", ["bb", "b"]),
        ("[ab]+(?>x?|c)b", "aab", ["aab"]),
        (#"(\s)*+x|\w(z)?"#, "  a", ["a", nil, nil]),
        (#"(?:(\s)*+|q)x|\w"#, "  a", ["a", nil]),
        ("(?=a).?a", "a", ["a"]),
        (#"(?=a$)\w*a"#, "ba", ["a"]),
        (#"\b(?=a)[ab]*a"#, "a", ["a"]),
        ("(?=x+b)(ax)??x[ab]*+", "bbxba", ["xba", nil]),
        ("(?>[^a]+?)$", "axb", ["b"]),
        ("(?=a){2}a", "a", ["a"]),
        (#"(?:x|\A){0}b"#, "ab", ["b"]),
    ]
}
