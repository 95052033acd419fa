internal import CPCRE2

/// A regular expression in the dialect of Python's `re` (`str` patterns, Python 3.11 and 3.12), compiled by PCRE2.
///
/// Subjects are UTF-8 text; the caller guarantees that they are valid. Offsets are in bytes.
///
/// Patterns that Python accepts are translated with the same meaning (see `PatternTranslator`); patterns that it rejects are
/// rejected, with the position. These differences remain:
/// - If a group is captured inside a repeat or a lookaround that is later abandoned, Python's engine may keep the span of
///   the abandoned attempt. PCRE2 does as Perl does.
/// - In a case-insensitive back reference, "ı" and "İ" do not match "i" (nor "ΐ", "ΰ", "ſt" their doubles), and with `(?a)` other
///   letters than ASCII's have two cases too.
/// - A group with an upper repeat count, as in `{,2}`, may use up a repetition with an empty match where Python does not.
/// - A repeated lookaround is tried once, and a lookbehind repeated from zero times inside another one is rejected.
/// - Repeat counts are limited to 65535, groups to a nesting depth of 200, and the compiled form to 64 KiB.
/// - `\N{…}` knows names and corrected names, but no other aliases (`\N{LINE FEED}`).
///
/// `@unchecked Sendable`: PCRE2 does not write to compiled code, and nothing else changes after `init`.
public final class Pattern: @unchecked Sendable {
    /// The pattern as it was given.
    public let source: String

    public let limits: MatchLimits

    /// The number of capturing groups: groups 1 ... `captureCount` exist.
    public let captureCount: Int

    /// The number of the group named `answer`, `(?P<answer>…)`; 0 if there is none. See `Match.answer`.
    let answerGroup: Int32

    /// For short searches, which are nearly all of them.
    let direct: CompiledCode
    /// With a callout before each item, so that a search can be timed; a fifth to a twentieth as fast.
    let guarded: CompiledCode

    /// Where a match can start, if the pattern determines that.
    let starts: StartPositions
    /// What a match begins with, where it can start anywhere and that can be told.
    let firstBytes: FirstBytes?
    /// What each match contains.
    let required: RequiredText.BySubject

    /// The bytes that the compiled forms take, machine code included.
    public var compiledSize: Int { direct.size + guarded.size }

    enum StartPositions { case anywhere, lineStarts, beginningOnly }

    /// Compiles `source`; takes about 0.1 ms.
    public init(_ source: String, limits: MatchLimits = .standard) throws(PatternError) {
        let translation = try PatternTranslator.translate(source)
        direct = try CompiledCode(translation, extraOptions: 0)
        guarded = try CompiledCode(translation, extraOptions: PCRE2_AUTO_CALLOUT)
        starts = direct.starts
        firstBytes = starts == .anywhere ? FirstBytes(direct.pointer) : nil
        required = translation.required
        captureCount = translation.captureCount
        answerGroup = Int32(translation.answerGroup)
        self.source = source
        self.limits = limits
    }
}

/// Code compiled by PCRE2, for its interpreter and, where the system allows, the processor.
struct CompiledCode: ~Copyable {
    let pointer: OpaquePointer

    init(_ translation: PatternTranslation, extraOptions: UInt32) throws(PatternError) {
        var text = translation.text
        var code: Int32 = 0
        var offset = 0
        let options = translation.options | extraOptions | PCRE2_USE_OFFSET_LIMIT | PCRE2_NO_UTF_CHECK
        let compiled = text.withUTF8 { utf8 in
            pcre2_compile_8(utf8.baseAddress, utf8.count, options, &code, &offset, nil)
        }
        guard let compiled else {
            throw PatternError(
                "PCRE2 cannot compile the pattern: \(Self.message(of: code))", at: translation.sourceOffset(of: offset))
        }
        pointer = compiled
        // Where this fails (no executable memory, or a very long pattern), searches find out and interpret.
        _ = pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE)
    }

    deinit {
        pcre2_code_free_8(pointer)
    }

    /// The bytes that it takes, machine code included.
    var size: Int {
        var code = 0
        var machineCode = 0
        _ = pcre2_pattern_info_8(pointer, UInt32(PCRE2_INFO_SIZE), &code)
        _ = pcre2_pattern_info_8(pointer, UInt32(PCRE2_INFO_JITSIZE), &machineCode)
        return code + machineCode
    }

    var starts: Pattern.StartPositions {
        var options: UInt32 = 0
        var firstCodeKind: UInt32 = 0
        _ = pcre2_pattern_info_8(pointer, UInt32(PCRE2_INFO_ALLOPTIONS), &options)
        _ = pcre2_pattern_info_8(pointer, UInt32(PCRE2_INFO_FIRSTCODETYPE), &firstCodeKind)
        if options & PCRE2_ANCHORED != 0 { return .beginningOnly }
        return firstCodeKind == 2 ? .lineStarts : .anywhere
    }

    private static func message(of code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            let length = pcre2_get_error_message_8(code, buffer.baseAddress, buffer.count)
            guard length >= 0 else { return "error \(code)" }
            return String(decoding: buffer[..<Int(length)], as: UTF8.self)
        }
    }
}
