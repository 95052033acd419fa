/// How long to wait before something is tried again.
///
/// Pauses are drawn by exponential backoff with full jitter: uniformly from nothing to 0.5 s, 1 s, 2 s … up to 30 s, as the
/// blog of AWS's architects recommends ("Exponential Backoff And Jitter", 2015).
package enum Backoff {
    package static let base = Duration.milliseconds(500)
    package static let cap = Duration.seconds(30)

    /// - Parameters:
    ///   - failures: how many attempts there were before the one that has just failed.
    ///   - fraction: a random number from 0 to 1.
    package static func pause(after failures: Int, fraction: Double = .random(in: 0...1)) -> Duration {
        // Beyond 2^6 × 0.5 s the cap holds anyway.
        min(base * (1 << min(failures, 6)), cap) * fraction
    }
}
