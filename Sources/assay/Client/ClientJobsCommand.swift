import ArgumentParser
import Encodings
import JSON
import ScoringCore

struct ClientJobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "List, follow, cancel and delete the jobs of a benchmark.",
        subcommands: [List.self, Show.self, Follow.self, Cancel.self, Delete.self])

    /// Which job is meant.
    struct Job: ParsableArguments {
        @Argument(help: ArgumentHelp("The benchmark's identifier.", valueName: "benchmark"))
        var benchmark: String

        @Argument(help: ArgumentHelp("The job's identifier.", valueName: "job"))
        var id: String

        var path: String { "/v1alpha/eval/benchmarks/\(percentEncoded(benchmark))/jobs/\(percentEncoded(id))" }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List a benchmark's jobs, newest first.")

        @Argument(help: ArgumentHelp("The benchmark's identifier.", valueName: "benchmark"))
        var benchmark: String

        @OptionGroup var options: ClientOptions

        func run() throws {
            let page = try options.connect().get("/v1alpha/eval/benchmarks/\(percentEncoded(benchmark))/jobs")
            try options.show(page) {
                aligned(
                    (page["data"]?.array ?? []).map { job in
                        let done = job["progress"]?["done"]?.number?.int ?? 0
                        let total = job["progress"]?["total"]?.number?.int.map { " of \(grouped($0))" } ?? ""
                        return [
                            job["job_id"]?.string ?? "", job["status"]?.string ?? "", "\(grouped(done))\(total) rows",
                            job["created_at"]?.string ?? "", oneLine(job["candidate"]?["model"]?.string ?? ""),
                        ]
                    })
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Print a job as JSON.")

        @OptionGroup var job: Job
        @OptionGroup var options: ClientOptions

        func run() throws { try printOutput(try options.connect().get(job.path).prettyText + "\n") }
    }

    struct Follow: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "follow", abstract: "Follow a job until it ends, and print its results.")

        @OptionGroup var job: Job

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("Write one line of JSON per row to FILE.", valueName: "file"))
        var output: String?

        @OptionGroup var options: ClientOptions

        func run() throws {
            let interruption = ClientOptions.interruption()
            let server = try options.connect()
            try JobFollower(server, benchmark: job.benchmark, job: job.id, options, interruption).run(output: output)
        }
    }

    struct Cancel: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel", abstract: "Stop a job. Completed rows are kept.")

        @OptionGroup var job: Job
        @OptionGroup var options: ClientOptions

        func run() throws {
            let server = try options.connect()
            try server.delete(job.path)
            let now = try server.get(job.path)
            try options.show(now) { "\(job.id)  \(now["status"]?.string ?? "")\n" }
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete",
            abstract: "Delete a job that has ended, with its rows and its result.")

        @OptionGroup var job: Job
        @OptionGroup var options: ClientOptions

        func run() throws { try options.connect().delete(job.path + "?purge=true") }
    }
}
