import ArgumentParser
import JSON
import Platform
import ScorerHost
import ScoringCore
import ScoringDefinitions
import ScoringEngine

extension FunctionsCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the available scoring functions.",
            usage: "assay functions list [--search <words>] [<options>]",
            discussion: """
                Print a line for each function, grouped by the first part of its identifier. assay functions show prints \
                the whole description.
                """)

        @Option(
            help: ArgumentHelp(
                "List only the functions that have all these words in their identifier, description, columns, "
                    + "parameters or aggregations.", valueName: "words"))
        var search: String?

        @OptionGroup var engineOptions: EngineOptions

        /// The length of a line where the output is not a terminal.
        private static let usualWidth = 100

        func run() throws {
            let engine = engineOptions.makeEngine(asksUnknownPlugins: false)
            let functions = engine.definitions.identifiers.compactMap { engine.definitions[$0] }
            let found = functions.filter { isWanted($0, engine) }
            if found.isEmpty, let search {
                throw Failure(
                    "no scoring function has \"\(search)\"; assay functions list shows all \(functions.count)")
            }
            let width = terminalWidth() ?? Self.usualWidth
            let groups = Dictionary(grouping: found) { $0.identifier.prefix { $0 != ":" } }
            let tables = groups.sorted { $0.key < $1.key }.map { table(of: $0.value, width: width) }
            try printOutput(tables.joined(separator: "\n"))
        }

        /// A line for each function, with the descriptions below one another.
        private func table(of functions: [ScoringFunction], width: Int) -> String {
            let names = functions.map { oneLine($0.identifier).visible }
            let column = (names.map(\.count).max() ?? 0) + 2
            return zip(names, functions).map { name, function in
                let padding = String(repeating: " ", count: column - name.count)
                return name + padding + summary(of: function.description, width: max(width - column, 30)) + "\n"
            }.joined()
        }

        /// The first sentence, or what fits of it.
        private func summary(of description: String, width: Int) -> String {
            let whole = oneLine(description, limit: 1000)
            let sentence = whole.firstRange(of: ". ").map { String(whole[..<$0.lowerBound]) + "." } ?? whole
            if sentence.count <= width { return sentence }
            let part = sentence.prefix(width - 1)
            let words = part.lastIndex(of: " ").map { part[..<$0] } ?? part
            return words + "…"
        }

        private func isWanted(_ function: ScoringFunction, _ engine: Engine) -> Bool {
            guard let search else { return true }
            var texts = [function.identifier, function.description]
            texts += function.aggregationFunctions.map(\.rawValue)
            if let scorer = engine.scorer(of: function) {
                texts += scorer.inputs.flatMap { [$0.name, $0.description] }
                texts += scorer.aggregations.flatMap { [$0.name, $0.description] }
                texts += ParameterSummary(scorer).items ?? []
            }
            let text = texts.joined(separator: "\n").lowercased()
            return search.lowercased().split(whereSeparator: \.isWhitespace).allSatisfy { text.contains($0) }
        }
    }
}
