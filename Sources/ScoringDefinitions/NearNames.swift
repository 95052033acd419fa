/// The candidates that are similar to `name`, the nearest first.
///
/// Case, underscores and hyphens make no difference. Names with a provider (`PROVIDER::NAME`) are compared as a whole, and
/// by the part after the provider. At most `limit` letters may differ (Levenshtein distance); nil means a third of the
/// letters of `name`.
///
/// Complexity: the number of candidates that are about as long as `name`, times the square of that length.
package func nearNames(to name: String, among candidates: some Sequence<String>, limit: Int? = nil) -> [String] {
    let whole = folded(name)
    let part = folded(partAfterProvider(of: name))
    var near: [(distance: Int, wholeDistance: Int, name: String)] = []
    for candidate in candidates {
        let wholeDistance = distance(whole, folded(candidate), limit: limit ?? whole.count / 3)
        let candidatePart = folded(partAfterProvider(of: candidate))
        let partDistance = distance(part, candidatePart, limit: limit ?? part.count / 3)
        guard let nearest = [wholeDistance, partDistance].compactMap({ $0 }).min() else { continue }
        near.append((nearest, wholeDistance ?? .max, candidate))
    }
    near.sort { ($0.distance, $0.wholeDistance, $0.name) < ($1.distance, $1.wholeDistance, $1.name) }
    return near.map(\.name)
}

private func partAfterProvider(of name: String) -> Substring {
    name.firstRange(of: "::").map { name[$0.upperBound...] } ?? name[...]
}

private func folded(_ name: some StringProtocol) -> [Unicode.Scalar] {
    name.lowercased().unicodeScalars.filter { $0 != "_" && $0 != "-" }
}

/// The Levenshtein distance, or nil if it is above `limit`.
private func distance(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar], limit: Int) -> Int? {
    guard abs(one.count - other.count) <= limit else { return nil }
    var row = Array(0...other.count)
    for (i, letter) in one.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, otherLetter) in other.enumerated() {
            let substituted = diagonal + (letter == otherLetter ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, diagonal + 1, row[j] + 1)
        }
    }
    return row[other.count] <= limit ? row[other.count] : nil
}
