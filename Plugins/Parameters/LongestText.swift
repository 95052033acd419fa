import ScorerKit

/// The bytes that a text may have which is taken apart, word by word or number by number: more than any model answers.
///
/// Such a text is looked at as a whole, so that a run that is stopped waits for it, and what is found in it takes memory. With
/// these, a row takes less than a second, and some 100 MB. Texts that are only compared or searched have no limit.
public enum LongestText {
    public static let ofWords = 8 << 20
    /// Each word of a text with choices is kept with its place.
    public static let ofChoices = 2 << 20

    /// - Throws: if one of a row's texts is longer.
    public static func check(
        _ text: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer, most: Int = ofWords
    ) throws(RowFault) {
        if max(text.count, other.count) > most { throw fault(max(text.count, other.count), most) }
    }

    private static func fault(_ size: Int, _ most: Int) -> RowFault {
        RowFault(.inputError, "a text of \(size >> 20) MiB is longer than the \(most >> 20) MiB that are read")
    }
}
