import CScorerPlugin
import Glibc
import ScorerHost
import ScoringCore

/// Prints what a plugin's interface costs a row, in this process and in a worker, and how long a worker takes to start.
///
///     plugin-overhead [PLUGIN.so]
///
/// Without a plugin, `plugin.c` beside this file is compiled with `cc`. The two places take turns, so that whatever else the
/// machine does meets both.
@main
struct PluginOverhead {
    static let rows = 1024
    static let cellSize = 400
    static let rounds = 40
    static let batchesInRound = 50

    static func main() throws {
        let path = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : try compile()
        let loaded = try Plugin(loading: path) { print("\($0): \($2)") }
        var starts: [Double] = []
        for _ in 0..<20 {
            starts.append(try seconds { _ = try Plugin(isolating: path) { print("\($0): \($2)") } })
        }
        starts.sort()
        let isolated = try Plugin(isolating: path) { print("\($0): \($2)") }
        print("start of a worker with the plugin: best \(ms(starts[0])), median \(ms(starts[starts.count / 2]))")
        print("batches of \(rows) rows of \(cellSize) bytes, nanoseconds a row, best and median of \(rounds) rounds:")
        for id in ["batch", "row"] {
            let here = Measured(try Scorer(id, of: loaded, configuration: "{}"))
            let there = Measured(try Scorer(id, of: isolated, configuration: "{}"))
            for _ in 0..<rounds {
                here.run()
                there.run()
            }
            print(
                "  \(id == "batch" ? "a batch's scores at once" : "one score at a time     ")"
                    + "  in-process \(here.text)  in a worker \(there.text)  more \(ns(there.best - here.best))")
        }
    }

    private static func compile() throws -> String {
        let folder = #filePath.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        var template = Array("/tmp/plugin-overhead-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure(description: "no temporary folder") }
        let path = "\(String(cString: made))/plugin.so"
        let words = [
            "cc", "-O2", "-shared", "-fPIC", "-I\(folder)/../../Sources/CScorerPlugin/include", "-o", path,
            "\(folder)/plugin.c",
        ]
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        var status: Int32 = 0
        guard posix_spawnp(&pid, "cc", nil, nil, arguments, environ) == 0, waitpid(pid, &status, 0) == pid, status == 0
        else { throw Failure(description: "cc could not compile plugin.c") }
        return path
    }
}

struct Failure: Error, CustomStringConvertible {
    var description: String
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let (whole, rest) = (ContinuousClock.now - start).components
    return Double(whole) + Double(rest) * 1e-18
}

func ms(_ seconds: Double) -> String { "\(Double(Int(seconds * 1e5)) / 100) ms" }
func ns(_ seconds: Double) -> String { "\(Double(Int(seconds * 1e10)) / 10)" }

/// Scores batches, as the engine does, of rows that lie in as much memory as a chunk takes.
final class Measured {
    private let call: ScorerCall
    private let bytes: UnsafeMutablePointer<CChar>
    private let cells: UnsafeMutablePointer<assay_str>
    private var batch = 0
    /// Seconds a row.
    private var times: [Double] = []

    private static let batches = 4

    init(_ scorer: Scorer) {
        call = ScorerCall(scorer)
        let count = PluginOverhead.rows * Self.batches
        bytes = .allocate(capacity: count * PluginOverhead.cellSize)
        bytes.initialize(repeating: 65, count: count * PluginOverhead.cellSize)
        cells = .allocate(capacity: count)
        for row in 0..<count {
            let start = UnsafePointer(bytes + row * PluginOverhead.cellSize)
            (cells + row).initialize(to: assay_str(ptr: start, len: UInt64(PluginOverhead.cellSize)))
        }
    }

    deinit {
        bytes.deallocate()
        cells.deallocate()
    }

    func run() {
        let time = seconds {
            for _ in 0..<PluginOverhead.batchesInRound {
                batch = (batch + 1) % Self.batches
                call.prepare(rowCount: PluginOverhead.rows)
                let column = CellColumn(type: .text, values: cells + batch * PluginOverhead.rows)
                _ = call.start([column], rowCount: PluginOverhead.rows)
                precondition(call.results.outputs[0].numbers[PluginOverhead.rows - 1] == 65)
            }
        }
        times.append(time / Double(PluginOverhead.batchesInRound * PluginOverhead.rows))
        times.sort()
    }

    var best: Double { times[0] }
    var text: String { "\(ns(times[0])) \(ns(times[times.count / 2]))" }
}
