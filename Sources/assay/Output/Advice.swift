import ScoringDefinitions
import ScoringEngine

extension EngineError {
    /// The message, and the option or command that mends it.
    var commandText: String {
        switch remedy {
        case .listFunctions(let near): message + (near.isEmpty ? "; " : " ") + functionsAdvice
        case .mapColumn: message + " A column of another name can be mapped: --map NEEDED=NAME"
        case .nameColumns:
            message + " If the first row is data and not a header, name the columns: --columns NAME,…, or --no-header "
                + "and --map NEEDED=column_1; a column of another name can be mapped: --map NEEDED=NAME"
        case .mapColumns(let columns):
            message + " Map them: " + columns.map(\.commandText).joined(separator: " ")
        case .nameJudge: message + ", or with --judge-model"
        case .addModel:
            message + "; configure it, or give the URL of the server that has it (--config FILE, --model-url URL)"
        case .addPlugin: message + ". Name the folder of its shared object with --plugin-dir"
        case nil: message
        }
    }
}

extension UnknownFunction {
    /// The message, and the command that shows what there is.
    var commandText: String { description + (nearIdentifiers.isEmpty ? "; " : " ") + functionsAdvice }
}

private let functionsAdvice = "\"assay functions list\" shows all"

extension ColumnSuggestion {
    /// The option that maps the column, as a shell takes it.
    var commandText: String {
        let pair = "\(name)=\(path)"
        let isPlain = pair.allSatisfy { $0.isLetter || $0.isNumber || "_=.-/".contains($0) }
        return "--map " + (isPlain ? pair : "'" + pair.replacing("'", with: #"'\''"#) + "'")
    }
}
