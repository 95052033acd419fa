import JSON

/// The texts that a run has embedded, or is embedding, and who waits for them. No I/O.
struct EmbeddingTable {
    /// A text for a model.
    private struct Key: Hashable {
        var model: String
        var text: ExactText
    }

    typealias Waiter = CheckedContinuation<Void, Never>

    private var vectors: [Key: [Double]] = [:]
    /// The keys of `vectors` from the oldest, and the place of the oldest that is kept.
    private var order: [Key] = []
    private var oldest = 0
    private var size = 0
    private var waiters: [Key: [Waiter]] = [:]

    /// The bytes of vectors that are kept in memory. Older ones are found in the reply cache, if there is one.
    private static let capacity = 64 << 20

    /// What is to be done about texts.
    struct Claim {
        var known: [ExactText: [Double]] = [:]
        /// Texts that the caller has to embed.
        var own: [String] = []
        /// Texts that others are embedding.
        var others: [String] = []
    }

    /// Takes texts, each once: those that nobody is embedding are the caller's, who must `finish` or `release` them.
    mutating func claim(_ texts: [String], of model: String) -> Claim {
        var claim = Claim()
        for text in texts {
            let key = Key(model: model, text: ExactText(text))
            if let vector = vectors[key] {
                claim.known[key.text] = vector
            } else if waiters[key] != nil {
                claim.others.append(text)
            } else {
                waiters[key] = []
                claim.own.append(text)
            }
        }
        return claim
    }

    /// Waits for a text that another caller is embedding. Returns false if nobody is.
    mutating func wait(for text: String, of model: String, _ waiter: Waiter) -> Bool {
        let key = Key(model: model, text: ExactText(text))
        guard waiters[key] != nil else { return false }
        waiters[key]?.append(waiter)
        return true
    }

    /// Takes the vectors of texts, or nothing if they could not be embedded.
    ///
    /// - Returns: who waits for one of them.
    mutating func finish(_ texts: [String], of model: String, _ found: [ExactText: [Double]]) -> [Waiter] {
        var woken: [Waiter] = []
        for text in texts {
            let key = Key(model: model, text: ExactText(text))
            woken += waiters.removeValue(forKey: key) ?? []
            guard let vector = found[key.text], vectors[key] == nil else { continue }
            vectors[key] = vector
            order.append(key)
            size += 8 * vector.count + text.utf8.count
        }
        while size > Self.capacity, oldest < order.count {
            let key = order[oldest]
            oldest += 1
            if let vector = vectors.removeValue(forKey: key) { size -= 8 * vector.count + key.text.text.utf8.count }
        }
        if oldest > 4096 && oldest * 2 > order.count {
            order.removeFirst(oldest)
            oldest = 0
        }
        return woken
    }
}
