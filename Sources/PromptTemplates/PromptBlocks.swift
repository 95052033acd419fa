/// A template whose values cannot end the blocks that delimit them.
///
/// A block is what stands between `<answer>` and `</answer>`, between two Markdown fences, or between two lines in square
/// brackets such as `[BEGIN DATA]` and `[END DATA]`. If a value inside it contains what ends the block, the delimiters of this
/// prompt change: `<answer_2>`, a longer fence, `[END DATA 2]`, with the least number that no value contains. The value itself is
/// inserted unchanged, and all other prompts are those of the template.
public struct PromptBlocks: Sendable, Hashable {
    public let template: PromptTemplate
    /// The template as pieces: texts between delimiters, delimiters and values, in their order.
    private var pieces: [Piece] = []
    private var blocks: [Block] = []

    private enum Piece: Sendable, Hashable {
        case text(String)
        /// The index of its column.
        case value(Int)
        case delimiter(Delimiter)
    }

    /// Two delimiters, and the columns between them.
    private struct Block: Sendable, Hashable {
        /// The indices of the pieces.
        var open: Int
        var close: Int
        var columns: [Int]
    }

    public init(_ template: PromptTemplate) {
        self.template = template
        for part in template.parts {
            switch part {
            case .value(let column): pieces.append(.value(column))
            case .open(let name): pieces.append(.text("{\(name)}"))
            case .literal(let text): cut(text)
            }
        }
        findBlocks()
    }

    /// The prompt with the values of `columns`, in their order.
    public func rendered(_ values: [UnsafeRawBufferPointer]) -> String {
        var taken = Delimiter.Ends()
        let broken = blocks.filter { block in
            guard case .delimiter(let close) = pieces[block.close] else { return false }
            var ends = Delimiter.Ends()
            for column in block.columns { close.find(in: values[column], &ends) }
            taken.numbers.formUnion(ends.numbers)
            taken.least = max(taken.least, ends.least)
            return ends.isThere
        }
        if broken.isEmpty { return template.rendered(values) }
        var number = taken.least
        while taken.numbers.contains(number) { number += 1 }
        let changed = Set(broken.flatMap { [$0.open, $0.close] })
        var prompt = ""
        for (index, piece) in pieces.enumerated() {
            switch piece {
            case .text(let text): prompt += text
            case .value(let column): prompt += String(decoding: values[column], as: UTF8.self)
            case .delimiter(let delimiter):
                prompt += changed.contains(index) ? delimiter.numbered(number) : delimiter.text
            }
        }
        return prompt
    }

    // MARK: Finding the blocks

    private mutating func cut(_ text: String) {
        var rest = text[...]
        while let (delimiter, range) = Delimiter.first(in: rest, isAtStart: rest.startIndex == text.startIndex) {
            if range.lowerBound > rest.startIndex { pieces.append(.text(String(rest[..<range.lowerBound]))) }
            pieces.append(.delimiter(delimiter))
            rest = rest[range.upperBound...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
    }

    private mutating func findBlocks() {
        /// Delimiters that may still be closed, from the outermost.
        var open: [(piece: Int, delimiter: Delimiter)] = []
        for (index, piece) in pieces.enumerated() {
            guard case .delimiter(let delimiter) = piece else { continue }
            if let place = open.lastIndex(where: { $0.delimiter.isClosed(by: delimiter) }) {
                let start = open[place].piece
                let columns = pieces[start...index].compactMap { piece -> Int? in
                    if case .value(let column) = piece { column } else { nil }
                }
                if !columns.isEmpty { blocks.append(Block(open: start, close: index, columns: columns)) }
                open.removeSubrange(place...)
                // A line in brackets may end one block and begin the next.
                if case .line = delimiter { open.append((index, delimiter)) }
            } else if delimiter.mayOpen {
                open.append((index, delimiter))
            }
        }
    }
}
