/// The statistics of the rows of a call: one number for each statistic of the scorer, row after row.
///
/// Used by one thread at a time: the one that runs the call.
public final class RowStatistics {
    /// The number of statistics of a row; 0 if the scorer has none.
    let width: Int
    private var numbers: UnsafeMutableBufferPointer<Double> = .allocate(capacity: 0)
    private var isSet: [Bool] = []
    /// Rows whose statistics are missing.
    private var missing = 0

    init(width: Int) {
        self.width = width
    }

    deinit { numbers.deallocate() }

    func reset(count: Int) {
        if width == 0 { return }
        if count * width > numbers.count {
            numbers.deallocate()
            numbers = .allocate(capacity: count * width)
            numbers.initialize(repeating: 0)
        }
        isSet.removeAll(keepingCapacity: true)
        isSet.append(contentsOf: repeatElement(false, count: count))
        missing = count
    }

    /// Those of all rows, unspecified for rows that have none. Valid until the call is next changed.
    public var values: UnsafeBufferPointer<Double> {
        UnsafeBufferPointer(rebasing: numbers[..<(isSet.count * width)])
    }

    /// Whether a scored row has what it needs.
    func hasValues(_ row: Int) -> Bool { width == 0 || isSet[row] }

    var isComplete: Bool { missing == 0 }

    /// The numbers of a row, of one that has them.
    func row(_ row: Int) -> UnsafeBufferPointer<Double> {
        UnsafeBufferPointer(rebasing: numbers[row * width..<(row + 1) * width])
    }

    func clear(_ row: Int) {
        guard width > 0, isSet[row] else { return }
        isSet[row] = false
        missing += 1
    }

    /// Takes the statistics of rows `first..<first + count` of the scorer's batch.
    ///
    /// - Parameter rowMap: the row of the call for each row of the scorer's batch; nil: the same.
    /// - Returns: false, having taken nothing, where a number is not allowed.
    func take(_ values: UnsafePointer<Double>, first: Int, count: Int, rowMap: UnsafePointer<Int>?) -> Bool {
        for index in 0..<count * width where !(abs(values[index]) <= Self.most) { return false }
        for index in 0..<count {
            let row = rowMap?[first + index] ?? first + index
            for place in 0..<width { numbers[row * width + place] = values[index * width + place] }
            if !isSet[row] {
                isSet[row] = true
                missing -= 1
            }
        }
        return true
    }

    /// ASSAY_MAX_STATISTIC: sums of as many as there can be are finite.
    private static let most = 1e280
}
