/// A count as people read it, with commas between groups of three digits: `2,638`.
package func grouped(_ count: Int) -> String {
    let digits = String(count.magnitude)
    var text = count < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
        text.append(digit)
    }
    return text
}

/// `1 request`, `2,638 requests`.
///
/// - Parameter plural: the noun for other counts than one; by default with an s.
package func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(grouped(count)) \(count == 1 ? noun : plural ?? noun + "s")"
}

/// What a job waits for: `waiting for 2 batches: 1,200 of 2,000 requests answered`.
package func waitingText(batches: Int, answered: Int, of requests: Int) -> String {
    "waiting for \(counted(batches, "batch", plural: "batches")): \(grouped(answered)) of \(grouped(requests)) requests answered"
}
