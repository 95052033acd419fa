/// Compares what two answers state. Where a result is nil, they could be equal or not.
struct MathComparison {
    let algebra: Algebra

    /// The most elements of a list or set, since all are compared with all.
    private static let mostElements = 200

    func areEqual(_ expected: MathValue, _ generated: MathValue) throws(MathFault) -> Bool? {
        switch (expected, generated) {
        case (.text(let one), .text(let other)): return one.lowercased() == other.lowercased()
        case (.scalar, .scalar): return try areEqualScalars(expected, generated)
        case (.relation, .relation): return try areEqualRelations(expected, generated)
        case (.relation, _):
            return try solution(expected).flatMapThrowing { value throws(MathFault) in
                try areEqual(value, generated)
            } ?? false
        case (_, .relation):
            return try solution(generated).flatMapThrowing { value throws(MathFault) in
                try areEqual(expected, value)
            } ?? false
        case (.tuple(let one, let open, let close), .tuple(let other, let otherOpen, let otherClose)):
            guard open == otherOpen, close == otherClose else { return false }
            return try inOrder(one, other)
        case (.tuple(let one, _, _), .list(let other)), (.list(let one), .tuple(let other, _, _)):
            return try inOrder(one, other)
        case (.set(let one), .set(let other)): return try asSets(one, other)
        case (.set(let one), .list(let other)), (.list(let one), .set(let other)), (.list(let one), .list(let other)),
            (.union(let one), .union(let other)):
            return try inAnyOrder(one, other)
        case (.matrix(let one), .matrix(let other)):
            guard one.count == other.count else { return false }
            return try every(zip(one, other)) { rows throws(MathFault) in try inOrder(rows.0, rows.1) }
        default: return false
        }
    }

    // MARK: Elements

    /// True if all are, false if one is not, nil if it depends on what is not known.
    private func every<Elements: Sequence>(
        _ elements: Elements, _ isEqual: (Elements.Element) throws(MathFault) -> Bool?
    ) throws(MathFault) -> Bool? {
        var result: Bool? = true
        for element in elements {
            switch try isEqual(element) {
            case true?: continue
            case false?: return false
            case nil: result = nil
            }
        }
        return result
    }

    private func inOrder(_ one: [MathValue], _ other: [MathValue]) throws(MathFault) -> Bool? {
        guard one.count == other.count else { return false }
        return try every(zip(one, other)) { pair throws(MathFault) in try areEqual(pair.0, pair.1) }
    }

    private func inAnyOrder(_ one: [MathValue], _ other: [MathValue]) throws(MathFault) -> Bool? {
        guard one.count == other.count else { return false }
        guard one.count <= Self.mostElements else { throw .tooLarge }
        var rest = other
        var isKnown = true
        for element in one {
            guard let (place, verdict) = try match(element, in: rest) else { return false }
            if verdict { rest.remove(at: place) } else { isKnown = false }
        }
        return isKnown ? true : nil
    }

    /// Every element of one is in the other.
    private func asSets(_ one: [MathValue], _ other: [MathValue]) throws(MathFault) -> Bool? {
        guard max(one.count, other.count) <= Self.mostElements else { throw .tooLarge }
        var isKnown = true
        for (elements, all) in [(one, other), (other, one)] {
            for element in elements {
                guard let (_, verdict) = try match(element, in: all) else { return false }
                isKnown = isKnown && verdict
            }
        }
        return isKnown ? true : nil
    }

    /// An element that is equal, or one that may be; nil if there is neither.
    private func match(_ value: MathValue, in elements: [MathValue]) throws(MathFault) -> (Int, isEqual: Bool)? {
        var possible: Int?
        for (place, element) in elements.enumerated() {
            switch try areEqual(value, element) {
            case true?: return (place, true)
            case false?: continue
            case nil: possible = place
            }
        }
        return possible.map { ($0, false) }
    }

    // MARK: Numbers and formulas

    private func areEqualScalars(_ one: MathValue, _ other: MathValue) throws(MathFault) -> Bool? {
        guard case .scalar(let left, let isPercent, let unit) = one,
            case .scalar(let right, let otherIsPercent, let otherUnit) = other
        else { return false }
        // A unit that only one of them states may be left out.
        if let unit, let otherUnit, Self.withoutSpace(unit) != Self.withoutSpace(otherUnit) { return false }
        let plain = try algebra.areEqual(left, right)
        if isPercent == otherIsPercent || plain == true { return plain }
        let hundredth = Quotient(try Rational(1, 100))
        let scaled = try algebra.product(isPercent ? left : right, hundredth)
        return try algebra.areEqual(scaled, isPercent ? right : left)
    }

    private static func withoutSpace(_ text: String) -> String { text.filter { $0 != " " && $0 != "." } }

    // MARK: Relations

    /// What a relation says of a variable: 5 for x = 5, an interval for 1 < x and for x ∈ (1, 2); nil for others.
    private func solution(_ relation: MathValue) throws(MathFault) -> MathValue? {
        guard let (_, value) = try variableAndSolution(relation) else { return nil }
        return value
    }

    private func variableAndSolution(_ relation: MathValue) throws(MathFault) -> (variable: Quotient, MathValue)? {
        guard case .relation(let sides, let relations) = relation else { return nil }
        func variableSide(_ place: Int) -> Quotient? {
            guard case .scalar(let quotient, false, nil) = sides[place], algebra.isVariable(quotient) else {
                return nil
            }
            return quotient
        }
        if sides.count == 3, let variable = variableSide(1), let open = bracket(relations[0]),
            open == bracket(relations[1])
        {
            let isRising = relations[0] == "<" || relations[0] == "l"
            let ends = isRising ? [sides[0], sides[2]] : [sides[2], sides[0]]
            let isOpen = [isStrict(relations[0]), isStrict(relations[1])]
            let (first, last) = isRising ? (isOpen[0], isOpen[1]) : (isOpen[1], isOpen[0])
            return (variable, .tuple(ends, open: first ? "(" : "[", close: last ? ")" : "]"))
        }
        guard sides.count == 2 else { return nil }
        if let variable = variableSide(0), relations[0] == "=" || relations[0] == "∈" { return (variable, sides[1]) }
        if let variable = variableSide(1), relations[0] == "=" { return (variable, sides[0]) }
        guard bracket(relations[0]) != nil, let place = variableSide(0) != nil ? 0 : variableSide(1) != nil ? 1 : nil,
            let variable = variableSide(place)
        else { return nil }
        // The variable is above the other side, or below it.
        let isRising = relations[0] == "<" || relations[0] == "l"
        let isAbove = isRising == (place == 1)
        let isOpen = isStrict(relations[0])
        let bound = sides[1 - place]
        let interval: MathValue =
            isAbove
            ? .tuple([bound, .scalar(Algebra.infinity)], open: isOpen ? "(" : "[", close: ")")
            : .tuple([.scalar(try algebra.negated(Algebra.infinity)), bound], open: "(", close: isOpen ? ")" : "]")
        return (variable, interval)
    }

    /// The direction of an inequality; nil for other relations.
    private func bracket(_ relation: Character) -> Character? {
        switch relation {
        case "<", "l": "<"
        case ">", "g": ">"
        default: nil
        }
    }

    private func isStrict(_ relation: Character) -> Bool { relation == "<" || relation == ">" }

    private func areEqualRelations(_ one: MathValue, _ other: MathValue) throws(MathFault) -> Bool? {
        guard case .relation(let sides, let relations) = one,
            case .relation(let otherSides, let otherRelations) = other
        else { return false }
        if relations == otherRelations, try inOrder(sides, otherSides) == true { return true }
        // Two equations are the same if one is a multiple of the other.
        if relations == ["="], otherRelations == ["="], let oneDifference = try difference(sides),
            let otherDifference = try difference(otherSides)
        {
            return try algebra.areProportional(oneDifference, otherDifference)
        }
        if let (variable, value) = try variableAndSolution(one),
            let (otherVariable, otherValue) = try variableAndSolution(other)
        {
            guard try algebra.areEqual(variable, otherVariable) == true else { return false }
            return try areEqual(value, otherValue)
        }
        // The same from right to left.
        let mirrored = String("=!∈") + "<>lg"
        guard relations.allSatisfy({ mirrored.contains($0) && $0 != "∈" }), relations.count == otherRelations.count
        else {
            return false
        }
        let flipped: [Character: Character] = ["<": ">", ">": "<", "l": "g", "g": "l", "=": "=", "!": "!"]
        guard relations.reversed().map({ flipped[$0] ?? $0 }) == otherRelations else { return false }
        return try inOrder(sides.reversed(), otherSides)
    }

    private func difference(_ sides: [MathValue]) throws(MathFault) -> Quotient? {
        guard sides.count == 2, let left = sides[0].quotient, let right = sides[1].quotient else { return nil }
        return try algebra.sum(left, algebra.negated(right))
    }
}

extension Optional {
    /// `flatMap` for closures with a typed error.
    fileprivate func flatMapThrowing<Result>(
        _ body: (Wrapped) throws(MathFault) -> Result?
    ) throws(MathFault) -> Result? {
        guard let self else { return nil }
        return try body(self)
    }
}
