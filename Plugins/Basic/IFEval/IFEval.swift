import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// The share of verifiable instructions that an answer follows, as IFEval decides.
struct IFEval: Scorer {
    static let declaration = ScorerDeclaration(
        id: "ifeval",
        description: "the share of the instructions in instruction_id_list that generated_answer follows",
        inputs: [
            .required("generated_answer", .text, "what the model answered"),
            .required("instruction_id_list", .json, "the ids of the instructions: an array of strings, or its text"),
            .required("kwargs", .json, "their arguments: an array with one object for each, or its text"),
        ],
        outputs: [
            .output("score", .f64, "followed instructions / instructions", range: 0...1),
            .output("weight", .f64, "the number of instructions"),
            .output("followed", .json, "whether each instruction is followed, an array"),
            .output("followed_all", .f64, "1.0 if all are followed, otherwise 0.0", range: 0...1),
        ],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "properties": {
            "dialect": {"enum": ["llama-stack", "google"]}, "mode": {"enum": ["strict", "loose"]}}}
            """#,
        statistics: InstructionCounts.statistics,
        aggregations: InstructionCounts.aggregations)

    private enum Mode: String, CaseIterable { case strict, loose }

    private let dialect: IFEvalDialect
    private let mode: Mode
    private let scratches = ScratchPool()

    /// The most instructions of a row: a benchmark's have up to three.
    private static let mostInstructions = 1000
    /// The bytes that all instructions of a row may look at, each the whole answer, and once for each of its keywords.
    private static let mostWork = 64 << 20

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        dialect = try parameters.choice("dialect")
        mode = try parameters.choice("mode")
        try parameters.finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        scratches.withScratch(for: results) { score(rows, results, &$0) }
    }

    private func score(_ rows: Rows, _ results: Results, _ scratch: inout MatchScratch) {
        let (generated, ids, kwargs) = (rows.texts(0), rows.texts(1), rows.texts(2))
        var parser = JSONParser()
        var search = KeywordSearch()
        var check = CancellationCheck(results)
        for row in 0..<rows.count {
            let size = generated[row].count + ids[row].count + kwargs[row].count
            // Each byte may be looked at in eight texts.
            if check.stops(before: row, of: rows, reading: 8 * size) { break }
            scratch.beginRow()
            do throws(RowFault) {
                try LongestText.check(generated[row], kwargs[row], most: LongestText.ofChoices)
                try LongestText.check(ids[row], kwargs[row], most: LongestText.ofChoices)
                let (names, instructions) = try Self.instructions(ids[row], kwargs[row], &parser)
                let work = instructions.reduce(0) { $0 + $1.passes } * generated[row].count
                guard work <= Self.mostWork else {
                    throw RowFault(.inputError, "there are too many instructions or keywords for so long an answer")
                }
                let followed = try followed(instructions, by: Array(generated[row]), results, &search, &scratch)
                emit(followed, row, results)
                InstructionCounts(names, followed).values.withUnsafeBufferPointer {
                    results.emit(statistics: $0, from: row)
                }
            } catch {
                if error.isCancellation {
                    check.leaveOut(row, of: rows)
                    break
                }
                results.fail(row, error.outcome, error.message)
            }
        }
    }

    private func emit(_ followed: [Bool], _ row: Int, _ results: Results) {
        let count = Double(followed.count { $0 })
        results.emit(followed.isEmpty ? 0 : count / Double(followed.count), output: 0, row: row)
        results.emit(Double(followed.count), output: 1, row: row)
        results.emit("[" + followed.map(String.init).joined(separator: ",") + "]", output: 2, row: row, as: .json)
        results.emit(followed.allSatisfy { $0 } ? 1 : 0, output: 3, row: row)
    }

    func finalize(_ sums: Sums, _ aggregates: Aggregates) {
        InstructionCounts.finalize(sums, aggregates)
    }

    // MARK: Instructions of a row

    private static func instructions(
        _ ids: UnsafeRawBufferPointer, _ kwargs: UnsafeRawBufferPointer, _ parser: inout JSONParser
    ) throws(RowFault) -> (names: [String], instructions: [Instruction]) {
        let ids = try list(ids, "instruction_id_list", &parser)
        let kwargs = try list(kwargs, "kwargs", &parser)
        guard kwargs.count >= ids.count else {
            throw RowFault(
                .inputError,
                "kwargs has \(kwargs.count) elements for the \(ids.count) instructions in instruction_id_list")
        }
        guard ids.count <= mostInstructions else {
            throw RowFault(.inputError, "instruction_id_list has more than \(mostInstructions) instructions")
        }
        var names: [String] = []
        var instructions: [Instruction] = []
        for (id, kwargs) in zip(ids, kwargs) {
            guard let id = id.string else {
                throw RowFault(.inputError, "instruction_id_list holds \(id.kind); expected strings")
            }
            names.append(id)
            instructions.append(try Instruction(id, kwargs))
        }
        return (names, instructions)
    }

    /// An array, or a string with one, in JSON or as Python prints it.
    private static func list(
        _ cell: UnsafeRawBufferPointer, _ column: String, _ parser: inout JSONParser
    ) throws(RowFault) -> [JSONValue] {
        if cell.first == UInt8(ascii: "\""), let text = try? parser.parse(cell).string {
            return try Array(text.utf8).span.withUnsafeBytes { bytes throws(RowFault) in
                try ExpectedAnswers.elements(ofListIn: bytes, &parser, column: column)
            }
        }
        return try ExpectedAnswers.elements(ofListIn: cell, &parser, column: column)
    }

    // MARK: Checking

    private func followed(
        _ instructions: [Instruction], by answer: [UInt8], _ results: Results, _ search: inout KeywordSearch,
        _ scratch: inout MatchScratch
    ) throws(RowFault) -> [Bool] {
        let answer = dialect == .llamaStack ? Array(answer.trimmed) : answer
        var texts = [InstructionText(answer, dialect)]
        if mode == .loose, !instructions.isEmpty {
            texts += Self.looseTexts(answer).map { InstructionText($0, dialect) }
        }
        var followed: [Bool] = []
        for instruction in instructions {
            if answer.count > 1 << 16, results.isCancelled {
                throw .cancelled
            }
            var isFollowed = false
            for index in texts.indices where !isFollowed {
                isFollowed = try instruction.isFollowed(by: &texts[index], &search, &scratch)
            }
            followed.append(isFollowed)
        }
        return followed
    }

    /// The answer without its first line, its last line, both; and these and the whole without stars. Those that are new.
    private static func looseTexts(_ answer: [UInt8]) -> [[UInt8]] {
        let lines = answer.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        func joined(_ lines: ArraySlice<ArraySlice<UInt8>>) -> [UInt8] {
            Array(Array(lines.joined(separator: [UInt8(ascii: "\n")])).trimmed)
        }
        var texts = [answer, joined(lines.dropFirst()), joined(lines.dropLast()), joined(lines.dropFirst().dropLast())]
        texts += texts.map { $0.filter { $0 != UInt8(ascii: "*") } }
        var seen: Set<[UInt8]> = [answer]
        return texts.filter { seen.insert($0).inserted }
    }
}
