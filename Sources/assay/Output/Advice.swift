import ScoringDefinitions
import ScoringEngine

extension EngineError {
    /// The message, with the option or command that solves the problem.
    var commandText: String {
        switch remedy {
        case .listFunctions(let near): message + (near.isEmpty ? "; " : " ") + functionsAdvice
        case .mapColumn: message + " To use a column with another name: --map NEEDED=NAME"
        case .nameColumns:
            message + " If the first row is data and not a header, name the columns: --columns NAME,…, or --no-header "
                + "and --map NEEDED=column_1. To use a column with another name: --map NEEDED=NAME"
        case .mapColumns(let columns):
            message + " Map them: " + columns.map(\.option).joined(separator: " ")
        case .nameJudge: message + ", or with --judge-model"
        case .addModel:
            message + "; add it to the configuration (--config FILE), or name a server that has it (--model-url URL)"
        case .addPlugin: message + ". Name the folder that contains its shared object with --plugin-dir"
        case nil: message
        }
    }
}

extension UnknownFunction {
    /// The message, with the command that lists the functions.
    var commandText: String { description + (nearIdentifiers.isEmpty ? "; " : " ") + functionsAdvice }
}

private let functionsAdvice = "\"assay functions list\" lists them"
