import Glibc
import JSON

/// What a server says about a batch, in whichever form.
struct BatchStatus {
    /// A fault of the whole batch, or of one of its lines.
    struct Fault: Hashable {
        var code: String
        /// From 1; nil: the whole batch.
        var line: Int?
        var message: String
    }

    var id: String
    /// The state in lower case: `in_progress`.
    var state: String
    /// The files of results and of errors.
    var files: [String] = []
    /// Where the results are, if they are not in files.
    var resultsURL: String?
    /// Whether one of the files is that of errors.
    var hasErrorFile = false
    var total = 0
    var succeeded = 0
    var failed = 0
    var faults: [Fault] = []
    var inputFile: String?
    /// The token in its metadata.
    var token: String?
    /// Seconds since 1970, by the server's clock.
    var createdAt: Int?

    /// Returns nil if the JSON does not describe a batch.
    init?(_ json: JSONValue) {
        // Together puts a new batch into an object of its own.
        guard let batch = json["job"]?.object ?? json.object, let id = batch["id"]?.string, !id.isEmpty else {
            return nil
        }
        self.id = id
        state = (batch["processing_status"] ?? batch["status"])?.string?.lowercased() ?? ""
        files = ["output_file_id", "error_file_id"].compactMap { batch[$0]?.string }.filter { !$0.isEmpty }
        if files.count == 2, files[0] == files[1] { files.removeLast() }
        hasErrorFile = batch["error_file_id"]?.string?.isEmpty == false
        resultsURL = batch["results_url"]?.string
        inputFile = batch["input_file_id"]?.string
        token = batch["metadata"]?["assay"]?.string
        createdAt = batch["created_at"].flatMap { $0.number?.int ?? $0.string.flatMap(secondsSince1970(ofISO:)) }
        if let counts = batch["request_counts"]?.object {
            func count(_ names: String...) -> Int { names.reduce(0) { $0 + max(0, counts[$1]?.number?.int ?? 0) } }
            succeeded = count("completed", "succeeded")
            failed = count("failed", "errored", "canceled", "expired")
            total = counts["total"]?.number?.int ?? (succeeded + failed + count("processing"))
        }
        for element in batch["errors"]?["data"]?.array ?? batch["errors"]?.array ?? [] {
            faults.append(
                Fault(
                    code: element["code"]?.string?.lowercased() ?? "", line: element["line"]?.number?.int,
                    message: element["message"]?.string ?? element.text))
        }
        if let error = batch["error"], error != .null {
            faults.append(Fault(code: "", line: nil, message: error.string ?? error["message"]?.string ?? error.text))
        }
    }

    private static let endings: Set<String> = [
        "completed", "ended", "failed", "expired", "cancelled", "canceled", "succeeded", "error", "timeout_exceeded",
        "partially_succeeded",
    ]

    /// Whether nothing more will come of it.
    var isEnded: Bool { Self.endings.contains(state) }

    /// Whether the server counts results, but does not say yet where they are.
    var isIncomplete: Bool { files.isEmpty && resultsURL == nil && succeeded + failed > 0 }

    /// How many results there must be; nil if the server does not count them.
    ///
    /// - Parameter form: Anthropic's results are all in one place, failures included; others name a file for these.
    func expectedResults(_ form: BatchSettings.Form) -> Int? {
        if total == 0, succeeded + failed == 0 { return nil }
        // Lines that were refused before they were sent may be counted, but are in no file.
        let hasFailures = (form == .anthropic || hasErrorFile) && !faults.contains { $0.line != nil }
        return succeeded + (hasFailures ? failed : 0)
    }

    /// Whether it was refused because too much is waiting at the server.
    var isOverLimit: Bool {
        state == "failed"
            && faults.contains { fault in
                fault.code == "token_limit_exceeded" || fault.message.lowercased().contains("enqueued token limit")
            }
    }

    /// "in_progress, 120 of 1319 done, 3 failed"; ``answered(inText:)`` reads it.
    var text: String {
        var parts = [state]
        if total > 0 { parts.append("\(succeeded + failed) of \(total) done") }
        if failed > 0 { parts.append("\(failed) failed") }
        return parts.joined(separator: ", ")
    }

    /// The number of requests that were done according to `text`; 0 if it does not say so.
    static func answered(inText text: String) -> Int {
        let words = text.split(separator: " ")
        guard let index = words.firstIndex(of: "of"), index > 0 else { return 0 }
        return Int(words[index - 1]) ?? 0
    }
}

/// The seconds since 1970 of a time such as `2026-01-31T12:00:00.5Z` or `2026-01-31T12:00:00+01:00`; nil for anything else.
func secondsSince1970(ofISO text: String) -> Int? {
    let parts = text.split(whereSeparator: { "T ".contains($0) })
    guard parts.count == 2 else { return nil }
    let date = parts[0].split(separator: "-").compactMap { Int($0) }
    guard date.count == 3, (1970...9999).contains(date[0]), (1...12).contains(date[1]), (1...31).contains(date[2])
    else {
        return nil
    }
    var time = parts[1]
    var offset = 0
    if let sign = time.lastIndex(where: { "+-".contains($0) }) {
        let zone = time[time.index(after: sign)...].split(separator: ":").compactMap { Int($0) }
        guard let hours = zone.first, hours < 24 else { return nil }
        offset = (hours * 60 + (zone.count > 1 ? zone[1] : 0)) * (time[sign] == "-" ? -60 : 60)
        time = time[..<sign]
    }
    let clock = time.split(whereSeparator: { ":.Z".contains($0) }).prefix(3).compactMap { Int($0) }
    guard clock.count == 3, clock[0] < 24, clock[1] < 60, clock[2] <= 60 else { return nil }
    var broken = tm()
    (broken.tm_year, broken.tm_mon, broken.tm_mday) = (Int32(date[0] - 1900), Int32(date[1] - 1), Int32(date[2]))
    (broken.tm_hour, broken.tm_min, broken.tm_sec) = (Int32(clock[0]), Int32(clock[1]), Int32(clock[2]))
    return timegm(&broken) - offset
}
