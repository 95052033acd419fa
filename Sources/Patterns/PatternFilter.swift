/// Tells in one pass over a subject which of many patterns can match in it at all.
///
/// A pattern such as `(?i)Answer\s*:\s*([A-D])` matches only where the subject contains "answer". All such texts are searched for
/// together (see `TextFinder`). The patterns that are not ruled out are then searched as if there were no filter, so results
/// do not depend on it.
///
/// It has no owner of its memory, since counting references would cost threads that share it more than the search: whoever
/// creates it calls `deallocate`.
struct PatternFilter {
    /// Fewer patterns are tried faster than a subject is looked through.
    private static let fewestPatterns = 4

    private let general: TextFinder
    /// For subjects of ASCII alone, in which more can be ruled out.
    private let ascii: TextFinder

    /// Nil if there are too few patterns, or too few of them can be ruled out.
    init?(_ patterns: [Pattern]) {
        guard patterns.count >= Self.fewestPatterns else { return nil }
        general = TextFinder(patterns.map(\.required.general.texts), stride: 1)
        ascii = TextFinder(patterns.map(\.required.ascii.texts), stride: 2)
        if ascii.ruledOutCount < Self.fewestPatterns {
            deallocate()
            return nil
        }
    }

    func deallocate() {
        general.deallocate()
        ascii.deallocate()
    }

    /// Calls `body` with the indices of the patterns that may match, in order, until it returns true.
    @inline(__always)
    func forEachCandidate<Fault: Error>(
        in subject: UnsafeRawBufferPointer, _ body: (Int) throws(Fault) -> Bool
    ) throws(Fault) {
        let finder = subject.isASCII ? ascii : general
        var fault: Fault?
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: finder.always.count) { words in
            _ = words.initialize(from: finder.always)
            finder.mark(in: subject, words)
            for index in words.indices {
                var word = words[index]
                while word != 0 {
                    do throws(Fault) {
                        if try body(index * 64 + word.trailingZeroBitCount) { return }
                    } catch {
                        fault = error
                        return
                    }
                    word &= word - 1
                }
            }
        }
        if let fault { throw fault }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether all bytes are below 0x80.
    fileprivate var isASCII: Bool {
        var bits: UInt64 = 0
        var place = 0
        while place + 8 <= count {
            bits |= loadUnaligned(fromByteOffset: place, as: UInt64.self)
            place += 8
        }
        while place < count {
            bits |= UInt64(self[place])
            place += 1
        }
        return bits & 0x8080_8080_8080_8080 == 0
    }
}
