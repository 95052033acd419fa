extension Array where Element: Equatable {
    /// The elements with each occurrence of `pattern`, which is not empty, replaced, from the left; nil if there are then more
    /// than `most`.
    ///
    /// In time proportional to the lengths: Knuth, Morris and Pratt's search (SIAM J. Comput. 6, 1977).
    @inlinable
    public func replacing(_ pattern: [Element], with replacement: [Element], most: Int) -> [Element]? {
        // For each start of the pattern, the length of the longest shorter start that it ends with.
        var borders = [0]
        for element in pattern.dropFirst() {
            var border = borders[borders.count - 1]
            while border > 0, pattern[border] != element { border = borders[border - 1] }
            borders.append(pattern[border] == element ? border + 1 : 0)
        }
        var made: [Element] = []
        made.reserveCapacity(count)
        var matched = 0
        for element in self {
            while matched > 0, pattern[matched] != element { matched = borders[matched - 1] }
            if pattern[matched] == element { matched += 1 }
            made.append(element)
            guard matched == pattern.count else { continue }
            matched = 0
            made.removeLast(pattern.count)
            made += replacement
            if made.count > most { return nil }
        }
        return made
    }
}
