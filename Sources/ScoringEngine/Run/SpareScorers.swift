import ScorerHost
import ScoringDefinitions
import Synchronization

/// Scorers that runs have made and are done with, for later runs of the same function with the same parameters: making one
/// may take longer than scoring a row. A scorer is in one run at a time, as if it were the run's own.
final class SpareScorers: Sendable {
    /// All that a scorer is made of.
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

    /// How many are kept, those that were used last.
    static let capacity = 128
    /// Bytes of parameters above which a scorer is not kept.
    static let longestConfiguration = 64 << 10

    /// By the time of their last use.
    private let spares = Mutex<[(recipe: Recipe, scorer: Scorer)]>([])

    /// A scorer with the function's parameters, if there is one; nobody else gets it until it is kept again.
    func take(for function: ScoringFunction) -> Scorer? {
        let recipe = Recipe(function)
        return spares.withLock { spares in
            spares.lastIndex { $0.recipe == recipe }.map { spares.remove(at: $0).scorer }
        }
    }

    /// Keeps a scorer whose calls have all ended, unless something went wrong in one of them.
    func keep(_ scorer: Scorer, for function: ScoringFunction) {
        let recipe = Recipe(function)
        guard scorer.isSound, recipe.configuration.utf8.count <= Self.longestConfiguration else { return }
        // What is dropped is destroyed by its plugin, which may take its time: not under the lock.
        let dropped = spares.withLock { spares -> Scorer? in
            spares.append((recipe, scorer))
            return spares.count > Self.capacity ? spares.removeFirst().scorer : nil
        }
        _ = dropped
    }
}
