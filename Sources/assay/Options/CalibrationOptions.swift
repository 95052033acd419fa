import ArgumentParser
import Evaluation
import Inference
import JSON
import Runs
import ScoringDefinitions
import ScoringEngine

/// What people said of judges, for commands that score.
struct CalibrationOptions: ParsableArguments {
    @Option(
        name: .customLong("calibration"),
        help: ArgumentHelp(
            "Show how far each judge agrees with people, as 'assay agree --save FILE' measured it, and whether it is still "
                + "the same judge.", valueName: "file"))
    var path: String?

    /// What the file says; nil without one.
    func read() throws -> Calibration? {
        guard let path else { return nil }
        do throws(RunError) {
            return try Calibration(path)
        } catch {
            throw Failure(error.message)
        }
    }
}

extension Calibration {
    /// Adds what is known of each judge to results.
    func apply(to results: inout ScoringResults, judgeModel: String?) {
        for index in results.functions.indices {
            guard let usage = results.functions[index].usage else { continue }
            let function = results.functions[index].function
            let check = check(
                function.identifier,
                judge: function.judgeJSON(judgeModel: judgeModel, served: usage.servedModels))
            results.functions[index].calibration = check.json ?? .null
            results.functions[index].calibrationText = check.text
        }
    }
}
