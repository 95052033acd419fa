import FuzzDriver
import Glibc
import JSON
import JinjaTemplates
import Patterns
import PromptTemplates

/// What is parsed and written is the same value when it is parsed again.
func json(_ bytes: [UInt8]) {
    guard let value = try? JSONValue(parsing: bytes) else { return }
    let text = value.text
    guard let again = try? JSONValue(parsing: text) else { violated("what was written cannot be parsed", text) }
    if again != value || again.text != text { violated("a value changes when it is written", text, again.text) }
}

/// A text that is read as Python's literal is a JSON value.
func python(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self), let value = PythonLiteral.json(of: text) else { return }
    guard let again = try? JSONValue(parsing: value.text) else { violated("a literal is not JSON", text, value.text) }
    if again.text != value.text { violated("a literal changes when it is written", text, value.text) }
}

/// A path means the same when it is written from its parts. A zero byte ends the path; a row follows, which it looks into.
func columnPath(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = String(validating: parts[0], as: UTF8.self) else { return }
    let path = ColumnPath(name)
    if let fault = path.fault, !(0...name.unicodeScalars.count).contains(fault.offset) {
        violated("a fault is not in the path", name, fault)
    }
    if !path.isColumn {
        let written = ColumnPath(path.prefix(path.steps.count).name)
        if written.root != path.root || written.steps != path.steps {
            violated("a path changes when it is written", name, written.name, written)
        }
    }
    guard parts.count > 1, let row = (try? JSONValue(parsing: Array(parts[1])))?.object else { return }
    if case .nothing(let gap) = path.find(in: row), gap.description.isEmpty { violated("a gap without words", name) }
}

/// A template whose places are filled with nothing but themselves reads as it was written, but for doubled braces.
func template(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    let template = PromptTemplate(text)
    let rendered = template.rendered { "{\(template.columns[$0])}" }
    // In bytes: a combining mark makes another character of a brace.
    let isPlain = !text.utf8.contains("{{".utf8) && !text.utf8.contains("}}".utf8)
    if isPlain, rendered != text {
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
            if let group = match.answer { check(group, in: content, source) }
        }
    }
}

private func check(_ range: Range<Int>, in text: [UInt8], _ pattern: String) {
    func isBoundary(_ place: Int) -> Bool { place == text.count || text[place] & 0xC0 != 0x80 }
    guard range.lowerBound >= 0, range.upperBound <= text.count, isBoundary(range.lowerBound),
        isBoundary(range.upperBound)
    else { violated("a match is not in the text", pattern, range, text.count) }
}

/// A template is compiled or refused with a place in it; its text for a context is the same twice, and no part of a value is read
/// as a template. A zero byte ends the template; the context follows, an object.
func jinja(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard let source = String(validating: parts[0], as: UTF8.self) else { return }
    let context =
        (parts.count > 1 ? try? JSONValue(parsing: Array(parts[1])) : nil)?.object ?? ["item": ["a": "{{ b }}"]]
    do throws(JinjaTemplate.Fault) {
        let template = try JinjaTemplate(source)
        if template.isConstant, let text = try? template.text({ _ in nil }), text.utf8.count > source.utf8.count {
            violated("a template without expressions grows", source, text)
        }
        do throws(JinjaTemplate.RenderingFault) {
            let text = try template.text { context[$0] }
            guard try template.text({ context[$0] }) == text else { violated("a template has two texts", source) }
            let value = try template.value { context[$0] }
            if (try? JSONValue(parsing: value.text)) == nil { violated("a value is not JSON", source, value.text) }
        } catch {
            if error.message.isEmpty { violated("a fault without words", source) }
        }
    } catch {
        if !(1...source.unicodeScalars.count + 1).contains(error.position) || error.message.isEmpty {
            violated("a fault is not in the template", source, error)
        }
    }
}
