import TestSupport
import Testing

@testable import Inference

@Suite("Usage")
struct ModelUsageTests {
    @Test("Costs add up to the same number, in whatever order and parts replies are counted")
    func exactCosts() {
        var generator = SeededGenerator(seed: 5)
        let costs = (0..<500).map { Double($0 % 37) * 3.0e-7 + Double($0 % 11) * 1.7e-5 }
        func usage(of costs: some Sequence<Double>) -> ModelUsage {
            var usage = ModelUsage()
            for cost in costs { usage.addEstimate(cost) }
            return usage
        }
        let whole = usage(of: costs)
        #expect(costs.reduce(0, +) != costs.reversed().reduce(0, +), "a plain sum depends on the order")
        for _ in 0..<10 {
            let shuffled = costs.shuffled(using: &generator)
            let parts = [shuffled[..<100], shuffled[100..<320], shuffled[320...]].map { usage(of: $0) }
            #expect(usage(of: shuffled) == whole)
            #expect((parts[2] + parts[0] + parts[1]).estimatedCost == whole.estimatedCost)
        }
    }
}
