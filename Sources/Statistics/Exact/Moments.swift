/// What means and their standard errors are computed from: the exact sums of some scores and of their squares.
package struct Moments: Sendable {
    package private(set) var count = 0
    /// Whether every score so far lies in 0...1.
    package private(set) var isWithinUnit = true
    package private(set) var sum = ExactSum()
    private var squares = ExactSum()
    /// Whether every score so far is 0 or 1.
    package private(set) var isBinary = true

    /// No scores.
    package init() {}

    /// Adds finite scores.
    package mutating func add(_ scores: Span<Double>) {
        count += scores.count
        var start = 0
        while start < scores.count {
            let end = min(start + Self.sliceCount, scores.count)
            add(slice: scores.extracting(start..<end))
            start = end
        }
    }

    /// Adds one score.
    package mutating func add(_ score: Double) {
        count += 1
        isWithinUnit = isWithinUnit && score >= 0 && score <= 1
        isBinary = isBinary && (score == 0 || score == 1)
        sum.add(score)
        squares.add(product: score, score)
    }

    /// Adds `times` equal scores, at most 2^53.
    mutating func add(_ score: Double, times: Int) {
        guard times > 0 else { return }
        count += times
        isWithinUnit = isWithinUnit && score >= 0 && score <= 1
        isBinary = isBinary && (score == 0 || score == 1)
        sum.add(product: score, Double(times))
        squares.add(product: score, score, Double(times), 1)
    }

    /// Adds the difference `b - a` as it is, without rounding.
    package mutating func add(difference b: Double, _ a: Double) {
        count += 1
        let difference = b - a
        isWithinUnit = isWithinUnit && difference >= 0 && difference <= 1
        isBinary = isBinary && (difference == 0 || difference == 1)
        sum.add(b)
        sum.add(-a)
        squares.add(product: b, b)
        squares.add(product: -2 * b, a)
        squares.add(product: a, a)
    }

    /// The standard deviation of the sample; nil for fewer than two scores.
    package var standardDeviation: Double? {
        standardError.map { $0 * Double(count).squareRoot() }
    }

    package mutating func merge(_ other: Moments) {
        count += other.count
        isWithinUnit = isWithinUnit && other.isWithinUnit
        isBinary = isBinary && other.isBinary
        sum.merge(other.sum)
        squares.merge(other.squares)
    }

    /// The mean there would be if `extraCount` more scores were `extra`. Nil if there is no score at all.
    package func mean(with extra: Double = 0, times extraCount: Int = 0) -> Double? {
        let total = count + extraCount
        guard total > 0 else { return nil }
        var sum = sum
        sum.add(product: extra, Double(extraCount))
        return sum.divided(by: total)
    }

    /// The standard error of the mean: the sample standard deviation over the square root of the count.
    ///
    /// Nil for fewer than two scores. With n scores of sum S and sum of squares Q it is √((n Q - S²) / (n² (n - 1))),
    /// and all of it up to the division is done in integers, so that nothing is lost to cancellation.
    package var standardError: Double? {
        guard count > 1 else { return nil }
        let n = Magnitude(count)
        let sum = sum.integer.magnitude
        // The sum of squares in the unit of the squared sum.
        var squares = squares.integer.magnitude
        squares <<= -ExactSum.unitExponent
        var numerator = n * squares
        numerator -= sum * sum
        let error = Quotient(numerator, n * n * Magnitude(count - 1), exponent: 2 * ExactSum.unitExponent).squareRoot
        return error.isFinite ? error : nil
    }

    /// Few enough scores that the plain sums in this file are exact and do not overflow.
    private static let sliceCount = 512

    private mutating func add(slice: Span<Double>) {
        // Most scores are small integers, 0.0 and 1.0 above all. The sums of 2^9 of them and of their squares stay
        // below 2^53, so that plain additions are exact.
        var (plainSum, plainSquares) = (0.0, 0.0)
        var (smallIntegers, withinUnit) = (0, 0)
        for i in slice.indices {
            let x = slice[i]
            plainSum += x
            plainSquares += x * x
            // Adding and subtracting 1.5 · 2^52 rounds to an integer.
            smallIntegers += (x + 0x1.8p52) - 0x1.8p52 == x && x.magnitude <= 0x1p20 ? 1 : 0
            withinUnit += x >= 0 && x <= 1 ? 1 : 0
        }
        let areWithinUnit = withinUnit == slice.count
        isWithinUnit = isWithinUnit && areWithinUnit
        // Integers in 0...1.
        isBinary = isBinary && areWithinUnit && smallIntegers == slice.count
        if smallIntegers == slice.count {
            sum.add(plainSum)
            squares.add(plainSquares)
        } else if areWithinUnit {
            add(fractions: slice)
        } else {
            for i in slice.indices {
                sum.add(slice[i])
                squares.add(product: slice[i], slice[i])
            }
        }
    }

    /// Adds scores in 0...1: as integers in units of 2^-59, or one by one where they have lower bits.
    private mutating func add(fractions: Span<Double>) {
        var (plainSum, plainSquares): (UInt128, UInt128) = (0, 0)
        for i in fractions.indices {
            let scaled = fractions[i] * 0x1p59
            let units = UInt64(scaled)
            if Double(units) == scaled {
                plainSum &+= UInt128(units)
                plainSquares &+= UInt128(units) &* UInt128(units)
            } else {
                sum.add(fractions[i])
                squares.add(product: fractions[i], fractions[i])
            }
        }
        sum.add(plainSum, exponent: -59)
        squares.add(plainSquares, exponent: -118)
    }
}

/// What a weighted mean and its standard error are computed from: exact sums over scores x with weights w.
package struct WeightedMoments: Sendable {
    /// The scores with a weight other than 0.
    package private(set) var count = 0
    private var w = ExactSum()
    private var wx = ExactSum()
    private var ww = ExactSum()
    private var wwx = ExactSum()
    private var wwxx = ExactSum()

    /// No scores.
    package init() {}

    /// Adds finite scores, each with its weight; those whose weight is not finite have none and are left out.
    package mutating func add(_ scores: Span<Double>, weights: Span<Double>) {
        for i in scores.indices {
            let (score, weight) = (scores[i], weights[i])
            guard weight.isFinite, weight != 0 else { continue }
            count += 1
            w.add(weight)
            wx.add(product: weight, score)
            ww.add(product: weight, weight)
            wwx.add(product: weight, weight, score, 1)
            wwxx.add(product: weight, weight, score, score)
        }
    }

    package mutating func merge(_ other: WeightedMoments) {
        count += other.count
        w.merge(other.w)
        wx.merge(other.wx)
        ww.merge(other.ww)
        wwx.merge(other.wwx)
        wwxx.merge(other.wwxx)
    }

    /// Σ w x / Σ w. Nil if the weights add up to 0.
    package var mean: Double? {
        let (a, b) = (wx.integer, w.integer)
        guard !b.magnitude.isZero else { return nil }
        let mean = Quotient(a.magnitude, b.magnitude, exponent: 0).rounded
        return mean.isFinite ? (a.isNegative == b.isNegative ? mean : 0 - mean) : nil
    }

    /// The standard error of the weighted mean m, √(Σ w² (x - m)²) / Σ w: the linearised variance of a ratio estimator
    /// (W. G. Cochran, "Sampling Techniques", 1977, section 6.4, without the correction n / (n - 1)).
    ///
    /// Nil for fewer than two scores with a weight other than 0. With A = Σ w x and B = Σ w it is
    /// √(B² Σ w² x² - 2 A B Σ w² x + A² Σ w²) / B², and all of it up to the division is done in integers.
    package var standardError: Double? {
        let (a, b) = (wx.integer, w.integer)
        guard count > 1, !b.magnitude.isZero else { return nil }
        let cross = wwx.integer
        var numerator = b.magnitude * b.magnitude * wwxx.integer.magnitude
        numerator = numerator + a.magnitude * a.magnitude * ww.integer.magnitude
        let twiceCross = Magnitude(2) * a.magnitude * b.magnitude * cross.magnitude
        if a.isNegative != (b.isNegative != cross.isNegative) {
            numerator = numerator + twiceCross
        } else {
            // A sum of squares is not negative, so what is subtracted is not greater.
            numerator -= twiceCross
        }
        let square = b.magnitude * b.magnitude
        // Three units over four.
        let error = Quotient(numerator, square * square, exponent: -ExactSum.unitExponent).squareRoot
        return error.isFinite ? error : nil
    }
}

// MARK: - States

extension Moments {
    package func write(to writer: inout StateWriter) {
        writer.append(count: count)
        writer.append(flag: isWithinUnit)
        writer.append(flag: isBinary)
        sum.write(to: &writer)
        squares.write(to: &writer)
    }

    /// Reads moments that some scores can have: what is computed from them relies on that.
    package init(_ reader: inout StateReader) throws(StateFault) {
        count = try reader.count()
        isWithinUnit = try reader.flag()
        isBinary = try reader.flag()
        sum = try ExactSum(&reader)
        squares = try ExactSum(&reader)
        let (total, scaled) = (sum.integer, squares.integer)
        var ofSquares = scaled.magnitude
        ofSquares <<= -ExactSum.unitExponent
        // By the Cauchy-Schwarz inequality.
        guard !scaled.isNegative, !(Magnitude(count) * ofSquares < total.magnitude * total.magnitude) else {
            throw .invalid
        }
        if isWithinUnit {
            var most = Magnitude(count)
            most <<= -ExactSum.unitExponent
            guard !total.isNegative, !(most < total.magnitude), !(total.magnitude < scaled.magnitude) else {
                throw .invalid
            }
        }
        guard !isBinary || (isWithinUnit && scaled.magnitude == total.magnitude) else { throw .invalid }
    }
}

extension WeightedMoments {
    package func write(to writer: inout StateWriter) {
        writer.append(count: count)
        for sum in [w, wx, ww, wwx, wwxx] { sum.write(to: &writer) }
    }

    package init(_ reader: inout StateReader) throws(StateFault) {
        count = try reader.count()
        w = try ExactSum(&reader)
        wx = try ExactSum(&reader)
        ww = try ExactSum(&reader)
        wwx = try ExactSum(&reader)
        wwxx = try ExactSum(&reader)
        let (squares, cross, scores) = (ww.integer, wwx.integer, wwxx.integer)
        guard !squares.isNegative, !scores.isNegative,
            !(squares.magnitude * scores.magnitude < cross.magnitude * cross.magnitude)
        else { throw .invalid }
    }
}
