/// Several samples of each question: each question counts the same, however many samples of it were scored.
package struct RepeatedSamples: Sendable {
    package private(set) var questions = 0
    package private(set) var samples = 0
    /// Of the questions' means.
    package private(set) var means = Moments()
    /// Questions whose samples all have one score.
    package private(set) var consistent = 0
    private var within = ExactSum()
    private var samplingParts = ExactSum()
    private var isWithinDefined = true

    /// No questions.
    package init() {}

    /// Adds the scored samples of a question. One without any is left out.
    package mutating func add(_ scores: Moments) {
        guard let mean = scores.mean() else { return }
        questions += 1
        samples += scores.count
        means.add(mean)
        if scores.count == 1 || scores.standardError == 0 { consistent += 1 }
        guard let deviation = scores.standardDeviation else {
            isWithinDefined = false
            return
        }
        within.add(product: deviation, deviation)
        samplingParts.add(deviation * deviation / Double(scores.count))
    }

    /// The mean over questions of the variance of a question's samples; nil where a question has one sample.
    package var withinVariance: Double? {
        isWithinDefined && questions > 0 ? within.divided(by: questions) : nil
    }

    /// What more samples of the same questions would take from the squared standard error (E. Miller, 2024, section 3).
    package var samplingPart: Double? {
        isWithinDefined && questions > 0 ? samplingParts.value / Double(questions) / Double(questions) : nil
    }
}

/// The chance that some of k samples pass, where `correct` of n did: 1 - C(n - c, k) / C(n, k), computed as
/// 1 - Π_{j = n-c+1...n} (1 - k/j) (M. Chen et al., "Evaluating large language models trained on code", 2021).
///
/// Nil for fewer than k samples.
package func passAtK(samples n: Int, correct c: Int, k: Int) -> Double? {
    guard k > 0, n >= k, c >= 0, c <= n else { return nil }
    if c > n - k { return 1 }
    if c == 0 { return 0 }
    var miss = 1.0
    for j in (n - c + 1)...n { miss *= 1 - Double(k) / Double(j) }
    return 1 - miss
}

/// The chance that all of k samples pass, where `correct` of n did: C(c, k) / C(n, k) (S. Yao et al., "τ-bench", 2024).
///
/// Nil for fewer than k samples.
package func passHatK(samples n: Int, correct c: Int, k: Int) -> Double? {
    guard k > 0, n >= k, c >= 0, c <= n else { return nil }
    if c < k { return 0 }
    var chance = 1.0
    for i in 0..<k { chance *= Double(c - i) / Double(n - i) }
    return chance
}
