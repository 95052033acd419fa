import Statistics
import TestSupport
import Testing

@Suite struct ExactSumTests {
    private func sum(_ numbers: [Double]) -> Double {
        var sum = ExactSum()
        for number in numbers { sum.add(number) }
        return sum.value
    }

    // The expected sums are those of Python's math.fsum, or of its fractions where fsum gives up.
    @Test(
        "A sum is the true sum, rounded once",
        arguments: [
            ([], 0.0),
            ([-0.0], 0.0),
            ([1.0, 0.0, 1.0], 2.0),
            ([0.1, 0.1, 0.1], 0.30000000000000004),
            (Array(repeating: 0.1, count: 10), 1.0),
            ([0.1, 0.2, 0.3, -0.6], 2.7755575615628914e-17),
            ([1e100, 1.0, -1e100], 1.0),
            ([1e16, 1.0, 1e-16], 1.0000000000000002e16),
            ([1.0, 0x1p-53], 1.0),
            ([1.0, 0x1p-53, 0x1p-106], 1.0000000000000002),
            ([-1.0, -0x1p-53, -0x1p-106], -1.0000000000000002),
            ([0x1p53, 1.0], 0x1p53),
            ([0x1p53, 1.0, 1.0], 9007199254740994.0),
            ([0x1p53, 2.0, 1.0], 9007199254740996.0),
            ([1e308, 1e308, -1e308], 1e308),
            ([.leastNonzeroMagnitude, -2 * .leastNonzeroMagnitude], -.leastNonzeroMagnitude),
            ([.leastNormalMagnitude, -.leastNonzeroMagnitude], Double.leastNormalMagnitude.nextDown),
            ([.greatestFiniteMagnitude, 0x1p969], .greatestFiniteMagnitude),
            ([.greatestFiniteMagnitude, 0x1p970], .infinity),
            ([-1e308, -1e308], -.infinity),
        ] as [([Double], Double)])
    func values(numbers: [Double], expected: Double) {
        #expect(sum(numbers).bitPattern == expected.bitPattern)
        #expect(sum(numbers.reversed()).bitPattern == expected.bitPattern)
    }

    @Test("Numbers that are not finite are ignored")
    func nonFinite() {
        #expect(sum([1, .nan, 2, .infinity, -.infinity, 4]) == 7)
        var products = ExactSum()
        products.add(product: 3, .infinity)
        products.add(product: .nan, 3)
        products.add(product: 3, 3)
        #expect(products.value == 9)
    }

    @Test("Products are exact: what is left after the rounded product is taken away is its error")
    func products() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            let (x, y) = (Double.random(in: -9...9, using: &generator), Double.random(in: -9...9, using: &generator))
            var sum = ExactSum()
            sum.add(product: x, y)
            #expect(sum.value == x * y)
            sum.add(-(x * y))
            #expect(sum.value == (-(x * y)).addingProduct(x, y))
        }
    }

    @Test("Products neither overflow nor underflow on the way")
    func extremeProducts() {
        var sum = ExactSum()
        sum.add(product: .greatestFiniteMagnitude, .greatestFiniteMagnitude)
        #expect(sum.value == .infinity)
        sum.add(product: -.leastNonzeroMagnitude, .leastNonzeroMagnitude)
        sum.add(product: -.greatestFiniteMagnitude, .greatestFiniteMagnitude)
        sum.add(1)
        #expect(sum.value == 1)
        sum.add(-1)
        #expect(sum.value == 0)
        // Quarters of the least Double there is; a half is a tie that rounds to the even 0.
        for quarters in 1...4 {
            sum.add(product: 0x1p-538, 0x1p-538)
            #expect(sum.value == (quarters > 2 ? .leastNonzeroMagnitude : 0))
        }
    }

    @Test("Numbers that cancel leave nothing, in any order and split", arguments: 0..<20 as Range<UInt64>)
    func cancellation(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let numbers = (0..<3000).map { _ in generator.finiteDouble() }
        let rest = generator.finiteDouble()
        let all = (numbers + numbers.map { -$0 } + [rest]).shuffled(using: &generator)
        #expect(sum(all) == rest)

        var parts = Array(repeating: ExactSum(), count: 7)
        for number in all { parts[Int.random(in: parts.indices, using: &generator)].add(number) }
        parts.shuffle(using: &generator)
        var merged = ExactSum()
        for part in parts { merged.merge(part) }
        #expect(merged.value == rest)
    }

    @Test("Long runs of the same number add up")
    func longRuns() {
        let count = 100_000
        for number in [0x1.fffffffffffffp30, -0x1.fffffffffffffp-31, .greatestFiniteMagnitude / 0x1p20] {
            var sum = ExactSum()
            for _ in 0..<count { sum.add(number) }
            #expect(sum.value == number * Double(count))
            for _ in 0..<10 {
                let copy = sum
                sum.merge(copy)
            }
            #expect(sum.value == number * Double(count) * 1024)
        }
    }
}
