import ArgumentParser
import Concurrency
import Glibc
import Inference
import JSON
import Platform
import ScoringCore
import Store

struct BatchesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batches",
        abstract: "Show, fetch and cancel batches that runs with --batch have submitted.",
        discussion: """
            EXAMPLES
              assay batches list
              assay batches fetch
              assay batches cancel batch_abc

            Batches are kept in the cache until their replies have been taken. A model that needs more than its URL and the \
            variable of its key is read from --config.
            """,
        subcommands: [ListCommand.self, FetchCommand.self, CancelCommand.self], defaultSubcommand: ListCommand.self)

    struct ListCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the batches of the cache, without asking their servers.")

        @OptionGroup var source: BatchSource

        @Flag(help: "List batches that have ended, too.")
        var all = false

        @Option(help: "The format of standard output (default: table on a terminal, json otherwise).")
        var format: RowOptions.Format?

        func run() throws {
            let batches = try source.batches(in: source.cache.open(), named: []).filter { all || $0.state != .ended }
            if format ?? .usual == .json {
                return try printOutput(JSONValue.array(batches.map(\.json)).prettyText + "\n")
            }
            if batches.isEmpty { return try printOutput("No batches are open.\n") }
            try printOutput(batches.map { $0.line + "\n" }.joined())
        }
    }

    struct FetchCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fetch",
            abstract: "Take the replies of batches that have ended into the cache.",
            discussion: "Exit status: 0 all have ended; 3 some are still open; 1 some could not be fetched.")

        @Argument(help: ArgumentHelp("The batches (default: all that are open).", valueName: "batch"))
        var names: [String] = []

        @OptionGroup var source: BatchSource

        func run() throws {
            let cache = try source.cache.open()
            var openCount = 0
            try source.withEach(of: names, in: cache) { batch, model, runner in
                let finding = try waiting { try await runner.fetch(batch, of: model) }
                let now = try cache.batch(batch.id) ?? batch
                switch finding {
                case .ended: try printOutput("\(now.title): done\n")
                case .open: try printOutput("\(now.title): \(now.progress)\n")
                case .inUse: try printOutput("\(now.title): another process waits for it\n")
                }
                if case .ended = finding {} else { openCount += 1 }
            }
            if openCount > 0 { throw ExitCode(3) }
        }
    }

    struct CancelCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel",
            abstract: "Cancel batches. 'assay batches fetch' takes what was answered before, which is paid for.")

        @Argument(help: ArgumentHelp("The batches; all means all that are open.", valueName: "batch"))
        var names: [String]

        @OptionGroup var source: BatchSource

        func run() throws {
            let cache = try source.cache.open()
            let named = names == ["all"] ? [] : names
            try source.withEach(of: named, in: cache) { batch, model, runner in
                let outcome = try waiting { try await runner.cancel(batch, of: model) }
                switch outcome {
                case .requested: try printOutput("\(batch.title): cancellation requested\n")
                case .ended: try printOutput("\(batch.title): has ended; 'assay batches fetch' takes its replies\n")
                case .removed: try printOutput("\(batch.title): cancelled; it was not submitted\n")
                }
            }
        }
    }
}

/// The cache that replies of batches are stored in.
struct BatchCache: ParsableArguments {
    @Option(help: ArgumentHelp("The cache (default: assay in the user's cache folder).", valueName: "dir"))
    var cache: String?

    func open() throws -> ReplyCache {
        guard let folder = cache ?? UserFolder.cache.path else {
            throw Failure("HOME is not set, so there is no default folder of the cache; name one with --cache DIR")
        }
        do throws(StoreError) {
            return try ReplyCache(folder: folder)
        } catch {
            throw Failure("\(error)")
        }
    }
}

/// The cache whose batches are meant, and the models that they were submitted to.
struct BatchSource: ParsableArguments {
    @OptionGroup var cache: BatchCache

    @Option(help: ArgumentHelp("The configuration file, which defines models (JSON).", valueName: "file"))
    var config: String?

    /// - Parameter names: what the servers call them; empty: all.
    func batches(in cache: ReplyCache, named names: [String]) throws -> [StoredBatch] {
        let all = try cache.batches()
        for name in names where !all.contains(where: { $0.title == name }) {
            throw Failure("there is no batch \(name) in the cache; 'assay batches list --all' lists them")
        }
        return names.isEmpty ? all : all.filter { names.contains($0.title) }
    }

    /// The model that a batch was submitted to: from the configuration, if it names the same server.
    func model(of batch: StoredBatch) throws -> Model {
        do {
            let configured = try config.map { try ModelConfiguration.models(inFile: $0) } ?? []
            if let known = configured.first(where: { $0.id == batch.model }) {
                let model = try ModelCatalog([known]).find(known.id)
                if model.url == batch.url { return model }
            }
            return try ModelCatalog([ModelConfiguration(of: batch)]).find(batch.model)
        } catch {
            throw Failure("batch \(batch.title): \(error)")
        }
    }

    /// Does something with each batch that has not ended. A batch with which it fails does not stop it.
    ///
    /// - Throws: exit status 1 after all of them, if one failed.
    func withEach(
        of names: [String], in cache: ReplyCache, _ body: (StoredBatch, Model, BatchRunner) throws -> Void
    ) throws {
        var options = BatchRunner.Options()
        options.userAgent = "assay/\(Assay.version)"
        let runner = BatchRunner(
            cache: cache, options, notice: { printError("assay: \(oneLine($0, limit: 1000))") }, progress: { _ in })
        defer { waiting { await runner.shutDown() } }
        var hasFailed = false
        for batch in try batches(in: cache, named: names) where batch.state != .ended {
            do {
                try body(batch, try model(of: batch), runner)
            } catch  where error is InferenceError || error is StoreError || error is Failure {
                hasFailed = true
                printError("assay: \(batch.title): \(oneLine("\(error)", limit: 1000))")
            }
        }
        if hasFailed { throw ExitCode(1) }
    }
}

extension StoredBatch {
    fileprivate var json: JSONValue {
        [
            "id": remoteID.map { .string($0) } ?? .null, "state": .string(state.rawValue), "model": .string(model),
            "url": .string(url), "requests": JSONValue(requests), "progress": .string(progress),
            "submitted_at": submittedAt.map { .string(Timestamp($0).text) } ?? .null,
            "checked_at": checkedAt.map { .string(Timestamp($0).text) } ?? .null,
        ]
    }

    fileprivate var line: String {
        let time = submittedAt.map { ", submitted \(Timestamp($0).text)" } ?? ", not submitted"
        let last = progress.isEmpty ? "" : ": \(progress)"
        return "\(title)  \(counted(requests, "request")) to model \(model)\(time)\(last)"
    }
}
