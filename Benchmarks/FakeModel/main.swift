import FakeModel
import Glibc

let manual = """
    fake-model: a model server on 127.0.0.1 that misbehaves on command. It prints its URL and runs until it is
    terminated. A share P is a number from 0 to 1; the seed, the request's body and the attempt decide who is hit.

      --port N                 the port (0: a free one)
      --threads N              event loops (1)
      --tls-certificate FILE   speak TLS, with HTTP/2, by this PEM file
      --tls-key FILE           and this key
      --log FILE               append one JSON line for each request that has ended
      --until-eof              end when the standard input does

      --answer TEXT            answer TEXT (A)
      --answer-after MARKER    answer what follows MARKER in the prompt, up to the end of the line
      --choice TEXT            answer one of several texts, chosen by the request's body; once for each text
      --no-usage               report no token counts
      --delay-ms N             answer after so many milliseconds
      --drip-ms N              send a byte every so many milliseconds
      --pad-to N               fill answers up to so many bytes
      --close                  close the connection after each answer

      --seed N                 of the shares (1)
      --status-rate CODE=P     answer this status, at once; may be repeated
      --retry-after SECONDS    with 429 and 503
      --retry-after-date SECONDS  the same as a date
      --drop P                 close the connection before the answer
      --truncate P             close the connection in the middle of the body
      --stall P                answer nothing, ever
      --stall-in-body P        answer half of the body, and nothing more, ever
      --garbage P              send what is no HTTP
      --malformed KIND=P       answer \(Malformation.allCases.map(\.rawValue).joined(separator: ", ")); may be repeated
      --fail-first K=CODE      answer this status to the first K attempts of each body
      --rate-limit N           answer 429 beyond N requests a second (and N at once)
      --burst N                with --rate-limit, beyond N at once
      --limit-headers KIND     with --rate-limit, state the limit in headers: \(LimitHeaders.allCases.map(\.rawValue).joined(separator: ", "))
      --concurrency N          answer at most N at once
      --waiting N              let so many more wait for that (0); those beyond get 503
    """

/// The options as they were given; `run` makes a server of them.
struct Options {
    var port = 0
    var threads = 1
    var certificate: String?
    var key: String?
    var log: String?
    var untilEOF = false
    var answer = Behaviour.answer("A")
    var choices: [String] = []
    var usage = TokenCounts.estimated
    var delay = 0
    var drip: Int?
    var padding = 0
    var closes = false
    var seed: UInt64 = 1
    var statuses: [(code: Int, share: Double)] = []
    var retryAfter: RetryAfter?
    var faults: [(share: Double, behaviour: Behaviour)] = []
    var failures: (count: Int, code: Int)?
    var rate: Int?
    var burst: Int?
    var limitHeaders: LimitHeaders?
    var concurrency: Int?
    var waiting = 0

    init(_ arguments: [String]) throws(FakeModelError) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--help":
                print(manual)
                exit(0)
            case "--until-eof": untilEOF = true
            case "--no-usage": usage = .none
            case "--close": closes = true
            default:
                guard option.hasPrefix("--"), let value = rest.popFirst() else {
                    throw FakeModelError("\(option): not an option, or without a value (see --help)")
                }
                try set(option, value)
            }
        }
        if (certificate == nil) != (key == nil) {
            throw FakeModelError("--tls-certificate and --tls-key go together")
        }
    }

    private mutating func set(_ option: String, _ value: String) throws(FakeModelError) {
        switch option {
        case "--port": port = try number(option, value)
        case "--threads": threads = try number(option, value)
        case "--tls-certificate": certificate = value
        case "--tls-key": key = value
        case "--log": log = value
        case "--answer": answer = .answer(value)
        case "--answer-after": answer = .answer(after: value)
        case "--choice":
            choices.append(value)
            answer = .answer(among: choices)
        case "--delay-ms": delay = try number(option, value)
        case "--drip-ms": drip = try number(option, value)
        case "--pad-to": padding = try number(option, value)
        case "--seed": seed = try number(option, value)
        case "--status-rate":
            let (code, share): (Int, Double) = try pair(option, value)
            statuses.append((try status(option, code), share))
        case "--retry-after": retryAfter = .seconds(try number(option, value))
        case "--retry-after-date": retryAfter = .date(secondsFromNow: try number(option, value))
        case "--drop": faults.append((try number(option, value), .drop(.beforeHead)))
        case "--truncate": faults.append((try number(option, value), .drop(.inBody)))
        case "--stall": faults.append((try number(option, value), .stall(.beforeHead)))
        case "--stall-in-body": faults.append((try number(option, value), .stall(.inBody)))
        case "--garbage": faults.append((try number(option, value), .garbage))
        case "--malformed":
            let (kind, share): (String, Double) = try pair(option, value)
            guard let malformation = Malformation(rawValue: kind) else {
                throw FakeModelError("\(option): there is no \(kind) (see --help)")
            }
            faults.append((share, .malformed(malformation)))
        case "--fail-first":
            let (count, code): (Int, Int) = try pair(option, value)
            failures = (count, try status(option, code))
        case "--rate-limit": rate = try number(option, value)
        case "--burst": burst = try number(option, value)
        case "--limit-headers":
            guard let kind = LimitHeaders(rawValue: value) else {
                throw FakeModelError("\(option): there is no \(value) (see --help)")
            }
            limitHeaders = kind
        case "--concurrency": concurrency = try number(option, value)
        case "--waiting": waiting = try number(option, value)
        default: throw FakeModelError("\(option): no such option (see --help)")
        }
    }

    private func status(_ option: String, _ code: Int) throws(FakeModelError) -> Int {
        guard (200...599).contains(code) else { throw FakeModelError("\(option): \(code) is not a status") }
        return code
    }

    private func number<Value: LosslessStringConvertible>(
        _ option: String, _ text: some StringProtocol
    ) throws(FakeModelError) -> Value {
        guard let value = Value(String(text)) else { throw FakeModelError("\(option): \(text) is not a number") }
        return value
    }

    /// Two values with an equals sign between them.
    private func pair<One: LosslessStringConvertible, Other: LosslessStringConvertible>(
        _ option: String, _ text: String
    ) throws(FakeModelError) -> (One, Other) {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { throw FakeModelError("\(option): \(text) has no equals sign (see --help)") }
        return (try number(option, parts[0]), try number(option, parts[1]))
    }

    /// What the options ask for. Faults come at once, only answers are delayed.
    var behaviour: Behaviour {
        var behaviour = answer.reporting(usage).delayed(by: .milliseconds(delay)).padded(toBytes: padding)
        if let drip { behaviour = behaviour.dripping(every: .milliseconds(drip)) }
        let refusals = statuses.map { (share: $0.share, behaviour: refusal($0.code)) }
        behaviour = behaviour.mixed(seed: seed, with: refusals + faults)
        if let failures { behaviour = behaviour.failing(first: failures.count, with: refusal(failures.code)) }
        if closes { behaviour = behaviour.closing() }
        if let concurrency {
            behaviour = behaviour.limited(toConcurrent: concurrency, waiting: waiting, beyond: refusal(503))
        }
        if let rate {
            behaviour = behaviour.rateLimited(perSecond: Double(rate), burst: burst ?? rate, stating: limitHeaders)
        }
        return behaviour
    }

    private func refusal(_ code: Int) -> Behaviour {
        .status(code, retryAfter: [429, 503].contains(code) ? retryAfter : nil)
    }
}

/// Serves until the process is terminated or, if that is asked for, the standard input ends.
func run(_ options: Options) throws(FakeModelError) {
    var tls: FakeModelServer.TLS?
    if let certificate = options.certificate, let key = options.key {
        tls = FakeModelServer.TLS(certificate: certificate, key: key)
    }
    var log: RequestLog?
    if let path = options.log { log = try RequestLog(path: path) }
    let server = try FakeModelServer(
        options.behaviour, port: options.port, tls: tls, threads: options.threads, keepsRequests: false, log: log)
    print(server.url)
    fflush(nil)
    if options.untilEOF {
        while readLine() != nil {}
        server.stop()
    } else {
        while true { pause() }
    }
}

do {
    try run(try Options(Array(CommandLine.arguments.dropFirst())))
} catch {
    let message = "fake-model: \(error)\n"
    write(STDERR_FILENO, message, message.utf8.count)
    exit(2)
}
