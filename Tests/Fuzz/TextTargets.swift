import Glibc
import JSON
import Patterns
import PromptTemplates
import ScoringDefinitions

/// What is parsed and written is the same value when it is parsed again.
func json(_ bytes: [UInt8]) {
    guard let value = try? JSONValue(parsing: bytes) else { return }
    let text = value.text
    guard let again = try? JSONValue(parsing: text) else { violated("what was written cannot be parsed", text) }
    if again != value || again.text != text { violated("a value changes when it is written", text, again.text) }
}

/// A file without a name, since definitions are read from files.
private let definitionFile: Int32 = {
    var path = Array("/tmp/assay-fuzz-XXXXXX".utf8CString)
    let file = mkstemp(&path)
    unlink(path)
    return file
}()

/// A definition is read or refused with a place, and what is read can be overridden with its own parameters.
func definition(_ bytes: [UInt8]) {
    ftruncate(definitionFile, 0)
    guard pwrite(definitionFile, bytes, bytes.count, 0) == bytes.count else { return }
    let file = DefinitionFile(path: "/proc/self/fd/\(definitionFile)")
    for error in file.errors where error.description.isEmpty { violated("an error without words") }
    for function in file.functions where (try? function.overriding(with: nil)) == nil {
        violated("a definition cannot be used without parameters", function.identifier)
    }
}

/// A template whose places are filled with nothing but themselves reads as it was written, but for doubled braces.
func template(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    let template = PromptTemplate(text)
    let rendered = template.rendered { "{\(template.columns[$0])}" }
    let undoubled = text.replacing("{{", with: "{").replacing("}}", with: "}")
    if !text.contains("{{"), !text.contains("}}"), rendered != undoubled {
        violated("a template changes", text, rendered)
    }
    if rendered.utf8.count > text.utf8.count { violated("a template grows", text, rendered) }
}

/// Searches by a pattern end, and what they find lies in the text, between characters. A zero byte ends the pattern.
func pattern(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard let source = String(validating: parts[0], as: UTF8.self),
        let text = String(validating: parts.count > 1 ? parts[1] : [], as: UTF8.self)
    else { return }
    let limits = MatchLimits(steps: 20_000, heap: 4 << 10, depth: 1000)
    guard let pattern = try? Pattern(source, limits: limits) else { return }
    var scratch = MatchScratch()
    let content = Array(text.utf8)
    content.withUnsafeBytes { bytes in
        for match in [
            try? pattern.firstMatch(in: bytes, using: &scratch), try? pattern.lastMatch(in: bytes, using: &scratch),
        ] {
            guard let match else { continue }
            check(match.range, in: content, source)
            if let group = match.group1 { check(group, in: content, source) }
        }
    }
}

private func check(_ range: Range<Int>, in text: [UInt8], _ pattern: String) {
    func isBoundary(_ place: Int) -> Bool { place == text.count || text[place] & 0xC0 != 0x80 }
    guard range.lowerBound >= 0, range.upperBound <= text.count, isBoundary(range.lowerBound),
        isBoundary(range.upperBound)
    else { violated("a match is not in the text", pattern, range, text.count) }
}
