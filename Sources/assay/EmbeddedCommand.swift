import ArgumentParser
import Concurrency
import Datasets
package import ScorerHost
package import ScoringDefinitions
package import ScoringEngine

/// The command line for programs that embed the engine: what they ask for is said in options of `assay score`, so that names,
/// checks and messages are the same everywhere.
package enum EmbeddedCommand {
    package static var version: String { Assay.version }

    /// Runs the command line.
    ///
    /// - Parameter arguments: without the name of the program.
    package static func run(_ arguments: [String]) -> Never { Assay.run(arguments) }

    /// Makes an engine.
    ///
    /// - Parameters:
    ///   - plugins: those of the program, with the `definitions` of their scorers.
    ///   - check: is called before models are asked for the first time.
    package static func engine(
        _ options: [String], plugins: [Plugin], definitions: [ScoringFunction],
        check: @escaping @Sendable () throws(EngineError) -> Void
    ) throws -> Engine {
        // Any function will do: which ones a run has is said later.
        let command = try parsed(options + ["--fn", "basic::equality"])
        let models = command.modelOptions
        return command.engineOptions.makeEngine(
            limits: command.limitOptions.functionLimits, embedded: plugins, functions: definitions
        ) { () throws(EngineError) in
            try check()
            return try models.makeInference(isQuiet: true)
        }
    }

    package static func shutDown(_ engine: Engine) { waiting { await engine.shutDown() } }

    /// The request of a run.
    ///
    /// - Parameters:
    ///   - engineOptions: those that the engine was made with.
    ///   - options: those of the run.
    package static func request(
        _ engineOptions: [String], _ options: [String], dataset: Dataset
    ) throws -> ScoringRequest {
        var request = try parsed(engineOptions + options).request(for: dataset)
        // Whoever interrupts a program waits for it, and gets no results of the rows that are done. Replies that arrive in
        // this time are still in the cache.
        request.patience = .milliseconds(300)
        return request
    }

    /// Files as one dataset.
    package static func dataset(
        _ engineOptions: [String], _ options: [String], paths: [String]
    ) throws -> (dataset: Dataset, stop: @Sendable () -> Void) {
        let command = try parsed(engineOptions + options)
        let inputs = try paths.map { path in
            do {
                return try command.datasetArguments.input(
                    path, command.limitOptions, command.modelOptions.hubCache())
            } catch {
                throw Failure("\(error)")
            }
        }
        guard let first = inputs.first else { throw Failure("name at least one file") }
        if inputs.count == 1 { return (first.dataset, first.stop) }
        let stops = inputs.map(\.stop)
        return (try .joining(inputs.map(\.dataset)), { for stop in stops { stop() } })
    }

    private static func parsed(_ options: [String]) throws -> ScoreCommand {
        let command = try ScoreCommand.parse(["-"] + options + ["--quiet"])
        let own: [(option: String, isSet: Bool)] = [
            ("--output", command.rowOptions.output != nil), ("--save", command.saveOptions.save != nil),
            ("--state", command.stateOption.path != nil), ("--worst", command.worst != nil),
            ("--dry-run", command.dryRun), ("--require", !command.rowOptions.requirements.isEmpty),
            ("--format", command.rowOptions.format != nil),
            ("--with-input", command.withInput), ("--calibration", command.calibrationOptions.path != nil),
            ("--batch", command.batchOptions.batch),
        ]
        if let option = own.first(where: \.isSet)?.option {
            throw ValidationError("\(option) belongs to the command line; a program has the results themselves")
        }
        return command
    }

    /// What an error says.
    package static func message(for error: any Error) -> String {
        switch error {
        case let failure as Failure: failure.description
        case let error as EngineError: error.commandText
        case is ValidationError, is CleanExit: ScoreCommand.message(for: error)
        default: "\(type(of: error))".contains("CommandError") ? ScoreCommand.message(for: error) : "\(error)"
        }
    }
}

extension Dataset {
    /// The rows of several datasets, one after the other.
    fileprivate static func joining(_ datasets: [Dataset]) throws -> Dataset {
        guard let first = datasets.first, datasets.allSatisfy({ $0.isUntyped == first.isUntyped }) else {
            throw Failure(
                "tables and other files cannot be scored together; score them one by one and merge the states")
        }
        var all = first
        all.name = "\(datasets.count) files"
        all.isReopenable = datasets.allSatisfy(\.isReopenable)
        all.open = { columns throws(DatasetError) in JoinedFiles(datasets, columns) }
        return all
    }
}

/// The lines of several datasets, one after the other.
private struct JoinedFiles: ByteSource {
    private var rest: ArraySlice<Dataset>
    private let columns: ColumnSelection?
    private var source: (any ByteSource)?
    private var endsLine = true

    var rowLimit: Int? { source?.rowLimit }

    init(_ datasets: [Dataset], _ columns: ColumnSelection?) {
        rest = datasets[...]
        self.columns = columns
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        while true {
            let count = try source?.read(into: buffer) ?? 0
            if count > 0 {
                endsLine = buffer[count - 1] == UInt8(ascii: "\n")
                return count
            }
            if !endsLine {
                endsLine = true
                buffer[0] = UInt8(ascii: "\n")
                return 1
            }
            guard let next = rest.popFirst() else { return 0 }
            source = try next.open(columns)
        }
    }
}
