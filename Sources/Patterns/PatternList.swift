internal import CPCRE2

/// Patterns that are tried one after the other on each of many subjects.
///
/// Searching the elements of an array does the same, but Swift then counts references for each pattern and subject, and
/// threads that share the patterns wait for each other over that. A search in a list counts none unless it is a long one.
///
/// `@unchecked Sendable`: nothing changes after `init`, and `patterns` keeps alive what `codes` points to.
public final class PatternList: @unchecked Sendable {
    public let patterns: [Pattern]

    /// The direct code of each of the patterns.
    private let codes: UnsafeMutableBufferPointer<(code: OpaquePointer, answerGroup: Int32)>
    /// Rules out most of many patterns.
    private let filter: PatternFilter?

    public init(_ patterns: [Pattern]) {
        self.patterns = patterns
        filter = PatternFilter(patterns)
        codes = .allocate(capacity: patterns.count)
        _ = codes.initialize(from: patterns.map { ($0.direct.pointer, $0.answerGroup) })
    }

    deinit {
        filter?.deallocate()
        codes.deallocate()
    }

    /// The first pattern, in their order, that is found in a subject, and its leftmost match.
    public func firstMatch(
        in subject: UnsafeRawBufferPointer, using scratch: inout MatchScratch
    ) throws(MatchError) -> (pattern: Int, match: Match)? {
        guard let filter else {
            for index in codes.indices {
                if let match = try match(of: index, in: subject, using: &scratch) { return (index, match) }
            }
            scratch.forgetMatch()
            return nil
        }
        var found: (pattern: Int, match: Match)?
        try filter.forEachCandidate(in: subject) { index throws(MatchError) in
            guard let match = try match(of: index, in: subject, using: &scratch) else { return false }
            found = (index, match)
            return true
        }
        if found == nil { scratch.forgetMatch() }
        return found
    }

    @inline(__always)
    private func match(
        of index: Int, in subject: UnsafeRawBufferPointer, using scratch: inout MatchScratch
    ) throws(MatchError) -> Match? {
        // One search that is not timed takes seconds at worst; a thousand of them would take an hour.
        if index & 3 == 3, scratch.isRowOver() {
            throw MatchError(code: PCRE2_ERROR_CALLOUT, pattern: patterns[index - 1], scratch.clock.pointee)
        }
        let result = scratch.searchOnce(codes[index].code, in: subject, from: 0, options: 0)
        if result > 0 { return scratch.match(pairs: result, answerGroup: codes[index].answerGroup) }
        if result == PCRE2_ERROR_NOMATCH { return nil }
        return try patterns[index].firstMatch(in: subject, using: &scratch)
    }

    /// The first pattern, in their order, that is found in a subject, and its last match (see `Pattern.lastMatch`).
    public func lastMatch(
        in subject: UnsafeRawBufferPointer, using scratch: inout MatchScratch
    ) throws(MatchError) -> (pattern: Int, match: Match)? {
        guard let (index, _) = try firstMatch(in: subject, using: &scratch),
            let last = try patterns[index].lastMatch(in: subject, using: &scratch)
        else { return nil }
        return (index, last)
    }
}
