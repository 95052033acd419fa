/// The lower triangular L with L Lᵀ = the symmetric, positive definite matrix.
func choleskyFactor(_ matrix: [[Double]]) -> [[Double]] {
    var factor = matrix.map { _ in [Double](repeating: 0, count: matrix.count) }
    for i in matrix.indices {
        for j in 0...i {
            var sum = matrix[i][j]
            for k in 0..<j { sum -= factor[i][k] * factor[j][k] }
            factor[i][j] = i == j ? sum.squareRoot() : sum / factor[j][j]
        }
    }
    return factor
}

/// The y with L y = b.
func solveLower(_ factor: [[Double]], _ b: [Double]) -> [Double] {
    var y = b
    for i in b.indices {
        for k in 0..<i { y[i] -= factor[i][k] * y[k] }
        y[i] /= factor[i][i]
    }
    return y
}

/// The x with L Lᵀ x = b.
func solve(_ factor: [[Double]], _ b: [Double]) -> [Double] {
    var x = solveLower(factor, b)
    for i in b.indices.reversed() {
        for k in b.indices where k > i { x[i] -= factor[k][i] * x[k] }
        x[i] /= factor[i][i]
    }
    return x
}
