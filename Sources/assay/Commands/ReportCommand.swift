import ArgumentParser
import Concurrency
import Glibc
import Platform
import Reports
import Runs

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show one or two runs as one HTML file.",
        discussion: """
            EXAMPLES
              assay report runs/new
              assay report runs/old runs/new --output changes.html
              assay report runs/new --by subject --no-text
              assay report scores.jsonl --format markdown >> "$GITHUB_STEP_SUMMARY"

            RUN is a folder that --save made, a tar archive of one, or a file of --output. The file is below 5 MB for any \
            run, needs no other file and no network, and opens in any browser. The manual's chapter "Reports" says what \
            each part of it means.

            Exit status: 0 the report was written; 5 the report was written, but part of the comparison \
            was refused because the runs differ; 1 a run cannot be read; 64 the command line is invalid.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case html, markdown }

    @Argument(help: ArgumentHelp("The run; with two runs, the old one.", valueName: "run"))
    var runA: String

    @Argument(help: ArgumentHelp("The new run.", valueName: "run-b"))
    var runB: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write the report to FILE, or with - to standard output. Default: report.html in the folder of the run, of two "
                + "the new one; a file of rows, an archive and Markdown go to standard output.", valueName: "file"))
    var output: String?

    @Option(
        name: [.long, .customLong("worst")],
        help: ArgumentHelp(
            "Show N rows of each function: the lowest scores, rows without a score, and a random sample (default: 50).",
            valueName: "n"))
    var examples = 50

    @Option(
        name: .customLong("by"),
        help: ArgumentHelp("Also show the scores of each value of COLUMN; repeatable.", valueName: "column"))
    var sliceColumns: [String] = []

    @Flag(name: .customLong("no-text"), help: "Leave out questions, answers, feedback and prompts.")
    var withoutText = false

    @Option(help: "html, or the numbers alone as Markdown (default: html).")
    var format = Format.html

    func validate() throws {
        guard (0...1_000).contains(examples) else {
            throw ValidationError("--examples \(examples): expected 0 to 1000")
        }
    }

    func run() throws {
        let report = try comparing {
            var options = ReportOptions()
            options.examples = examples
            options.sliceColumns = sliceColumns
            options.hasTexts = !withoutText
            options.version = Assay.version
            return try Report(SavedRun(runA), runB.map { try SavedRun($0) }, options: options)
        }
        var text = try comparing { try format == .html ? report.html() : report.markdown }
        if let path = output ?? defaultOutput, path != "-" {
            let file = try OutputFile(path, unlessSameAs: runA, or: runB.map { [$0] } ?? [], Cancellation())
            do {
                try text.withUTF8 { try file.write(UnsafeRawBufferPointer($0)) }
                try file.finish()
            } catch {
                file.discard()
                throw error
            }
            printError(path)
        } else {
            try printOutput(text)
        }
        if report.hasRefusals { throw ExitCode(5) }
    }

    /// `report.html` in the folder of the new run; nil if it is no folder.
    private var defaultOutput: String? {
        guard format == .html else { return nil }
        var folder = runB ?? runA
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        if folder.hasSuffix("/results.json") { folder.removeLast("/results.json".count) }
        return FileStatus(ofPath: folder)?.kind == .folder ? folder + "/report.html" : nil
    }
}
