import JSON
import ScoringCore

/// What a batch reads for its requests: a column each, and one for every column that paths start from.
struct ColumnLayout {
    struct Column {
        /// Where in `bytes` its name is.
        var name: Range<Int>
        var type: ValueType
        /// Where in `steps` those of its path are.
        var steps: Range<Int>
        /// The index of the column that its path starts from.
        var root: Int
    }

    struct Step {
        /// Where in `bytes` the member's name is.
        var name: Range<Int>
        var index: Int64
        var isIndex: Bool
    }

    private(set) var bytes: [CChar] = []
    private(set) var columns: [Column] = []
    private(set) var steps: [Step] = []

    init(_ requests: [ColumnRequest]) {
        for request in requests {
            let name = append(request.path.name)
            let start = steps.count
            for step in request.path.steps { append(step) }
            columns.append(Column(name: name, type: request.type, steps: start..<steps.count, root: 0))
        }
        var roots: [[UInt8]: Int] = [:]
        for (index, request) in requests.enumerated() where !request.path.isColumn {
            let name = Array(request.path.root.utf8)
            if roots[name] == nil {
                roots[name] = columns.count
                columns.append(Column(name: append(request.path.root), type: .json, steps: 0..<0, root: 0))
            }
            columns[index].root = roots[name] ?? 0
        }
    }

    private mutating func append(_ text: String) -> Range<Int> {
        let start = bytes.count
        bytes += text.utf8.map { CChar(bitPattern: $0) }
        return start..<bytes.count
    }

    private mutating func append(_ step: ColumnPath.Step) {
        switch step {
        case .element(let index):
            steps.append(Step(name: 0..<0, index: Int64(index), isIndex: true))
        case .member(let name):
            // Digits also mean an element. No array has one of the number that stands for all other names.
            let index = step.index(among: .max).map { Int64($0) } ?? .max
            steps.append(Step(name: append(name), index: index, isIndex: false))
        }
    }
}
