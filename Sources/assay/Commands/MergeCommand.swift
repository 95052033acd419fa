import ArgumentParser
import Evaluation
import JSON
import Platform
import Runs
import ScoringCore
import ScoringDefinitions
import ScoringEngine

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Merge the states of runs over parts of a dataset.",
        discussion: """
            EXAMPLES
              assay score part-0.jsonl --fn basic::equality --state part-0.state
              assay score part-1.jsonl --fn basic::equality --state part-1.state
              assay merge part-0.state part-1.state

            The results are the same as those of one run over all rows, to the last bit, in any order of the states. \
            States can be merged if their runs differ in their rows only: the same functions with the same \
            parameters, models and plugins, and the same --by, --by-limit, --cluster, --samples with --key, --pass-at and \
            --reasoning.

            Exit status: 0 all rows were scored; 1 a state cannot be read, or does not belong to the others; 3 some rows \
            could not be scored (the results say how many), or there were no rows; 4 a requirement is not met; 64 the \
            command line is invalid.
            """)

    @Argument(
        help: ArgumentHelp("Files that 'assay score --state' or 'assay merge --state' wrote.", valueName: "state"))
    var states: [String]

    @Option(
        name: .customLong("state"),
        help: ArgumentHelp("Write the merged state to FILE, to be merged again.", valueName: "file"))
    var output: String?

    @Option(help: "The format of standard output (default: table on a terminal, json otherwise).")
    var format: RowOptions.Format?

    @Option(name: .customLong("require"), help: RequirementArgument.helpOnResults)
    var requirements: [RequirementArgument] = []

    @OptionGroup(title: "Statistics") var calibrationOptions: CalibrationOptions

    @OptionGroup var engineOptions: EngineOptions

    func run() throws {
        let calibration = try calibrationOptions.read()
        let engine = engineOptions.makeEngine()
        let merged: RunState
        var results: ScoringResults
        do {
            merged = try self.merged()
            results = try engine.results(of: merged)
        } catch {
            throw Failure("\(error)")
        }
        calibration?.apply(to: &results, judgeModel: nil)
        let requirements = ResultRequirements(requirements)
        try requirements.validate(functions: results.functions.map(\.function.identifier))
        if let output { try merged.write(to: output) }
        let isJSON = (format ?? RowOptions.Format.usual) == .json
        try printOutput(isJSON ? results.json.prettyText + "\n" : ResultsTable(results).text)
        let checked = requirements.check(results)
        checked.report()
        if results.functions.allSatisfy({ $0.aggregates.counts.total == 0 }) {
            printError("assay: no row was scored: the states have no rows")
            throw ExitCode(checked.areMet ? 3 : 4)
        }
        if !checked.areMet { throw ExitCode(4) }
        let isCovered = results.functions.allSatisfy { function in
            function.aggregates.counts.unscored == 0 || requirements.coversUnscored(function.function.identifier)
        }
        if !isCovered { throw ExitCode(3) }
    }

    private func merged() throws -> RunState {
        var seen: Set<FileStatus.Identity> = []
        var merged: RunState?
        for path in states {
            if let identity = FileStatus(ofPath: path)?.identity, !seen.insert(identity).inserted {
                throw Failure("\(path): the state is named twice; its rows would count twice")
            }
            let bytes: [UInt8]
            do throws(RegularFile.Fault) {
                bytes = try RegularFile.read(path, limit: 1 << 30)
            } catch {
                throw Failure("\(path) \(error.message)")
            }
            if merged == nil {
                merged = try RunState(bytes, named: path)
            } else {
                try merged?.merge(bytes, named: path)
            }
        }
        guard let merged else { throw ValidationError("name at least one state") }
        return merged
    }
}

extension RunState {
    /// Writes the state, or leaves the file as it is.
    func write(to path: String) throws {
        do throws(RegularFile.Fault) {
            try RegularFile.write(bytes, to: path, mode: 0o644)
        } catch {
            throw Failure("--state \(path): \(error.message)")
        }
    }
}
