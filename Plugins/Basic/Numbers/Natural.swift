/// A natural number of any length.
struct Natural: Comparable {
    /// In base 10⁹, the lowest first, without zeros at the high end.
    private var limbs: [UInt64]

    private static let base: UInt64 = 1_000_000_000

    /// The number that `digits`, from 0 to 9 each, and then so many `zeros` spell.
    init(digits: [UInt8], zeros: Int) {
        limbs = Array(repeating: 0, count: (digits.count + zeros + 8) / 9)
        var (place, weight) = (zeros / 9, UInt64(1))
        for _ in 0..<zeros % 9 { weight *= 10 }
        for digit in digits.reversed() {
            limbs[place] += UInt64(digit) * weight
            weight *= 10
            if weight == Self.base { (place, weight) = (place + 1, 1) }
        }
        trim()
    }

    var isZero: Bool { limbs.isEmpty }

    /// The product, by the schoolbook method.
    func times(_ other: Natural) -> Natural {
        var product = self
        product.limbs = Array(repeating: 0, count: limbs.count + other.limbs.count)
        for (i, limb) in limbs.enumerated() {
            var carry: UInt64 = 0
            for (j, factor) in other.limbs.enumerated() {
                // Below 10¹⁸ + 2·10⁹, so it fits.
                let sum = product.limbs[i + j] + limb * factor + carry
                product.limbs[i + j] = sum % Self.base
                carry = sum / Self.base
            }
            product.limbs[i + other.limbs.count] = carry
        }
        product.trim()
        return product
    }

    func plus(_ other: Natural) -> Natural {
        var sum = self
        sum.limbs = []
        var carry: UInt64 = 0
        for place in 0..<max(limbs.count, other.limbs.count) {
            let limb = limb(place) + other.limb(place) + carry
            sum.limbs.append(limb % Self.base)
            carry = limb / Self.base
        }
        if carry > 0 { sum.limbs.append(carry) }
        return sum
    }

    /// How far the two are apart.
    func distance(to other: Natural) -> Natural {
        let (larger, smaller) = self < other ? (other, self) : (self, other)
        var difference = larger
        var borrow: UInt64 = 0
        for place in larger.limbs.indices {
            let taken = smaller.limb(place) + borrow
            borrow = larger.limbs[place] < taken ? 1 : 0
            difference.limbs[place] = larger.limbs[place] + borrow * Self.base - taken
        }
        difference.trim()
        return difference
    }

    static func < (left: Natural, right: Natural) -> Bool {
        guard left.limbs.count == right.limbs.count else { return left.limbs.count < right.limbs.count }
        for place in left.limbs.indices.reversed() where left.limbs[place] != right.limbs[place] {
            return left.limbs[place] < right.limbs[place]
        }
        return false
    }

    private func limb(_ place: Int) -> UInt64 { place < limbs.count ? limbs[place] : 0 }

    private mutating func trim() {
        while limbs.last == 0 { limbs.removeLast() }
    }
}
