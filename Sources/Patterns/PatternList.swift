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
        if let filter { return try firstMatch(of: filter, in: subject, using: &scratch) }
        for index in codes.indices {
            if index & 3 == 3, scratch.isRowOver() { throw rowIsOver(before: index, scratch) }
            let result = scratch.searchOnce(codes[index].code, in: subject, from: 0, options: 0)
            if result > 0 {
                return (index, scratch.match(pairs: result, answerGroup: codes[index].answerGroup))
            }
            if result == PCRE2_ERROR_NOMATCH { continue }
            if let match = try patterns[index].firstMatch(in: subject, using: &scratch) { return (index, match) }
        }
        scratch.forgetMatch()
        return nil
    }

    @inline(never)
    private func firstMatch(
        of filter: PatternFilter, in subject: UnsafeRawBufferPointer, using scratch: inout MatchScratch
    ) throws(MatchError) -> (pattern: Int, match: Match)? {
        var found: (pattern: Int, match: Match)?
        var tried = 0
        try filter.forEachCandidate(in: subject) { index throws(MatchError) in
            if tried & 3 == 3, scratch.isRowOver() { throw rowIsOver(before: index, scratch) }
            tried += 1
            let result = scratch.searchOnce(codes[index].code, in: subject, from: 0, options: 0)
            if result > 0 {
                found = (index, scratch.match(pairs: result, answerGroup: codes[index].answerGroup))
                return true
            }
            if result == PCRE2_ERROR_NOMATCH { return false }
            guard let match = try patterns[index].firstMatch(in: subject, using: &scratch) else { return false }
            found = (index, match)
            return true
        }
        if found == nil { scratch.forgetMatch() }
        return found
    }

    /// One search that is not timed takes seconds at worst; a thousand of them would take an hour.
    private func rowIsOver(before index: Int, _ scratch: borrowing MatchScratch) -> MatchError {
        MatchError(code: PCRE2_ERROR_CALLOUT, pattern: patterns[max(index, 1) - 1], scratch.clock.pointee)
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
