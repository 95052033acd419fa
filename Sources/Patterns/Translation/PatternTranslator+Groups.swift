extension PatternTranslator {
    /// Reads a capturing group behind its opening.
    mutating func captureGroup(named name: String?, _ start: Int, _ flags: PatternFlags) throws(PatternError) -> Item {
        let number = groupWidths.count
        groupWidths.append(nil)
        if let name { groupNames[name] = number }
        let part = try group("(", start, flags)
        groupWidths[number] = part.width
        return Item(kind: .group, part)
    }

    private mutating func group(
        _ opening: String, _ start: Int, _ flags: PatternFlags
    ) throws(PatternError) -> Part {
        output += opening
        return try groupBody(start) { body throws(PatternError) in try body.alternatives(flags) }
    }

    /// Reads what begins with `(?`, from behind that. Nil for flags of the whole pattern, which are not an item.
    mutating func extensionGroup(
        _ start: Int, _ flags: inout PatternFlags, mayBeGlobal: Bool
    ) throws(PatternError) -> Item? {
        guard let kind = next else { throw PatternError("the pattern ends in \"(?\"", at: start) }
        position += 1
        switch kind {
        case ":":
            return Item(kind: .group, try group("(?:", start, flags))
        case ">":
            // `isLeadingGroup` is of no use inside: where a match begins is not all that what follows depends on.
            isLeadingGroup = false
            return Item(kind: .group, try group(Self.atomicOpening, start, flags))
        case "=", "!":
            try lookaround("(?\(kind)", start, flags)
            return Item(kind: .lookaround, width: .zero)
        case "<":
            return try lookbehind(start, flags)
        case "(":
            return try conditional(start, flags)
        case "P":
            return try named(start, flags)
        case "a", "i", "L", "m", "s", "t", "u", "x", "-":
            position -= 1
            return try flagGroup(start, &flags, mayBeGlobal: mayBeGlobal)
        default:
            throw PatternError("\"(?\(kind)\" is not in Python's re\(Self.advice(on: kind))", at: start)
        }
    }

    private static func advice(on kind: Unicode.Scalar) -> String {
        switch kind {
        case "'": "; write (?P<name>…)"
        case "|": "; give each alternative a group of its own"
        case "R", "&", "+", "0"..."9": ", which has no recursion"
        case "C": ", which has no callouts"
        case "^": "; turn flags off by name, as in (?-i:…)"
        default: ""
        }
    }

    /// Reads a lookaround, and puts a barrier in front of one that a match can begin with.
    ///
    /// PCRE2 10.42 may otherwise want a character to be there twice if the lookahead and what follows both have it:
    /// `(?=a$)b*a` does not match in "a".
    @discardableResult
    private mutating func lookaround(
        _ opening: String, _ start: Int, _ flags: PatternFlags
    ) throws(PatternError) -> PatternWidth {
        if isLeadingGroup { output += Self.barrier }
        isLeadingGroup = false
        return try group(opening, start, flags).width
    }

    private mutating func lookbehind(_ start: Int, _ flags: PatternFlags) throws(PatternError) -> Item {
        guard let kind = next, kind == "=" || kind == "!" else {
            throw PatternError("\"(?<\" with a name is not in Python's re; write (?P<name>…)", at: start)
        }
        position += 1
        let outermost = groupsBeforeLookbehind == nil
        if outermost { groupsBeforeLookbehind = groupWidths.count }
        let width = try lookaround("(?<\(kind)", start, flags)
        if outermost { groupsBeforeLookbehind = nil }
        guard width.isFixed else {
            throw PatternError(
                "a lookbehind must have one width, and this can match different numbers of characters", at: start)
        }
        return Item(kind: .lookaround, width: .zero)
    }

    private mutating func conditional(_ start: Int, _ flags: PatternFlags) throws(PatternError) -> Item {
        let offset = position
        let name = try name(until: ")", of: "group of the condition")
        let group: Int
        if let first = name.unicodeScalars.first, first.digitValue.map({ $0 < 10 }) ?? false {
            guard let number = Int(name), number > 0, number <= Self.maximumGroup else {
                throw PatternError("\"\(name)\" is not the number of a group", at: offset)
            }
            group = number
            conditions.append((number, offset))
        } else {
            guard Self.isIdentifier(name) else {
                throw PatternError(
                    "\"\(name)\" is not a group; a condition is the number or the name of a group, as in (?(1)…|…)",
                    at: offset
                )
            }
            group = try groupNamed(name, at: offset)
        }
        try checkLookbehind(group, at: offset)
        isLeadingGroup = false
        output += "(?(\(group))"
        let width = try groupBody(start) { body throws(PatternError) in
            let yes = try body.sequence(flags).width
            guard body.skip("|") else { return yes.union(.zero) }
            body.output += "|"
            let no = try body.sequence(flags).width
            if body.next == "|" {
                throw PatternError("a conditional has more than two branches", at: body.position)
            }
            return yes.union(no)
        }
        return Item(kind: .group, width: width)
    }

    /// PCRE2 has no more groups than this.
    private static let maximumGroup = 65535

    private mutating func named(_ start: Int, _ flags: PatternFlags) throws(PatternError) -> Item {
        if skip("<") {
            let offset = position
            let name = try name(until: ">", of: "group name")
            guard Self.isIdentifier(name) else {
                throw PatternError("\"\(name)\" cannot be the name of a group", at: offset)
            }
            if let earlier = groupNames[name] {
                throw PatternError("the name \"\(name)\" is already that of group \(earlier)", at: offset)
            }
            return try captureGroup(named: name, start, flags)
        }
        guard skip("=") else {
            throw PatternError("\"(?P\" must be followed by \"<name>\" or \"=name\" in Python's re", at: start)
        }
        let offset = position
        let name = try name(until: ")", of: "group name")
        return try backreference(to: try groupNamed(name, at: offset), at: offset, flags)
    }

    private func groupNamed(_ name: String, at offset: Int) throws(PatternError) -> Int {
        guard let group = groupNames[name] else {
            throw PatternError("group \"\(name)\" is not defined before this", at: offset)
        }
        return group
    }

    /// Python's `str.isidentifier`.
    private static func isIdentifier(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first else { return false }
        return (first == "_" || first.properties.isXIDStart)
            && name.unicodeScalars.allSatisfy { $0.properties.isXIDContinue }
    }

    // MARK: References

    /// Writes a reference to what a group matched. Python allows it only behind the group.
    mutating func backreference(
        to group: Int, at offset: Int, _ flags: PatternFlags
    ) throws(PatternError) -> Item {
        guard group < groupWidths.count else {
            throw PatternError("group \(group) is not defined before this", at: offset)
        }
        let width = try widthOfClosed(group, at: offset)
        try checkLookbehind(group, at: offset)
        let ignoresASCIICase = flags.isSuperset(of: [.ascii, .ignoreCase])
        output += ignoresASCIICase ? "(?i:\\g{\(group)})" : "\\g{\(group)}"
        return Item(kind: .group, width: width)
    }

    @discardableResult
    private func widthOfClosed(_ group: Int, at offset: Int) throws(PatternError) -> PatternWidth {
        guard group < groupWidths.count, let width = groupWidths[group] else {
            throw PatternError("group \(group) is not closed here", at: offset)
        }
        return width
    }

    /// Inside a lookbehind, Python allows references only to groups that were closed before it.
    private func checkLookbehind(_ group: Int, at offset: Int) throws(PatternError) {
        guard let groupsBeforeLookbehind else { return }
        try widthOfClosed(group, at: offset)
        guard group < groupsBeforeLookbehind else {
            throw PatternError("group \(group) is in the same lookbehind", at: offset)
        }
    }

    // MARK: Flags

    /// Reads flags from behind the `(?`, and the group if they are for one.
    private mutating func flagGroup(
        _ start: Int, _ flags: inout PatternFlags, mayBeGlobal: Bool
    ) throws(PatternError) -> Item? {
        var typeFlag: Unicode.Scalar?
        var on: PatternFlags = []
        var off: PatternFlags = []
        while let letter = next, letter != ")", letter != ":", letter != "-" {
            if letter == "a" || letter == "u" {
                guard typeFlag ?? letter == letter else {
                    throw PatternError("the flags a and u cannot be used together", at: position)
                }
                typeFlag = letter
                position += 1
            } else {
                on.insert(try flag())
            }
        }
        if skip("-") {
            repeat { off.insert(try flag()) } while next != ":" && next != nil
        }
        if next == ")" {
            position += 1
            try setGlobally(on, typeFlag, start, mayBeGlobal: mayBeGlobal)
            flags = globalFlags
            return nil
        }
        guard skip(":") else { throw PatternError("\":\" or \")\" is missing after the flags", at: position) }
        guard on.isDisjoint(with: off) else {
            throw PatternError("a flag is both turned on and turned off", at: start)
        }
        var inner = flags.union(on).subtracting(off)
        if typeFlag == "a" { inner.insert(.ascii) }
        if typeFlag == "u" { inner.remove(.ascii) }
        let turnedOn = inner.forPCRE2.subtracting(flags.forPCRE2).letters
        let turnedOff = flags.forPCRE2.subtracting(inner.forPCRE2).letters
        let opening = "(?" + turnedOn + (turnedOff.isEmpty ? "" : "-" + turnedOff) + ":"
        return Item(kind: .group, try group(opening, start, inner))
    }

    private mutating func flag() throws(PatternError) -> PatternFlags {
        let offset = position
        position += 1
        switch offset < source.count ? source[offset] : nil {
        case "i": return .ignoreCase
        case "m": return .multiline
        case "s": return .dotAll
        case "x": return .verbose
        case "a", "u": throw PatternError("the flags a and u cannot be turned off", at: offset)
        case "L": throw PatternError("the flag L is only for patterns of bytes", at: offset)
        case let letter?: throw PatternError("\"\(letter)\" is not a flag; the flags are a, i, m, s, u, x", at: offset)
        case nil: throw PatternError("the pattern ends in flags", at: offset)
        }
    }

    private mutating func setGlobally(
        _ on: PatternFlags, _ typeFlag: Unicode.Scalar?, _ start: Int, mayBeGlobal: Bool
    ) throws(PatternError) {
        guard mayBeGlobal else {
            throw PatternError(
                "flags for the whole pattern must be at its start; write (?i:…) for a part", at: start)
        }
        globalFlags.formUnion(on)
        guard let typeFlag else { return }
        guard globalTypeFlag ?? typeFlag == typeFlag else {
            throw PatternError("the flags a and u cannot be used together", at: start)
        }
        globalTypeFlag = typeFlag
        if typeFlag == "a" { globalFlags.insert(.ascii) }
    }
}
