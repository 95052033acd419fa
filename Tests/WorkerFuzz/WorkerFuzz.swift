import CScorerPlugin
import Concurrency
import Glibc
import ScorerHost
import ScoringCore

/// Scores with a worker that answers with anything (`hostile_worker.c`), and checks that whatever comes of it can be read.
///
///     worker-fuzz SECONDS
///
/// What it is to find are faults of this process: reading or writing where nothing is, traps, waiting for ever. Build it
/// with `swift build --sanitize=address --product worker-fuzz` to see the first kind, too.
@main
struct WorkerFuzz {
    static func main() throws {
        guard CommandLine.arguments.count == 2, let time = Double(CommandLine.arguments[1]) else {
            print("usage: worker-fuzz SECONDS")
            exit(64)
        }
        let folder = try makeFolder()
        var settings = WorkerSettings()
        settings.executable = try compile(into: folder)
        settings.timeout = .milliseconds(30)
        settings.outputLimit = 8 << 20
        let end = ContinuousClock.now + .milliseconds(Int(time * 1000))
        var session = Session(folder: folder, settings: settings)
        while ContinuousClock.now < end { try session.run() }
        print(
            "\(session.sessions) plugins, \(session.scorers) scorers, \(session.calls) calls, \(session.rows) rows read"
        )
    }

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/worker-fuzz-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "no temporary folder") }
        return template.withUnsafeBufferPointer { bytes in bytes.baseAddress.map { String(cString: $0) } ?? "" }
    }

    private static func compile(into folder: String) throws -> String {
        let own = #filePath.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        let path = "\(folder)/hostile-worker"
        let words = [
            "cc", "-O1", "-pthread", "-I\(own)/../../Sources/CScorerPlugin/include",
            "-I\(own)/../../Sources/CWorkerProtocol/include", "-o", path, "\(own)/hostile_worker.c",
        ]
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        var status: Int32 = 0
        guard posix_spawnp(&pid, "cc", nil, nil, arguments, environ) == 0, waitpid(pid, &status, 0) == pid, status == 0
        else { throw Failure(description: "cc could not compile hostile_worker.c") }
        return path
    }
}

struct Failure: Error, CustomStringConvertible {
    var description: String
}

/// One plugin after the other, with some scorers and calls each.
struct Session {
    let folder: String
    let settings: WorkerSettings
    private(set) var sessions = 0
    private(set) var scorers = 0
    private(set) var calls = 0
    private(set) var rows = 0
    private var random = SystemRandomNumberGenerator()

    init(folder: String, settings: WorkerSettings) {
        self.folder = folder
        self.settings = settings
    }

    mutating func run() throws {
        sessions += 1
        let path = "\(folder)/\(sessions).so"
        close(creat(path, 0o600))
        defer { unlink(path) }
        guard let plugin = try? Plugin(isolating: path, settings: settings, log: { _, _, _ in }) else { return }
        for _ in 0..<3 {
            guard let id = plugin.scorers.first?.id,
                let scorer = try? Scorer(id, of: plugin, configuration: #"{"params": {}}"#)
            else { continue }
            scorers += 1
            for _ in 0..<20 { score(scorer) }
        }
    }

    private mutating func score(_ scorer: Scorer) {
        let cancellation = Cancellation()
        let call = ScorerCall(scorer, cancellation: cancellation)
        let count = [1, 2, 7, 64, 1024].randomElement(using: &random) ?? 1
        let batch = Batch(count, scorer.description.inputs)
        call.prepare(rowCount: count)
        calls += 1
        if Int.random(in: 0..<20, using: &random) == 0 { cancellation.cancel() }
        var progress = call.start(batch.columns, rowCount: count)
        var open: [ModelRequest] = []
        for _ in 0..<20 {
            guard case .waiting(let requests) = progress else { break }
            open += requests.prefix(100)
            if open.isEmpty { break }
            let replies = open.prefix(Int.random(in: 1...open.count, using: &random))
            open.removeFirst(replies.count)
            progress = call.deliver(
                replies.map { ModelReply(tag: $0.tag, status: .answered, text: "yes", response: "{}") })
        }
        if case .waiting = progress {
            if Bool.random(using: &random) { return }  // It is dropped as it is.
            call.cancel(.notAsked, "enough")
        }
        read(call.results)
        withExtendedLifetime(batch) {}
    }

    /// Touches everything that a run would read.
    private mutating func read(_ results: RowResults) {
        rows += results.count
        var sum: UInt64 = 0
        for (row, outcome) in results.outcomes.enumerated() {
            precondition(RowOutcome.allCases.contains(outcome))
            precondition((outcome == .scored) == (results.reason(of: row) == nil), "a reason for each unscored row")
            for output in results.outputs where output.hasValue(row) {
                let view = output.view
                switch output.type {
                case .f64: precondition(view.number(row).isFinite)
                case .i64: sum &+= UInt64(bitPattern: view.integer(row))
                case .bool: precondition([0, 1].contains(view.integer(row)))
                case .text, .json:
                    for byte in view.text(row) { sum &+= UInt64(byte) }
                    precondition(String(validating: view.text(row), as: UTF8.self) != nil)
                case .textList: preconditionFailure("lists are no outputs")
                }
            }
        }
        precondition(sum != 1 << 63)
    }
}

/// Rows with some text in each, for whatever inputs a scorer says that it has.
final class Batch {
    let columns: [CellColumn]
    private let blocks: [UnsafeMutableRawPointer]

    init(_ count: Int, _ inputs: [ColumnDescription]) {
        let texts = UnsafeMutablePointer<assay_str>.allocate(capacity: count)
        let offsets = UnsafeMutablePointer<Int64>.allocate(capacity: count + 1)
        let numbers = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: 100)
        text.initialize(repeating: 97, count: 100)
        for row in 0..<count {
            (texts + row).initialize(to: assay_str(ptr: text, len: UInt64(row % 100)))
            (numbers + row).initialize(to: 1)
            (offsets + row).initialize(to: Int64(row))
        }
        (offsets + count).initialize(to: Int64(count))
        blocks = [.init(texts), .init(offsets), .init(numbers), .init(text)]
        columns = inputs.map { input in
            switch input.type {
            case .text, .json: CellColumn(type: input.type, values: texts)
            case .textList: CellColumn(type: input.type, values: texts, listOffsets: offsets)
            case .f64, .i64, .bool: CellColumn(type: input.type, values: numbers)
            }
        }
    }

    deinit {
        for block in blocks { block.deallocate() }
    }
}
