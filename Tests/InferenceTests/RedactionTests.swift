import Testing
import Web

@testable import Inference

@Suite("Keys in texts")
struct RedactionTests {
    private static let redaction = Redaction([Secret("sk-client/99"), Secret("sk-client/99-longer"), Secret("short")])

    @Test(
        "a key is taken out, however JSON spells its characters, and nothing else is changed",
        arguments: [
            ("bad key sk-client/99!", "bad key [redacted]!"),
            (#"bad key sk-client\/99!"#, "bad key [redacted]!"),
            (#"\u0073\u006b-client/99"#, "[redacted]"),
            (#"{"error": "\u0073k\u002Dclient\u002f99"} é"#, #"{"error": "[redacted]"} é"#),
            // JSON as a string within JSON.
            (#"{"error": "{\"m\": \"\\u0073k-client\\/99-longer\"}"}"#, #"{"error": "{\"m\": \"[redacted]\"}"}"#),
            (#"\u0073k-client/99 and sk-client\u002F99-longer"#, "[redacted] and [redacted]"),
            (
                #"\u0073k-client/9 \u00e9 \u00ZZ \n short \u0073hort u00"#,
                #"\u0073k-client/9 \u00e9 \u00ZZ \n short \u0073hort u00"#
            ),
            (#"\"#, #"\"#), (#"\u00"#, #"\u00"#), ("", ""),
        ])
    func spellings(text: String, expected: String) {
        #expect(Self.redaction(text) == expected)
    }
}
