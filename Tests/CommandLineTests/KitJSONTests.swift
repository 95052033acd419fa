import JSON
import Testing

@Suite("The JSON reader of the C kit accepts what is JSON, and nothing else", .enabled(if: Tool.isThere("cc")))
struct KitJSONTests {
    private static let packageFolder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    /// Reads a text from each line, and says whether it is JSON, or where it is not; and whether its member "city" is Zürich.
    private static let source = """
        #ifndef _GNU_SOURCE /* of which C++ compilers make sure themselves */
        #define _GNU_SOURCE
        #endif
        #include <stdio.h>
        #include "assay_scorer_kit.h"
        int main(void) {
            char *line = NULL;
            size_t capacity = 0;
            ssize_t length;
            kit_buffer buffer = kit_empty();
            while ((length = getline(&line, &capacity, stdin)) > 0) {
                length -= line[length - 1] == '\\n';
                char *bytes = (char *)malloc(length + 1); /* nothing lies behind it that could be read by mistake */
                memcpy(bytes, line, length);
                bytes[length] = '!';
                assay_str value, city;
                kit_json_fault fault;
                if (!kit_json_read(kit_bytes(bytes, length), &value, &fault))
                    printf("%llu %s\\n", (unsigned long long)fault.byte, fault.expected);
                else if (!kit_json_member(kit_json_unwrap(value, &buffer), kit_str("city"), &city))
                    printf("ok\\n");
                else
                    printf("ok %s\\n", kit_json_is(city, kit_str("Zürich")) ? "Zürich" : "elsewhere");
                free(bytes);
            }
            free(line);
            kit_free(&buffer);
            return 0;
        }
        """

    private func read(_ texts: [String], _ compiler: [String] = ["cc", "-std=gnu11", "-xc"]) throws -> [String] {
        let folder = try TemporaryFolder(["kit.c": Self.source])
        let includes = ["Sources/CScorerPlugin/include", "SDK/c"].map { "-I\(Self.packageFolder)/\($0)" }
        var build = folder.command(
            Array(compiler.dropFirst()) + ["-Wall", "-Wextra", "-Werror", "-o", "kit"] + includes + ["kit.c"])
        build.executable = compiler[0]
        let built = try build.run()
        try #require(built.ending == .status(0), "\(built.errors)")
        var command = folder.command([])
        command.executable = "\(folder.path)/kit"
        let result = try command.run(input: Array(texts.map { $0 + "\n" }.joined().utf8))
        #expect(result.ending == .status(0))
        return lines(of: result.output)
    }

    /// Answers as models write them, and what becomes of each.
    private static let answers = [
        (#"{"city": "Bern", "pop": 134000"#, "30 a comma or }"),
        (#"{city: "Bern" "pop": 134000 ]]"#, "1 the name of a member"),
        (#"{"city": "Z\u00fcrich"}"#, "ok Zürich"), (#"{"c\u0069ty": "Zürich"}"#, "ok Zürich"),
        (#"  {"city": "Bern"}  "#, "ok elsewhere"), (#""{\"city\": \"Z\\u00fcrich\"}""#, "ok Zürich"),
        (#"{"city": "Bern", "city": "Zürich"}"#, "ok Zürich"), (#"{"city": "Zürich!"}"#, "ok elsewhere"),
        (#"{"city": 1}"#, "ok elsewhere"), (#"["city", "Zürich"]"#, "ok"), ("", "0 a value"), ("Bern", "0 a value"),
        ("[1,]", "3 a value"), ("[1 2]", "3 a comma or ]"), (#"{"a": 1,}"#, "8 the name of a member"),
        (#"{"a" 1}"#, "5 a colon"),
        ("01", "1 the end of the text"), ("1.", "2 a digit"), ("-", "1 a digit"), ("1e+", "3 a digit"), ("1e+5", "ok"),
        (#""a"#, "2 the end of a string"), (#""\x""#, "2 a valid JSON escape"),
        (#""\u12G4""#, "5 four hexadecimal digits"),
        ("[1] 2", "4 the end of the text"), (#"{"a": {"b": [}}"#, "13 a value"), ("nul", "0 a value"),
        (#""\ud83d""#, "ok"),
        (#"{"city": "Z"#, "11 the end of a string"), (#"{"city"#, "6 the end of a string"),
        (#"{"a": tru"#, "6 a value"),
    ]

    @Test(
        "each text is a value, or is not JSON at a byte",
        arguments: [["cc", "-std=gnu11", "-xc"], ["c++", "-std=c++17", "-xc++"]])
    func answers(compiler: [String]) throws {
        guard Tool.isThere(compiler[0]) else { return }
        let read = try read(Self.answers.map(\.0), compiler)
        for (index, (text, verdict)) in Self.answers.enumerated() { #expect(read[index] == verdict, "\(text)") }
    }

    @Test("every beginning of a value that is cut off is refused, and so is every value with a byte changed")
    func brokenTexts() throws {
        let whole = #"{"city": "Z\u00fcrich", "x": [1, -2.5e+3, true, null, {"a": "\n"}], "y": {}}"#
        let bytes = Array(whole.utf8)
        var texts = (1..<bytes.count).map { String(decoding: bytes[..<$0], as: UTF8.self) }
        for place in bytes.indices {
            for byte in Array("{}[],:\"\\ 0e-.tu".utf8) {
                var changed = bytes
                changed[place] = byte
                texts.append(String(decoding: changed, as: UTF8.self))
            }
        }
        for (text, verdict) in zip(texts, try read(texts)) {
            #expect(verdict.hasPrefix("ok") == ((try? JSONValue(parsing: text)) != nil), "\(text)")
        }
    }

    @Test("depth costs no stack, and is limited")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(
            try read([nested(512), nested(513), String(repeating: "{\"a\":", count: 1_000_000)])
                == ["ok", "512 fewer nested arrays and objects", "2560 fewer nested arrays and objects"])
    }
}
