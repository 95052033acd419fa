import Patterns
import Testing

@Suite("What Python's re refuses is refused, with its place and what to do")
struct PythonRefusalTests {
    typealias Case = (pattern: String, offset: Int, message: String)

    @Test("Escapes that only PCRE2 has", arguments: Array("hHRXKGQEpPcCzekgoyNluL"))
    func escape(_ letter: Character) {
        let error = #expect(throws: PatternError.self) { try Pattern("日😀(a)\\\(letter)") }
        #expect(error?.offset == 5)
        let inBrackets = #expect(throws: PatternError.self) { try Pattern("日[\\\(letter)]") }
        #expect(inBrackets?.offset == 2)
    }

    @Test("Syntax that Python has not, and mistakes", arguments: mistakes)
    func mistake(_ example: Case) throws {
        let error = #expect(throws: PatternError.self) { try Pattern(example.pattern) }
        let found = try #require(error)
        #expect(found.offset == example.offset, "\(example.pattern): \(found)")
        #expect(found.message.contains(example.message), "\(example.pattern): \(found)")
    }

    @Test("The description says where, what and what to do")
    func description() {
        let error = #expect(throws: PatternError.self) { try Pattern(#"Answer:\h*(\d+)"#) }
        #expect(
            error?.description
                == #"at character 7: "\h" is not an escape in Python's re; write "[ \t]" for horizontal space"#)
    }

    @Test("Groups nested too deep are refused, others are not")
    func nesting() throws {
        _ = try Pattern(String(repeating: "(", count: 200) + String(repeating: ")", count: 200))
        let error = #expect(throws: PatternError.self) { try Pattern(String(repeating: "(", count: 100_000)) }
        #expect(error?.offset == 200)
    }

    @Test("What only PCRE2 refuses is placed in the pattern as it was given")
    func compilerErrors() throws {
        let tooLarge = #expect(throws: PatternError.self) { try Pattern("(?:(?:abc){9000}){9000}") }
        #expect(try #require(tooLarge).message.contains("too large"))
        let notFixed = #expect(throws: PatternError.self) { try Pattern(#"é\u65e5(?x) *"#) }
        #expect(notFixed?.offset == 7)
        let lookbehind = #expect(throws: PatternError.self) { try Pattern(#"\u65e5(?#note)(?<=(?<=a)*b)c"#) }
        #expect(lookbehind?.offset == 14)
    }

    static let mistakes: [Case] = [
        (#"\"#, 0, "backslash ends"),
        (#"[a\"#, 2, "backslash ends"),
        (#"(?#\"#, 3, "backslash ends"),
        (#"\x4"#, 0, "2 hexadecimal digits"),
        (#"\x{41}"#, 0, "2 hexadecimal digits"),
        (#"a\u12g4"#, 1, "4 hexadecimal digits"),
        (#"\U00110000"#, 0, "highest"),
        (#"\N{NO SUCH THING}"#, 0, "NO SUCH THING"),
        (#"\N{}"#, 3, "missing"),
        (#"\N{DASH"#, 3, "missing"),
        (#"\400"#, 0, #"\377"#),
        (#"[\400]"#, 1, #"\377"#),
        (#"[\8]"#, 1, "neither"),
        (#"\1"#, 0, "group 1 is not defined"),
        (#"(a)\2"#, 3, "group 2 is not defined"),
        (#"(a\1)"#, 2, "not closed"),
        ("(?P<n>a(?P=n))", 11, "not closed"),
        ("(?P=n)", 4, "group \"n\" is not defined"),
        ("(?P<n>a)(?P<n>b)", 12, "already that of group 1"),
        ("(?P<1n>a)", 4, "cannot be the name"),
        ("(?P<n", 4, "missing"),
        ("(?P<>a)", 4, "missing"),
        ("(?P>n)", 0, "(?P"),
        ("(?(1)a|b)", 3, "no group 1"),
        ("(?(0)a|b)", 3, "not the number"),
        ("(a)(?(1)b|c|d)", 11, "two branches"),
        ("(?(?=a)b|c)", 3, "condition"),
        ("(?(n)a)", 3, "group \"n\" is not defined"),
        ("(?<n>a)", 0, "(?P<name>…)"),
        ("(?'n'a)", 0, "(?P<name>…)"),
        ("a(?|b|c)", 1, "group of its own"),
        ("(?R)", 0, "recursion"),
        ("(a)(?1)", 3, "recursion"),
        ("(?&n)", 0, "recursion"),
        ("(?C)", 0, "callouts"),
        ("(?^:a)", 0, "turn flags off"),
        ("(*ACCEPT)", 1, "verbs"),
        ("(?", 0, "ends"),
        ("(?#a", 0, "not closed"),
        ("(a", 0, "not closed"),
        ("a)", 1, "closes no group"),
        ("[a", 0, "not closed"),
        ("[]", 0, "not closed"),
        ("[z-a]", 1, "not a valid range"),
        (#"[a\w-z]"#, 2, "not a valid range"),
        (#"[a-\d]"#, 1, "not a valid range"),
        ("*a", 0, "nothing to repeat"),
        ("a|*", 2, "nothing to repeat"),
        ("(?:+)", 3, "nothing to repeat"),
        ("^*", 1, "nothing to repeat"),
        (#"\b+"#, 2, "nothing to repeat"),
        ("a**", 2, "already repeated"),
        ("a{2}{3}", 4, "already repeated"),
        ("a+?+", 3, "already repeated"),
        ("(?x)a+ ?", 7, "already repeated"),
        ("a{3,2}", 2, "greater"),
        ("a{70000}", 1, "65535"),
        ("a{99999999999999999999}", 1, "65535"),
        ("a(?i)b", 1, "at its start"),
        ("((?i)b)", 1, "at its start"),
        ("a|(?i)b", 2, "at its start"),
        ("(?a)(?u)", 4, "cannot be used together"),
        ("(?au:x)", 3, "cannot be used together"),
        ("(?L)a", 2, "bytes"),
        ("(?t)a", 2, "is not a flag"),
        ("(?-a:b)", 3, "cannot be turned off"),
        ("(?i-i:b)", 0, "both turned on"),
        ("(?i-)", 4, "is not a flag"),
        ("(?-i)b", 4, "is not a flag"),
        ("(?i", 3, "missing"),
        ("(?<=a+)b", 0, "one width"),
        ("(?<=a|bc)d", 0, "one width"),
        (#"x(?<!\w*)b"#, 1, "one width"),
        (#"(?<=(a)\1)b"#, 7, "same lookbehind"),
    ]
}
