import Glibc

/// A server in simulated time. Times are seconds since the start of the simulation.
protocol SimulatedServer {
    /// What the server does with a request that arrives.
    mutating func receive(at time: Double, tokens: Double) -> SimulatedAnswer
}

enum SimulatedAnswer {
    case reply(after: Double)
    /// At once.
    case refusal(status: Int, retryAfter: Double?)
}

/// A reproducible sequence of numbers (xorshift64).
struct SimulatedChance {
    private var state: UInt64 = 88_172_645_463_325_252

    /// A number from 0 to 1.
    mutating func next() -> Double {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Double(state >> 11) / Double(1 << 53)
    }

    /// A number around `mean`, at most `spread` of it away.
    mutating func next(around mean: Double, spread: Double) -> Double { mean * (1 + spread * (2 * next() - 1)) }
}

/// A token bucket: it holds `burst` permissions and fills at a rate, which may change once. A request takes one, or as many as
/// it has tokens.
struct BucketServer: SimulatedServer {
    var rate: Double
    var burst: Double
    var latency: Double
    var spread = 0.0
    var status = 429
    var saysWhen = true
    var countsTokens = false
    var change: (time: Double, rate: Double)?
    private var level: Double?
    private var last = 0.0
    private var chance = SimulatedChance()

    init(_ rate: Double, burst: Double, latency: Double) {
        self.rate = rate
        self.burst = burst
        self.latency = latency
    }

    mutating func receive(at time: Double, tokens: Double) -> SimulatedAnswer {
        if let change, time >= change.time { rate = change.rate }
        let cost = countsTokens ? tokens : 1
        let level = min(burst, (level ?? burst) + (time - last) * rate)
        last = time
        guard level >= cost else {
            self.level = level
            let seconds = max(1, ((cost - level) / rate).rounded(.up))
            return .refusal(status: status, retryAfter: saysWhen ? seconds : nil)
        }
        self.level = level - cost
        return .reply(after: chance.next(around: latency, spread: spread))
    }

    /// The seconds that so many requests take at least.
    func idealTime(_ requests: Double) -> Double {
        let rest = max(0, requests - burst)
        guard let change, change.time * rate < rest else { return rest / rate + latency }
        return change.time + (rest - change.time * rate) / change.rate + latency
    }
}

/// So many requests in each period, which all start at once.
struct WindowServer: SimulatedServer {
    var count: Int
    var period: Double
    var latency: Double
    private var used = 0
    private var window = -1

    init(_ count: Int, every period: Double, latency: Double) {
        self.count = count
        self.period = period
        self.latency = latency
    }

    mutating func receive(at time: Double, tokens: Double) -> SimulatedAnswer {
        let now = Int(time / period)
        if now != window { (window, used) = (now, 0) }
        guard used < count else {
            return .refusal(status: 429, retryAfter: (Double(now + 1) * period - time).rounded(.up))
        }
        used += 1
        return .reply(after: latency)
    }
}

/// Works on so many requests at once; so many more may wait.
struct SlotServer: SimulatedServer {
    var slots: Int
    var latency: Double
    var status = 503
    var spread = 0.0
    var waiting = 0
    /// When the requests in it end.
    private var ends: [Double] = []
    private var chance = SimulatedChance()

    init(_ slots: Int, latency: Double) {
        self.slots = slots
        self.latency = latency
    }

    mutating func receive(at time: Double, tokens: Double) -> SimulatedAnswer {
        ends.removeAll { $0 <= time }
        if ends.count >= slots + waiting { return .refusal(status: status, retryAfter: nil) }
        let begin = ends.count >= slots ? ends.sorted()[ends.count - slots] : time
        ends.append(begin + chance.next(around: latency, spread: spread))
        return .reply(after: (ends.last ?? time) - time)
    }
}

/// Refuses a share of the requests, whatever is sent.
struct UnreliableServer: SimulatedServer {
    var share: Double
    var latency: Double
    private var chance = SimulatedChance()

    init(refusing share: Double, latency: Double) {
        self.share = share
        self.latency = latency
    }

    mutating func receive(at time: Double, tokens: Double) -> SimulatedAnswer {
        chance.next() < share ? .refusal(status: 429, retryAfter: nil) : .reply(after: latency)
    }
}
