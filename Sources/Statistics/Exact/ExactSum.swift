/// A sum of Doubles, and of products of up to four of them, without any rounding.
///
/// The result does not depend on the order of the terms nor on how they were split among sums that were merged, and
/// `value` is the correctly rounded true sum, as of Python's `math.fsum`. Terms that are not finite are ignored. Use a
/// plain loop where an error in the last digits does no harm: this one takes 2 kB and a few times as long.
///
/// The method is that of a small superaccumulator (R. M. Neal, "Fast exact summation using small and large
/// superaccumulators", 2015): a fixed-point number wide enough for every term, in limbs of 32 bits kept in 64, so
/// that carries need to be passed on only every two thousand additions.
public struct ExactSum: Sendable {
    /// The lowest bit stands for 2^-4296, the least product of four Doubles.
    static let unitExponent = 4 * lowestBitOfDouble
    private static let lowestBitOfDouble = -1074

    /// 4 · 2098 bits from the least to the greatest product of four, and 88 for the carries of 2^63 additions.
    private static let limbCount = 265

    /// An addition changes a limb by less than 2^52, so that this many cannot overflow 63 bits.
    private static let additionsBetweenCarries = 2046

    /// Limb i counts units of 2^(32 i).
    private var limbs = [Int64](repeating: 0, count: limbCount)
    private var additions = 0

    /// The empty sum, 0.
    public init() {}

    /// Adds a number. A few nanoseconds.
    public mutating func add(_ x: Double) {
        guard x.isFinite else { return }
        reserve(1)
        var limbs = self.limbs.mutableSpan
        Self.add(x, to: &limbs)
    }

    /// Adds the product of two numbers, exact even where the rounded product would overflow or underflow.
    public mutating func add(product x: Double, _ y: Double) {
        guard x.isFinite, y.isFinite else { return }
        reserve(1)
        var limbs = self.limbs.mutableSpan
        Self.add(product: x, y, to: &limbs)
    }

    /// Adds the product of four numbers.
    package mutating func add(product x: Double, _ y: Double, _ z: Double, _ w: Double) {
        guard x.isFinite, y.isFinite, z.isFinite, w.isFinite else { return }
        reserve(1)
        let (a, b, c, d) = (BinaryParts(x), BinaryParts(y), BinaryParts(z), BinaryParts(w))
        let ab = UInt128(a.significand) * UInt128(b.significand)
        let cd = UInt128(c.significand) * UInt128(d.significand)
        let bit = a.shift + b.shift + c.shift + d.shift
        let (high, low) = ab.multipliedFullWidth(by: cd)
        let sign = a.sign ^ b.sign ^ c.sign ^ d.sign
        // The product has 212 bits, and there are 256.
        let (index, offset) = (bit >> 5, bit & 31)
        let words = (low << offset, high << offset | low >> (128 - offset))
        for i in 0..<4 {
            limbs[index + i] += Self.signed(UInt64(truncatingIfNeeded: words.0 >> (32 * i)) & 0xffff_ffff, sign)
            limbs[index + 4 + i] += Self.signed(UInt64(truncatingIfNeeded: words.1 >> (32 * i)) & 0xffff_ffff, sign)
        }
    }

    /// Adds `significand · 2^exponent`, which is a multiple of the unit and below 2^4096.
    mutating func add(_ significand: UInt128, exponent: Int) {
        reserve(1)
        let bit = exponent - Self.unitExponent
        let (index, offset) = (bit >> 5, bit & 31)
        let high = significand >> (128 - offset)
        let low = significand << offset
        for i in 0..<4 {
            limbs[index + i] += Int64(truncatingIfNeeded: low >> (32 * i)) & 0xffff_ffff
        }
        limbs[index + 4] += Int64(truncatingIfNeeded: high)
    }

    /// Adds the terms of another sum. Under a microsecond, however many they are.
    public mutating func merge(_ other: ExactSum) {
        passCarries()
        var other = other
        other.passCarries()
        for i in limbs.indices {
            limbs[i] += other.limbs[i]
        }
        // What was added to a limb is below 2^52, as of one addition.
        additions = 1
    }

    /// The sum, correctly rounded (to nearest, ties to even); infinite where it is beyond the greatest Double.
    ///
    /// Takes tens of microseconds.
    public var value: Double { divided(by: 1) }

    /// The sum divided by a positive number, correctly rounded.
    package func divided(by divisor: Int) -> Double {
        let (isNegative, magnitude) = integer
        let quotient = Quotient(magnitude, Magnitude(divisor), exponent: Self.unitExponent).rounded
        return isNegative ? -quotient : quotient
    }

    /// The sum in units of 2^`unitExponent`.
    var integer: (isNegative: Bool, magnitude: Magnitude) {
        var copy = self
        copy.passCarries()
        let isNegative = copy.limbs[Self.limbCount - 1] < 0
        if isNegative {
            for i in copy.limbs.indices { copy.limbs[i] = -copy.limbs[i] }
            copy.passCarries()
        }
        return (isNegative, Magnitude(limbs: copy.limbs.map { UInt32(truncatingIfNeeded: $0) }))
    }

    private mutating func reserve(_ count: Int) {
        if additions + count > Self.additionsBetweenCarries { passCarries() }
        additions += count
    }

    /// Brings every limb but the last, which has the sign, into 0..<2^32.
    private mutating func passCarries() {
        var carry: Int64 = 0
        for i in 0..<Self.limbCount - 1 {
            let limb = limbs[i] + carry
            limbs[i] = limb & 0xffff_ffff
            carry = limb >> 32
        }
        limbs[Self.limbCount - 1] += carry
        additions = 0
    }

    @inline(__always)
    private static func add(_ x: Double, to limbs: inout MutableSpan<Int64>) {
        let parts = BinaryParts(x)
        let bit = parts.shift - 3 * lowestBitOfDouble
        let (index, offset) = (bit >> 5, UInt64(bit & 31))
        limbs[index] += signed((parts.significand &<< offset) & 0xffff_ffff, parts.sign)
        limbs[index + 1] += signed(parts.significand &>> (32 - offset), parts.sign)
    }

    @inline(__always)
    private static func add(product x: Double, _ y: Double, to limbs: inout MutableSpan<Int64>) {
        let (a, b) = (BinaryParts(x), BinaryParts(y))
        let bit = a.shift + b.shift - 2 * lowestBitOfDouble
        let (index, offset) = (bit >> 5, UInt128(bit & 31))
        // Of 106 bits, shifted by at most 31, 41 are left for the last part.
        let product = UInt128(a.significand) &* UInt128(b.significand)
        let low = UInt64(truncatingIfNeeded: product &<< offset)
        let sign = a.sign ^ b.sign
        limbs[index] += signed(low & 0xffff_ffff, sign)
        limbs[index + 1] += signed(low >> 32, sign)
        limbs[index + 2] += signed(UInt64(truncatingIfNeeded: product &>> (64 - offset)) & 0xffff_ffff, sign)
        limbs[index + 3] += signed(UInt64(truncatingIfNeeded: product &>> (96 - offset)), sign)
    }

    /// The value, or its negative where `sign` is -1 instead of 0.
    @inline(__always)
    private static func signed(_ value: UInt64, _ sign: Int64) -> Int64 {
        (Int64(bitPattern: value) ^ sign) &- sign
    }
}

/// A finite Double as `±significand · 2^(shift - 1074)`.
private struct BinaryParts {
    let significand: UInt64
    let shift: Int
    /// 0, or -1 for a negative number.
    let sign: Int64

    @inline(__always)
    init(_ x: Double) {
        let bits = x.bitPattern
        let exponent = Int(truncatingIfNeeded: bits >> 52) & 0x7ff
        let isNormal = exponent != 0
        significand = bits & 0xf_ffff_ffff_ffff | (isNormal ? 1 << 52 : 0)
        shift = isNormal ? exponent &- 1 : 0
        sign = Int64(bitPattern: bits) >> 63
    }
}

// MARK: - States

extension ExactSum {
    /// Some 16 bytes for sums of ordinary scores.
    package func write(to writer: inout StateWriter) {
        let (isNegative, magnitude) = integer
        let start = magnitude.limbs.firstIndex { $0 != 0 } ?? 0
        writer.append(flag: isNegative)
        writer.append(count: start)
        writer.append(count: magnitude.limbs.count - start)
        for limb in magnitude.limbs[start...] { writer.append(word: limb) }
    }

    package init(_ reader: inout StateReader) throws(StateFault) {
        self.init()
        let isNegative = try reader.flag()
        let start = try reader.count(limit: Self.limbCount)
        let count = try reader.count(limit: Self.limbCount - start)
        for i in start..<start + count {
            let word = try reader.word()
            // Zeros at the ends are not written.
            if word == 0, i == start || i == start + count - 1 { throw .invalid }
            limbs[i] = isNegative ? -Int64(word) : Int64(word)
        }
        guard count > 0 || (start == 0 && !isNegative) else { throw .invalid }
        // The sum of 2^63 terms is smaller, and any number of such sums can be merged.
        guard limbs[Self.limbCount - 1].magnitude < 1 << 24 else { throw .invalid }
        passCarries()
    }
}
