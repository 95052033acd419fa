import CLibFuzzer
import Glibc

/// Runs a target under libFuzzer: `fuzz TARGET [libFuzzer's options] [CORPUS…]`. `run.py` builds it and calls it.
///
/// A target reads bytes as the engine would read them from outside, and checks what must hold of the result. What ends the
/// process is a finding: a trap, a fault that AddressSanitizer sees, or `violated`.
@main
struct Fuzz {
    static let targets: [String: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32] = [
        "jsonl": { run(jsonl, $0, $1) },
        "csv": { run(csv, $0, $1) },
        "json-array": { run(jsonArray, $0, $1) },
        "compressed": { run(compressed, $0, $1) },
        "json": { run(json, $0, $1) },
        "definition": { run(definition, $0, $1) },
        "template": { run(template, $0, $1) },
        "pattern": { run(pattern, $0, $1) },
    ]

    static func main() {
        guard CommandLine.arguments.count > 1, let target = targets[CommandLine.arguments[1]] else {
            print("usage: fuzz TARGET [OPTION…] [CORPUS…]; targets: \(targets.keys.sorted().joined(separator: " "))")
            exit(64)
        }
        // Without the name of the target, which libFuzzer would take for a corpus.
        var arguments = ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)).map { strdup($0) } + [nil]
        var count = Int32(arguments.count - 1)
        arguments.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            exit(LLVMFuzzerRunDriver(&count, &start, target))
        }
    }
}

private func run(_ target: ([UInt8]) -> Void, _ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    target(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// Ends the process because something that must hold does not.
func violated(_ what: String, _ details: Any...) -> Never {
    fatalError("\(what): \(details.map { "\($0)" }.joined(separator: " | "))")
}
