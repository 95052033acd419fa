/// A non-negative integer of any size, for the last steps of exact statistics, and for numbers in answers.
///
/// All operations are the schoolbook ones, on at most a few hundred limbs: a multiplication takes time that is the product
/// of the lengths.
package struct Magnitude: Sendable, Comparable {
    /// Least significant first, without leading zeros; empty for 0.
    private(set) var limbs: [UInt32]

    init(limbs: [UInt32]) {
        self.limbs = limbs
        dropLeadingZeros()
    }

    init(_ value: Int) {
        let bits = value.magnitude
        self.init(limbs: [UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32)])
    }

    /// The number that `digits`, from 0 to 9 each, and then so many `zeros` spell.
    package init(digits: [UInt8], zeros: Int) {
        limbs = []
        limbs.reserveCapacity((digits.count + zeros) / 9 + 1)
        // Nine digits at a time are what a limb holds.
        var (chunk, weight): (UInt32, UInt32) = (0, 1)
        func take(_ digit: UInt32) {
            (chunk, weight) = (chunk * 10 + digit, weight * 10)
            if weight == 1_000_000_000 { flush() }
        }
        func flush() {
            var carry = UInt64(chunk)
            for index in limbs.indices {
                carry += UInt64(limbs[index]) * UInt64(weight)
                limbs[index] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            if carry > 0 { limbs.append(UInt32(carry)) }
            (chunk, weight) = (0, 1)
        }
        for digit in digits { take(UInt32(digit)) }
        for _ in 0..<zeros { take(0) }
        flush()
    }

    package var isZero: Bool { limbs.isEmpty }

    var bitWidth: Int {
        guard let top = limbs.last else { return 0 }
        return limbs.count * 32 - top.leadingZeroBitCount
    }

    private mutating func dropLeadingZeros() {
        while limbs.last == 0 { limbs.removeLast() }
    }

    package static func + (a: Magnitude, b: Magnitude) -> Magnitude {
        var sum: [UInt32] = []
        sum.reserveCapacity(max(a.limbs.count, b.limbs.count) + 1)
        var carry: UInt64 = 0
        for i in 0..<max(a.limbs.count, b.limbs.count) {
            carry += UInt64(i < a.limbs.count ? a.limbs[i] : 0) + UInt64(i < b.limbs.count ? b.limbs[i] : 0)
            sum.append(UInt32(truncatingIfNeeded: carry))
            carry >>= 32
        }
        sum.append(UInt32(truncatingIfNeeded: carry))
        return Magnitude(limbs: sum)
    }

    /// Subtracts a number that is not greater.
    static func -= (a: inout Magnitude, b: Magnitude) {
        var borrow: Int64 = 0
        for i in a.limbs.indices {
            borrow += Int64(a.limbs[i]) - Int64(i < b.limbs.count ? b.limbs[i] : 0)
            a.limbs[i] = UInt32(truncatingIfNeeded: borrow)
            borrow >>= 32
        }
        a.dropLeadingZeros()
    }

    package static func * (a: Magnitude, b: Magnitude) -> Magnitude {
        var product = [UInt32](repeating: 0, count: a.limbs.count + b.limbs.count)
        for (i, x) in a.limbs.enumerated() where x != 0 {
            var carry: UInt64 = 0
            for (j, y) in b.limbs.enumerated() {
                carry += UInt64(x) * UInt64(y) + UInt64(product[i + j])
                product[i + j] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            product[i + b.limbs.count] = UInt32(truncatingIfNeeded: carry)
        }
        return Magnitude(limbs: product)
    }

    /// How far the two are apart.
    package func distance(to other: Magnitude) -> Magnitude {
        var difference = max(self, other)
        difference -= min(self, other)
        return difference
    }

    static func <<= (a: inout Magnitude, count: Int) {
        let (whole, bits) = (count / 32, UInt32(count % 32))
        var carry: UInt32 = 0
        for i in a.limbs.indices {
            let limb = a.limbs[i]
            a.limbs[i] = limb << bits | carry
            carry = bits == 0 ? 0 : limb >> (32 - bits)
        }
        if carry != 0 { a.limbs.append(carry) }
        if whole > 0, !a.isZero { a.limbs.insert(contentsOf: repeatElement(0, count: whole), at: 0) }
    }

    package static func < (a: Magnitude, b: Magnitude) -> Bool {
        if a.limbs.count != b.limbs.count { return a.limbs.count < b.limbs.count }
        for i in a.limbs.indices.reversed() where a.limbs[i] != b.limbs[i] {
            return a.limbs[i] < b.limbs[i]
        }
        return false
    }
}

/// A quotient of two magnitudes that is yet to be rounded: `significand · 2^exponent`, whatever its size.
///
/// The significand has at least 63 bits, and its lowest bit is also set where the division went on after it ("round to
/// odd"), so that one later rounding to 53 bits or fewer is the correct rounding of the exact quotient.
struct Quotient {
    private let significand: UInt64
    private let exponent: Int

    private init(significand: UInt64, exponent: Int) {
        self.significand = significand
        self.exponent = exponent
    }

    /// Divides `numerator · 2^exponent` by a denominator that is not zero.
    init(_ numerator: Magnitude, _ denominator: Magnitude, exponent: Int) {
        guard !numerator.isZero else {
            self.init(significand: 0, exponent: 0)
            return
        }
        var (rest, divisor) = (numerator, denominator)
        let shift = rest.bitWidth - divisor.bitWidth
        if shift >= 0 { divisor <<= shift } else { rest <<= -shift }
        var bits: UInt64 = 0
        for _ in 0..<64 {
            bits <<= 1
            if rest >= divisor {
                rest -= divisor
                bits |= 1
            }
            rest <<= 1
        }
        self.init(significand: rest.isZero ? bits : bits | 1, exponent: exponent + shift - 63)
    }

    /// The nearest Double, ties to even; infinity where that is out of range.
    var rounded: Double {
        let width = 64 - significand.leadingZeroBitCount
        let leastExponent = Double.leastNonzeroMagnitude.exponent
        let dropped = max(width - 53, Int(leastExponent) - exponent, 0)
        guard dropped <= width else { return 0 }
        var kept = significand >> dropped
        if dropped > 0 {
            let half: UInt64 = 1 << (dropped - 1)
            let remainder = significand & (half | (half - 1))
            if remainder > half || (remainder == half && !kept.isMultiple(of: 2)) { kept += 1 }
        }
        return Double(sign: .plus, exponent: exponent + dropped, significand: Double(kept))
    }

    /// The square root as a Double, to within one unit in the last place.
    var squareRoot: Double {
        // Half the exponent must be an integer, and the root is to have about 64 bits.
        let shift = exponent.isMultiple(of: 2) ? 64 : 63
        var rest = UInt128(significand) << shift
        var root: UInt128 = 0
        var bit: UInt128 = 1 << 126
        while bit != 0 {
            let trial = root | bit
            root >>= 1
            if rest >= trial {
                rest -= trial
                root |= bit
            }
            bit >>= 2
        }
        let significand = UInt64(truncatingIfNeeded: root) | (rest == 0 ? 0 : 1)
        return Quotient(significand: significand, exponent: (exponent - shift) / 2).rounded
    }
}
