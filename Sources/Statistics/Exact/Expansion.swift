/// An exact sum of few numbers in few bytes: numbers of ascending size that do not overlap (J. R. Shewchuk, "Adaptive
/// precision floating-point arithmetic and fast robust geometric predicates", 1997).
///
/// For the many small sums of clusters and questions, where an `ExactSum` each would take 2 kB. Most sums of scores need
/// one number, which is kept without an allocation. A sum beyond the greatest Double is not finite.
package struct Expansion: Sendable {
    private var top = 0.0
    /// What `top` lacks, in ascending order of size.
    private var rest: [Double] = []

    /// The empty sum, 0.
    package init() {}

    package mutating func add(_ x: Double) {
        if rest.isEmpty {
            let (sum, error) = Self.sum(top, x)
            top = sum
            if error != 0 { rest = [error] }
            return
        }
        var carried = x
        var kept: [Double] = []
        for part in rest + [top] {
            let (sum, error) = Self.sum(carried, part)
            if error != 0 { kept.append(error) }
            carried = sum
        }
        top = carried
        // The largest part is never 0 unless the sum is.
        if top == 0, let last = kept.popLast() { top = last }
        rest = kept
    }

    /// Adds the product of two numbers.
    package mutating func add(product x: Double, _ y: Double) {
        let product = x * y
        add(product)
        add((-product).addingProduct(x, y))
    }

    package mutating func merge(_ other: Expansion) {
        for part in other.rest { add(part) }
        add(other.top)
    }

    /// Adds `factor` times another sum.
    package mutating func add(_ other: Expansion, times factor: Double) {
        for part in other.rest { add(product: part, factor) }
        add(product: other.top, factor)
    }

    /// The sum, rounded once (to nearest, ties to even).
    package var value: Double {
        var rounded = top
        var index = rest.count
        while index > 0 {
            index -= 1
            let (sum, error) = Self.sum(rounded, rest[index])
            rounded = sum
            guard error != 0 else { continue }
            // Half a unit is rounded to even, unless a smaller part says otherwise.
            if index > 0, (error < 0) == (rest[index - 1] < 0) {
                let next = rounded + 2 * error
                if next - rounded == 2 * error { rounded = next }
            }
            break
        }
        return rounded
    }

    private static func sum(_ a: Double, _ b: Double) -> (Double, Double) {
        let sum = a + b
        let part = sum - a
        return (sum, (a - (sum - part)) + (b - part))
    }
}

// MARK: - States

extension Expansion {
    /// The sum as numbers that depend on nothing but its value: each is what the ones before it lack, rounded.
    private var components: [Double] {
        var (rest, parts) = (self, [Double]())
        while parts.count < Self.mostComponents {
            let part = rest.value
            if part == 0 { break }
            parts.append(part)
            guard part.isFinite else { break }
            rest.add(-part)
        }
        return parts
    }

    /// 2098 bits, in parts of 53.
    private static var mostComponents: Int { 45 }

    package func write(to writer: inout StateWriter) {
        let components = components
        writer.append(count: components.count)
        for part in components { writer.append(number: part.isNaN ? .nan : part) }
    }

    package init(_ reader: inout StateReader) throws(StateFault) {
        let count = try reader.count(limit: Self.mostComponents)
        var parts: [Double] = []
        for _ in 0..<count {
            let part = try reader.number()
            guard part != 0, part.isFinite || count == 1, parts.last.map({ part.magnitude < $0.magnitude }) ?? true
            else { throw .invalid }
            parts.append(part)
        }
        self.init()
        for part in parts.reversed() { add(part) }
    }
}
