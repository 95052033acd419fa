/// Pairs rows with columns, each with one at most.
enum Assignment {
    /// The largest sum of the values of pairs.
    ///
    /// The Hungarian method with potentials (R. Jonker and A. Volgenant, A Shortest Augmenting Path Algorithm, Computing 38,
    /// 1987). Time in proportion to the square of the smaller count, times the larger one.
    static func largestSum(_ values: [[Double]]) -> Double {
        guard let width = values.first?.count, width > 0 else { return 0 }
        let isWide = values.count <= width
        let (rows, columns) = isWide ? (values.count, width) : (width, values.count)
        func cost(_ row: Int, _ column: Int) -> Double { isWide ? -values[row][column] : -values[column][row] }
        var rowPotential = [Double](repeating: 0, count: rows + 1)
        var columnPotential = [Double](repeating: 0, count: columns + 1)
        // For each column, its row; 0 stands for none.
        var rowOfColumn = [Int](repeating: 0, count: columns + 1)
        var previous = [Int](repeating: 0, count: columns + 1)
        for row in 1...rows {
            rowOfColumn[0] = row
            var column = 0
            var least = [Double](repeating: .infinity, count: columns + 1)
            var isUsed = [Bool](repeating: false, count: columns + 1)
            repeat {
                isUsed[column] = true
                let current = rowOfColumn[column]
                var (delta, next) = (Double.infinity, 0)
                for candidate in 1...columns where !isUsed[candidate] {
                    let reduced = cost(current - 1, candidate - 1) - rowPotential[current] - columnPotential[candidate]
                    if reduced < least[candidate] {
                        least[candidate] = reduced
                        previous[candidate] = column
                    }
                    if least[candidate] < delta { (delta, next) = (least[candidate], candidate) }
                }
                for candidate in 0...columns {
                    if isUsed[candidate] {
                        rowPotential[rowOfColumn[candidate]] += delta
                        columnPotential[candidate] -= delta
                    } else {
                        least[candidate] -= delta
                    }
                }
                column = next
            } while rowOfColumn[column] != 0
            while column != 0 {
                rowOfColumn[column] = rowOfColumn[previous[column]]
                column = previous[column]
            }
        }
        var sum = 0.0
        for column in 1...columns where rowOfColumn[column] > 0 { sum -= cost(rowOfColumn[column] - 1, column - 1) }
        return sum
    }
}
