import ArgumentParser
import Evaluation
import JSON
import ScoringDefinitions

struct BenchmarksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmarks",
        abstract: "List and show the open benchmarks that 'assay evaluate --benchmark' knows.",
        subcommands: [List.self, Show.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract:
                "List the benchmarks, with rows, estimated tokens of all prompts and replies, and the models that they need.",
            usage: "assay benchmarks list")

        func run() throws {
            let catalog = BenchmarkCatalog.installed()
            let rows =
                [["ID", "ROWS", "TOKENS IN", "TOKENS OUT", "JUDGE TOKENS", "DESCRIPTION"]]
                + catalog.benchmarks.map { benchmark in
                    let size = benchmark.size
                    return [
                        benchmark.id, "\(size.rows)", millions(size.rows * size.promptTokens),
                        millions(size.rows * size.replyTokens),
                        size.judgeTokens.map { millions(size.rows * $0) } ?? "-",
                        benchmark.description,
                    ]
                }
            let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
            let lines = rows.map { row in
                let cells = zip(row, widths).enumerated().map { column, cell in
                    let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                    // Numbers are aligned on the right, and the last column has no padding.
                    return (1...4).contains(column) ? padding + cell.0 : column == 5 ? cell.0 : cell.0 + padding
                }
                return cells.joined(separator: "  ") + "\n"
            }
            try printOutput(lines.joined())
        }

        /// A number of tokens in millions.
        private func millions(_ tokens: Int) -> String {
            let tenths = (tokens + 50_000) / 100_000
            return tenths == 0 ? "0.1M" : "\(tenths / 10).\(tenths % 10)M"
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Print a benchmark's definition as JSON.",
            usage: "assay benchmarks show <id>",
            discussion: "A copy can be changed and passed to 'assay evaluate --benchmark FILE'.")

        @Argument(help: ArgumentHelp("The benchmark's identifier.", valueName: "id"))
        var identifier: String

        func run() throws {
            let benchmark = try BenchmarkCatalog.installed().find(identifier)
            try printOutput(JSONValue.object(benchmark.json).prettyText + "\n")
        }
    }
}

extension BenchmarkCatalog {
    /// The benchmarks that came with this program.
    static func installed() -> BenchmarkCatalog {
        let catalog = BenchmarkCatalog(folders: Installation.benchmarkFolders)
        for error in catalog.errors { printError("warning: \(error)") }
        return catalog
    }

    /// The benchmark with this identifier, or a failure that suggests similar ones.
    func find(_ id: String) throws -> BenchmarkDefinition {
        if let benchmark = self[id] { return benchmark }
        let near = nearNames(to: id, among: benchmarks.map(\.id)).prefix(3)
        let advice =
            near.isEmpty ? "'assay benchmarks list' lists them" : "did you mean \(near.joined(separator: " or "))?"
        throw ValidationError("there is no benchmark \(quoted(id)); \(advice)")
    }
}
