internal import CPCRE2

extension Pattern {
    /// The leftmost match in a subject: Python's `re.search`.
    ///
    /// In a subject of up to 2 KiB, one call into compiled code unless the pattern backtracks much. Allocates nothing.
    public func firstMatch(
        in subject: UnsafeRawBufferPointer, using scratch: inout MatchScratch
    ) throws(MatchError) -> Match? {
        var isTimed = false
        let match = try nextMatch(in: subject, from: 0, options: 0, isTimed: &isTimed, using: &scratch)
        if match == nil { scratch.forgetMatch() }
        return match
    }

    /// The last of the matches that `forEachMatch` goes through.
    public func lastMatch(
        in subject: UnsafeRawBufferPointer, using scratch: inout MatchScratch
    ) throws(MatchError) -> Match? {
        var last: Match?
        try forEachMatch(in: subject, using: &scratch) { last = $0 }
        return last
    }

    /// Goes through the matches in a subject that do not overlap, from left to right: Python's `re.finditer`.
    ///
    /// As there, an empty match may follow right after another match, but not after an empty one at the same place.
    public func forEachMatch(
        in subject: UnsafeRawBufferPointer, using scratch: inout MatchScratch, _ body: (Match) -> Void
    ) throws(MatchError) {
        var isTimed = false
        var start = 0
        var options: UInt32 = 0
        while let match = try nextMatch(
            in: subject, from: start, options: options, isTimed: &isTimed, using: &scratch)
        {
            body(match)
            start = match.range.upperBound
            options = match.range.isEmpty ? PCRE2_NOTEMPTY_ATSTART : 0
        }
        scratch.forgetMatch()
    }

    /// The leftmost match that starts at `start` or later. `isTimed` is whether the clock runs for this search.
    @inline(__always)
    private func nextMatch(
        in subject: UnsafeRawBufferPointer, from start: Int, options: UInt32,
        isTimed: inout Bool, using scratch: inout MatchScratch
    ) throws(MatchError) -> Match? {
        let result = scratch.searchOnce(direct.pointer, in: subject, from: start, options: options)
        if result > 0 { return scratch.match(pairs: result, answerGroup: answerGroup) }
        if result == PCRE2_ERROR_NOMATCH { return nil }
        return try nextMatchInWindows(in: subject, from: start, options: options, isTimed: &isTimed, using: &scratch)
    }

    /// Searches window by window, a window being a range of start positions, and looks at the clock after each.
    ///
    /// A window that needs more than a few steps from some position is searched again by the guarded code, which goes as
    /// far as the limits allow and looks at the clock itself.
    @inline(never)
    private func nextMatchInWindows(
        in subject: UnsafeRawBufferPointer, from start: Int, options: UInt32,
        isTimed: inout Bool, using scratch: inout MatchScratch
    ) throws(MatchError) -> Match? {
        scratch.forgetMatch()
        if !isTimed { scratch.clock.pointee.beginSearch(budget: limits.timeBudget) }
        isTimed = true
        limits.apply(to: scratch.guardedContext, subjectLength: subject.count)

        let windowLength = starts == .beginningOnly ? Int.max : SearchPlan.windowLength(subjectLength: subject.count)
        var window = SearchWindow(
            subject: scratch.addressed(subject), start: start, options: options, length: windowLength)
        while true {
            if let firstBytes, !window.skip(to: firstBytes) { return nil }
            var result = PCRE2_ERROR_MATCHLIMIT
            if subject.count <= SearchPlan.longestWindowedLength {
                result = searchDirectly(window, using: scratch)
            }
            if result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_JIT_STACKLIMIT
                || result == PCRE2_ERROR_JIT_BADOPTION
            {
                result = searchGuarded(window, using: scratch)
            }
            if result > 0 { return scratch.match(pairs: result, answerGroup: answerGroup) }
            if result == 0 {
                // A match with more groups than the scratch has room for.
                guard scratch.reserve(captureCount: captureCount) else {
                    throw MatchError(code: PCRE2_ERROR_NOMEMORY, pattern: self, scratch.clock.pointee)
                }
                continue
            }
            guard result == PCRE2_ERROR_NOMATCH else {
                throw MatchError(code: result, pattern: self, scratch.clock.pointee)
            }
            guard window.advance(starts: starts) else { return nil }
            if scratch.clock.pointee.isOver {
                throw MatchError(code: PCRE2_ERROR_CALLOUT, pattern: self, scratch.clock.pointee)
            }
        }
    }

    private func searchDirectly(_ window: SearchWindow, using scratch: borrowing MatchScratch) -> Int32 {
        pcre2_set_offset_limit_8(scratch.directContext, window.lastStart)
        defer { pcre2_set_offset_limit_8(scratch.directContext, SearchPlan.noOffsetLimit) }
        return pcre2_jit_match_8(
            direct.pointer, window.text, window.subject.count, window.start, window.options, scratch.matchData,
            scratch.directContext)
    }

    private func searchGuarded(_ window: SearchWindow, using scratch: borrowing MatchScratch) -> Int32 {
        pcre2_set_offset_limit_8(scratch.guardedContext, window.lastStart)
        let result = pcre2_jit_match_8(
            guarded.pointer, window.text, window.subject.count, window.start, window.options, scratch.matchData,
            scratch.guardedContext)
        guard result == PCRE2_ERROR_JIT_STACKLIMIT || result == PCRE2_ERROR_JIT_BADOPTION else { return result }

        // The interpreter backtracks on the heap, in memory that stays with the match data it is given: hence its own.
        guard let matchData = pcre2_match_data_create_8(scratch.pairCapacity, nil) else { return PCRE2_ERROR_NOMEMORY }
        defer { pcre2_match_data_free_8(matchData) }
        let interpreted = pcre2_match_8(
            guarded.pointer, window.text, window.subject.count, window.start,
            window.options | PCRE2_NO_JIT | PCRE2_NO_UTF_CHECK, matchData, scratch.guardedContext)
        if interpreted > 0, let offsets = pcre2_get_ovector_pointer_8(matchData) {
            scratch.offsets.update(from: offsets, count: 2 * Int(interpreted))
        }
        return interpreted
    }
}

extension MatchLimits {
    fileprivate func apply(to context: OpaquePointer, subjectLength: Int) {
        // No subject is so long that this overflows: addresses have 48 bits, or 57.
        pcre2_set_match_limit_8(context, UInt32(clamping: Int(steps) + 16 * subjectLength))
        pcre2_set_heap_limit_8(context, heap)
        pcre2_set_depth_limit_8(context, depth)
    }
}
