import Patterns
import ScorerKit
import Synchronization

extension Parameters {
    /// A list of regular expressions, each with a group 1, which is what is read.
    mutating func patterns(_ name: String, needsGroup: Bool = true) throws(ParameterRejection) -> [Pattern] {
        var patterns: [Pattern] = []
        for (index, source) in try texts(name).enumerated() {
            let pointer = "/params/\(name)/\(index)"
            do {
                let pattern = try Pattern(source)
                if needsGroup && pattern.captureCount == 0 {
                    throw ParameterRejection(
                        pointer: pointer,
                        "the pattern has no group 1, which is what is compared; put the answer's part in parentheses")
                }
                patterns.append(pattern)
            } catch let error as PatternError {
                throw ParameterRejection(pointer: pointer, "\(error)")
            } catch let error as ParameterRejection {
                throw error
            } catch {
                throw ParameterRejection(pointer: pointer, "\(error)")
            }
        }
        return patterns
    }
}

/// The memory that searches work in, one for each batch that is scored at a time.
final class ScratchPool: Sendable {
    /// A scratch in the hands of one batch.
    ///
    /// `@unchecked Sendable`: it is either in the pool or used by one thread.
    final class Box: @unchecked Sendable {
        var scratch = MatchScratch()
    }

    private let spare = Mutex<[Box]>([])

    func take() -> Box { spare.withLock { $0.popLast() } ?? Box() }
    func put(_ box: Box) { spare.withLock { $0.append(box) } }
}
