/// The elements with the least keys of many, in ascending order, in memory for no more than `limit` of them.
struct LeastElements<Key: Comparable, Element> {
    private(set) var entries: [(key: Key, element: Element)] = []
    let limit: Int

    init(limit: Int) { self.limit = limit }

    var elements: [Element] { entries.map(\.element) }

    /// Adds an element, if its key is among the least. Of equal keys, the first stay.
    ///
    /// - Parameter element: is only made if it is kept.
    /// - Complexity: O(log n) comparisons for an element that is not kept, and O(n) moves for others.
    mutating func add(_ key: Key, _ element: @autoclosure () -> Element) {
        if entries.count == limit {
            guard let last = entries.last, key < last.key else { return }
            entries.removeLast()
        }
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key <= key { low = middle + 1 } else { high = middle }
        }
        entries.insert((key, element()), at: low)
    }
}
