import NIOHTTP1
import Platform

extension [StatedLimit] {
    /// Reads the headers in which servers state limits: `x-ratelimit-limit-requests` with `…-remaining-…` and `…-reset-…`
    /// (OpenAI, Azure, Groq, LiteLLM, Fireworks; Mistral and Cerebras add the period, such as `-minute`),
    /// `anthropic-ratelimit-requests-limit`, and `RateLimit-Limit` or `X-RateLimit-Limit`.
    ///
    /// Limits of which the server does not state the size, what is left and, in whichever way, the period, are left out.
    ///
    /// - Parameter now: seconds since 1970.
    init(_ headers: HTTPHeaders, at now: Double) {
        var families: [String: LimitHeaders] = [:]
        for header in headers {
            guard let (field, name, isAnthropic) = Self.part(header.name) else { continue }
            families[name, default: LimitHeaders(isAnthropic: isAnthropic)].set(field, header.value, at: now)
        }
        self = families.compactMap { $0.value.limit(named: $0.key) }
    }

    /// The field of a limit that a header holds, and the name of the limit.
    private static func part(_ header: String) -> (field: String, name: String, isAnthropic: Bool)? {
        let name = header.lowercased()
        let prefixes = ["x-ratelimit-", "anthropic-ratelimit-", "ratelimit-", "x-rate-limit-"]
        guard let prefix = prefixes.first(where: { name.utf8.starts(with: $0.utf8) }) else { return nil }
        var words = name.dropFirst(prefix.count).split(separator: "-").map { String($0) }
        guard let place = words.firstIndex(where: { ["limit", "remaining", "reset"].contains($0) }) else { return nil }
        let field = words.remove(at: place)
        return (field, words.joined(separator: "-"), prefix == prefixes[1])
    }
}

/// The headers of one limit.
private struct LimitHeaders {
    let isAnthropic: Bool
    private var limit: Double?
    private var remaining: Double?
    /// Seconds until all of it is there again.
    private var reset: Double?

    init(isAnthropic: Bool) { self.isAnthropic = isAnthropic }

    mutating func set(_ field: String, _ value: String, at now: Double) {
        // A policy may follow the number.
        let number = Double(value.prefix { $0 != "," && $0 != ";" }.filter { $0 != " " })
        switch field {
        case "limit": limit = number
        case "remaining": remaining = number
        default: reset = secondsUntil(value, at: now)
        }
    }

    func limit(named name: String) -> StatedLimit? {
        guard let unit = unit(name), let limit, let remaining, limit >= 1, limit < 1e12, remaining >= 0 else {
            return nil
        }
        let left = min(remaining, limit)
        guard let refill = refill(name, limit, left) else { return nil }
        return StatedLimit(name: name, unit: unit, limit: limit, remaining: left, refill: max(refill, 1e-5))
    }

    private func unit(_ name: String) -> StatedLimit.Unit? {
        if name.contains("token") {
            if name.contains("input") { return .inputTokens }
            return name.contains("output") ? .outputTokens : .tokens
        }
        return name.isEmpty || name.contains("req") ? .requests : nil
    }

    private func refill(_ name: String, _ limit: Double, _ remaining: Double) -> Double? {
        let periods = [("second", 1.0), ("minute", 60), ("hour", 3600), ("day", 86_400)]
        if let period = periods.first(where: { name.contains($0.0) }) { return limit / period.1 }
        // Too short a time says nothing, because it is rounded.
        if !isAnthropic, let reset, reset >= 0.05, limit > remaining { return (limit - remaining) / reset }
        // The usual period.
        return isAnthropic || !name.isEmpty ? limit / 60 : nil
    }
}

/// The seconds until a time: `20`, `1m3.5s`, `6ms`, `2025-08-21T12:41:00Z`, or seconds or milliseconds since 1970.
private func secondsUntil(_ text: String, at now: Double) -> Double? {
    if let number = Double(text) {
        switch number {
        case 0..<1e9: return number
        case 1e9..<1e11: return max(0, number - now)
        case 1e11..<1e14: return max(0, number / 1000 - now)
        default: return nil
        }
    }
    if let date = secondsSince1970(ofRFC3339: text) { return max(0, date - now) }
    return seconds(ofDuration: text)
}

/// The seconds of a duration as Go writes it, such as `1h2m3.5s`.
func seconds(ofDuration text: String) -> Double? {
    var sum = 0.0
    var rest = text[...]
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
        let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        rest = rest.dropFirst(digits.count)
        let unit = rest.prefix { $0.isASCII && $0.isLetter || $0 == "µ" }
        rest = rest.dropFirst(unit.count)
        let scales = ["h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9]
        guard let number = Double(digits), let scale = scales[String(unit)] else { return nil }
        sum += number * scale
    }
    return sum
}

/// The seconds since 1970 of a time such as `2025-08-21T12:41:00.5Z` or `…+02:00` (RFC 3339, section 5.6).
func secondsSince1970(ofRFC3339 text: String) -> Double? {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int? {
        bytes.count >= range.upperBound ? Int(String(decoding: bytes[range], as: UTF8.self)) : nil
    }
    guard bytes.count >= 20, let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
        let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
        (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day), (0..<24).contains(hour),
        (0..<60).contains(minute), (0...60).contains(second)
    else { return nil }
    var fraction = 0.0
    var end = 19
    if bytes[19] == UInt8(ascii: ".") {
        end = 20 + bytes[20...].prefix { (0x30...0x39).contains($0) }.count
        fraction = Double("0" + String(decoding: bytes[19..<end], as: UTF8.self)) ?? 0
    }
    guard let offset = offsetSeconds(bytes[end...]) else { return nil }
    // Years that begin in March have their leap day at the end.
    let marchYear = month < 3 ? year - 1 : year
    let daysInYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let days = 365 * marchYear + marchYear / 4 - marchYear / 100 + marchYear / 400 + daysInYear - 719_468
    return Double(((days * 24 + hour) * 60 + minute) * 60 + second - offset) + fraction
}

/// The seconds of `Z` or `+02:00`.
private func offsetSeconds(_ bytes: ArraySlice<UInt8>) -> Int? {
    let text = String(decoding: bytes, as: UTF8.self)
    if text == "Z" || text == "z" { return 0 }
    let parts = text.dropFirst().split(separator: ":").compactMap { Int($0) }
    guard parts.count == 2, let sign = text.first, sign == "+" || sign == "-" else { return nil }
    return (sign == "-" ? -1 : 1) * (parts[0] * 60 + parts[1]) * 60
}
