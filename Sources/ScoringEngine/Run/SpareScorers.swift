import ScorerHost
import ScoringDefinitions
import Synchronization

/// Scorers of finished runs, for later runs of the same function with the same parameters: creating a scorer may take
/// longer than scoring a row. Only one run at a time uses a scorer.
final class SpareScorers: Sendable {
    /// Everything that determines a scorer.
    private struct Recipe: Hashable {
        let providerID: String
        let providerResourceID: String
        let configuration: String

        init(_ function: ScoringFunction) {
            providerID = function.providerID
            providerResourceID = function.providerResourceID
            configuration = function.configuration
        }
    }

    /// The number of scorers to keep: the most recently used ones.
    static let capacity = 128
    /// The size of parameters, in bytes, above which a scorer is not kept.
    static let longestConfiguration = 64 << 10

    /// Sorted by the time of their last use.
    private let spares = Mutex<[(recipe: Recipe, scorer: Scorer)]>([])

    /// A scorer with the function's parameters, if there is one; it is not available to others until it is returned.
    func take(for function: ScoringFunction) -> Scorer? {
        let recipe = Recipe(function)
        return spares.withLock { spares in
            spares.lastIndex { $0.recipe == recipe }.map { spares.remove(at: $0).scorer }
        }
    }

    /// Returns a scorer whose calls have all ended, unless one of them failed.
    func keep(_ scorer: Scorer, for function: ScoringFunction) {
        let recipe = Recipe(function)
        guard scorer.isSound, recipe.configuration.utf8.count <= Self.longestConfiguration else { return }
        // The plugin destroys a dropped scorer, which may take a while, so not under the lock.
        let dropped = spares.withLock { spares -> Scorer? in
            spares.append((recipe, scorer))
            return spares.count > Self.capacity ? spares.removeFirst().scorer : nil
        }
        _ = dropped
    }
}
