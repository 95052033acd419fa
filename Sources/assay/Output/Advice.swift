import ScoringDefinitions
import ScoringEngine

extension EngineError {
    /// The message, with the option or command that solves the problem.
    var commandText: String {
        switch remedy {
        case .listFunctions(let near): message + (near.isEmpty ? "; " : " ") + functionsAdvice
        case .mapColumn: message + " To use a column with another name: --map NEEDED=NAME"
        case .mapColumns(let columns):
            message + " Map them: " + columns.map(\.commandText).joined(separator: " ")
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

extension ColumnSuggestion {
    /// The option that maps the column, quoted for a shell.
    var commandText: String {
        let pair = "\(name)=\(path)"
        let isPlain = pair.allSatisfy { $0.isLetter || $0.isNumber || "_=.-/".contains($0) }
        return "--map " + (isPlain ? pair : "'" + pair.replacing("'", with: #"'\''"#) + "'")
    }
}
