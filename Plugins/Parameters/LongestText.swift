import ScorerKit

/// The bytes that a text may have which is taken apart, word by word or number by number: more than any model answers.
///
/// Such a text is looked at as a whole, so that a run that is stopped waits for it, and what is found in it takes memory. With
/// these, a row takes less than a second, and some 100 MB. Texts that are only compared or searched have no limit.
public enum LongestText {
    @inlinable public static var ofWords: Int { 8 << 20 }
    /// Both the answer and the accepted ones are taken apart, mark by mark.
    @inlinable public static var ofDocuments: Int { 4 << 20 }
    /// Each word of a text with choices is kept with its place.
    @inlinable public static var ofChoices: Int { 2 << 20 }

    /// - Throws: if one of a row's texts is longer.
    @inlinable
    public static func check(
        _ text: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer, most: Int = ofWords
    ) throws(RowFault) {
        if max(text.count, other.count) > most { throw fault(max(text.count, other.count), most) }
    }

    /// What may be compared where several answers are right: the bytes of an answer, for each right one.
    public static let ofComparisons = 1 << 28

    /// - Throws: if a row has too many right answers for the length of what is compared with each of them.
    public static func check(_ size: Int, comparedWith count: Int) throws(RowFault) {
        guard count > 1,
            size.multipliedReportingOverflow(by: count).partialValue > ofComparisons || size > ofComparisons
        else { return }
        throw RowFault(
            .inputError,
            "there are \(count) correct answers for an answer of \(size) bytes, above the limit of "
                + "\(ofComparisons >> 20) MiB in total")
    }

    @usableFromInline
    internal static func fault(_ size: Int, _ most: Int) -> RowFault {
        RowFault(.inputError, "a text of \(size >> 20) MiB is longer than the limit of \(most >> 20) MiB")
    }
}
