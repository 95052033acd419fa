extension Substring {
    /// The text without leading and trailing white space.
    var trimmed: Substring {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return Substring(scalars[first...last])
    }
}

extension String {
    /// The text without leading and trailing white space.
    var trimmed: Substring { self[...].trimmed }

    /// About the first 80 characters on one line, for messages.
    var shortened: String {
        var text = ""
        var length = 0
        for scalar in trimmed.unicodeScalars {
            if length == 80 { return text + "…" }
            let isBreak = scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
            if isBreak && text.unicodeScalars.last == " " { continue }
            text.unicodeScalars.append(isBreak ? " " : scalar)
            length += 1
        }
        return text
    }
}
