import ArgumentParser
import Inference

/// Whether and how the requests of a run are sent in batches.
struct BatchOptions: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Send the requests to models in batches, at a lower price: wait until they are answered, which may take a "
                + "day, then score the rows. If the run is killed, the same command continues."))
    var batch = false

    @Option(
        name: .customLong("batch-size"),
        help: ArgumentHelp(
            "Send at most N requests in a batch (default: as many as the server allows).", valueName: "n"))
    var size: Int?

    @Option(
        name: .customLong("batch-wait"),
        help: ArgumentHelp(
            "How long to wait for batches: forever, none, or a time such as 90m or 12h. What is not answered by then is "
                + "left in its batch, and the same command takes it later (default: forever).",
            valueName: "forever|none|duration"),
        transform: readWait)
    var wait: BatchRunner.Wait?

    @Option(
        name: .customLong("batch-window"),
        help: ArgumentHelp(
            "The time that the server may take, as its API names it (default: 24h).", valueName: "window"))
    var window: String?

    @Option(
        name: .customLong("batch-min"),
        help: ArgumentHelp(
            "Send fewer than N requests directly, without a batch (default: 20).", valueName: "n"))
    var minimum: Int?

    @Flag(
        name: .customLong("batch-fallback"),
        help: "Send requests directly that failed in batches after all retries.")
    var fallsBack = false

    func validate() throws {
        let refinements = [
            ("--batch-size", size != nil), ("--batch-wait", wait != nil), ("--batch-window", window != nil),
            ("--batch-min", minimum != nil), ("--batch-fallback", fallsBack),
        ]
        if !batch, let name = refinements.first(where: { $0.1 })?.0 {
            throw ValidationError("\(name) needs --batch, which sends requests in batches")
        }
        if let size, !(1...1_000_000).contains(size) {
            throw ValidationError("--batch-size \(size): expected 1 to 1000000")
        }
        if let minimum, !(0...1_000_000).contains(minimum) {
            throw ValidationError("--batch-min \(minimum): expected 0 to 1000000")
        }
        guard let window else { return }
        let isAllowed = window.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
        if window.isEmpty || !isAllowed {
            throw ValidationError("--batch-window \(window): expected a time such as 24h or 7d")
        }
    }

    /// Reads `forever`, `none`, or a number with a unit: `s`, `m`, `h` or `d`.
    @Sendable private static func readWait(_ text: String) throws -> BatchRunner.Wait {
        switch text {
        case "forever": return .forever
        case "none": return .none
        default:
            let units = ["s": 1.0, "m": 60, "h": 3600, "d": 86_400]
            guard let unit = text.last.flatMap({ units[String($0)] }), let number = Double(text.dropLast()),
                number >= 0, number * unit <= 1e8
            else {
                throw ValidationError(
                    "--batch-wait \(text): expected forever, none, or a time such as 30s, 90m, 12h or 2d")
            }
            return .atMost(.seconds(number * unit))
        }
    }
}
