import Encodings
import Glibc
import Platform
import ScoringCore

/// Text formatting for pages.
package enum PageText {
    /// The text with invisible characters made visible: control characters, and characters that change the direction of
    /// text, are replaced by their names. Line breaks and tabs stay.
    package static func shown(_ text: some StringProtocol) -> String {
        if !text.unicodeScalars.contains(where: isHidden) { return String(text) }
        var shown = ""
        for scalar in text.unicodeScalars {
            if !isHidden(scalar) {
                shown.unicodeScalars.append(scalar)
            } else if let picture = picture(of: scalar) {
                shown.unicodeScalars.append(picture)
            } else {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                shown += "[U+" + String(repeating: "0", count: 4 - digits.utf8.count) + digits + "]"
            }
        }
        return shown
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// The Unicode symbol for a control character.
    private static func picture(of scalar: Unicode.Scalar) -> Unicode.Scalar? {
        scalar.value < 0x20 ? Unicode.Scalar(0x2400 + scalar.value) : nil
    }

    /// The start of a text, with at most the given number of code points and lines; nil if the text is not longer.
    package static func cut(_ text: String, to limit: Int, lines: Int) -> String? {
        var (points, breaks) = (0, 0)
        for place in text.unicodeScalars.indices {
            points += 1
            if text.unicodeScalars[place] == "\n" { breaks += 1 }
            if points > limit || breaks >= lines { return String(text.unicodeScalars[..<place]) }
        }
        return nil
    }

    /// A short form of a count: `12k`, `1.5M`.
    package static func shortCount(_ number: Int) -> String {
        for (size, letter) in [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")] where number >= size {
            let tenths = Int((Double(number) / Double(size) * 10).rounded())
            return tenths < 100 && tenths % 10 != 0
                ? "\(tenths / 10).\(tenths % 10)\(letter)" : "\((tenths + 5) / 10)\(letter)"
        }
        return "\(number)"
    }

    /// A figure of a result, to four significant digits: `0.4473`, `12.5`, `1,234`.
    package static func figure(_ number: Double) -> String {
        guard number.isFinite, number.magnitude < 1e15 else { return number.description }
        if number == number.rounded() { return grouped(Int(number)) }
        if number.magnitude < 1e-4 { return number.description }
        var places = 4
        var size = number.magnitude
        while size >= 1, places > 1 {
            size /= 10
            places -= 1
        }
        var buffer = [CChar](repeating: 0, count: 64)
        withVaList([number]) { _ = vsnprintf(&buffer, buffer.count, "%.\(places)f", $0) }
        var text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// A number in full: `0.1`, `7`.
    package static func exact(_ number: Double) -> String {
        let text = number.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// A number in at most the given number of characters, if possible, with the last digits rounded: `0.333`, `-5.6e306`.
    ///
    /// - Parameter limit: at least 8.
    package static func short(_ number: Double, _ limit: Int) -> String {
        var text = exact(number)
        var digits = limit
        while text.utf8.count > limit, digits > 0 {
            var buffer = [CChar](repeating: 0, count: 64)
            withVaList([number]) { _ = vsnprintf(&buffer, buffer.count, "%.\(digits)g", $0) }
            let figure = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let parts = figure.split(separator: "e")
            // An exponent without its plus sign and zeros.
            text = parts.count == 2 ? "\(parts[0])e\(Int(parts[1]) ?? 0)" : figure
            digits -= 1
        }
        return text
    }

    /// A percentage; never 0 % for a non-zero part, nor 100 % for less than the whole.
    package static func share(_ part: Int, of whole: Int) -> String {
        guard whole > 0 else { return "" }
        let tenths = Int((Double(part) / Double(whole) * 1_000).rounded())
        if tenths == 0, part > 0 { return "< 0.1 %" }
        if tenths == 1_000, part < whole { return "> 99.9 %" }
        return "\(tenths / 10).\(tenths % 10) %"
    }

    /// A figure with its sign: `+0.13`, `−0.02`.
    package static func signed(_ number: Double) -> String {
        let text = figure(number)
        return text.hasPrefix("-") ? "−" + text.dropFirst() : number > 0 ? "+" + text : text
    }

    /// A p value: `0.034`, `< 0.0001`.
    package static func p(_ number: Double?) -> String {
        guard let number else { return "–" }
        return number < 0.0001 ? "< 0.0001" : figure((number * 10_000).rounded() / 10_000)
    }

    /// A level: `95%`.
    package static func percent(_ level: Double) -> String { exact((level * 1_000).rounded() / 10) + "%" }

    /// A number of bytes: `512 bytes`, `1.5 MB`.
    package static func size(_ bytes: Int) -> String {
        bytes < 1_000 ? counted(bytes, "byte") : shortCount(bytes).replacingLetter()
    }

    /// Seconds since 1970 as a date and time in UTC: as text, and in the format of HTML.
    package static func time(_ seconds: Int) -> (shown: String, machine: String) {
        let moment = Timestamp(seconds)
        return ("\(moment.date) \(moment.time)", moment.text)
    }

    /// A path and a query, in which everything except letters, digits and `-._~` is percent-encoded.
    package static func link(_ path: String, _ id: String? = nil, _ query: [(String, String)] = []) -> String {
        let place = id.map { path + "/" + percentEncoded($0) } ?? path
        if query.isEmpty { return place }
        return place + "?" + query.map { percentEncoded($0) + "=" + percentEncoded($1) }.joined(separator: "&")
    }
}

extension String {
    /// `12k` as `12 kB`.
    fileprivate func replacingLetter() -> String { String(dropLast()) + " " + String(suffix(1)) + "B" }
}

/// The text with the special characters of HTML escaped, code point by code point: searching by grapheme clusters would
/// miss a `<` that a combining mark follows.
package func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
        switch character {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&quot;"
        case "'": escaped += "&#39;"
        default: escaped.unicodeScalars.append(character)
        }
    }
    return escaped
}
