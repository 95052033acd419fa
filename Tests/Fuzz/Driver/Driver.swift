internal import CLibFuzzer
internal import Glibc

/// Reads bytes as the engine would read them from outside, and checks what must hold of the result. What ends the process
/// is a finding: a trap, a fault that AddressSanitizer sees, or ``violated(_:_:)``.
public typealias FuzzTarget = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

/// Runs the target that the command line names under libFuzzer: `fuzz TARGET [libFuzzer's options] [CORPUS…]`. Without a
/// target, prints the names of all.
public func runFuzzer(_ targets: [String: FuzzTarget]) -> Never {
    guard CommandLine.arguments.count > 1, let target = targets[CommandLine.arguments[1]] else {
        print("usage: fuzz TARGET [OPTION…] [CORPUS…]; targets: \(targets.keys.sorted().joined(separator: " "))")
        exit(64)
    }
    // Without the name of the target, which libFuzzer would take for a corpus.
    var arguments = ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)).map { strdup($0) } + [nil]
    var count = Int32(arguments.count - 1)
    let status = arguments.withUnsafeMutableBufferPointer { buffer in
        var start = buffer.baseAddress
        return LLVMFuzzerRunDriver(&count, &start, target)
    }
    exit(status)
}

/// Gives a target the bytes of one input.
public func run(_ target: ([UInt8]) -> Void, _ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    target(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// Ends the process because something that must hold does not.
public func violated(_ what: String, _ details: Any...) -> Never {
    fatalError("\(what): \(details.map { "\($0)" }.joined(separator: " | "))")
}
