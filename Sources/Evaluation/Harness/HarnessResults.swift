import Glibc
import JSON
import Platform

/// What lm_eval wrote at the end of a run: its newest `results_….json`, and the tasks' samples in the same folder.
struct HarnessResults {
    /// One metric of a task or of a group of tasks, under one of the filters that answers go through.
    struct Metric {
        var task: String
        var name: String
        var filter: String
        var value: JSONValue
        var standardError: JSONNumber?

        /// What results call it: `gsm8k::exact_match,strict-match`; without the filter where it is lm_eval's `none`.
        var id: String { "\(task)::\(name)" + (filter == "none" ? "" : ",\(filter)") }
    }

    let metrics: [Metric]
    /// The tasks that have samples, with their files.
    let samples: [(task: String, path: String)]

    init(in folder: HarnessFolder) throws(EvaluationError) {
        let places = (Folder.names(in: folder.results) ?? []).flatMap { name in
            (Folder.names(in: "\(folder.results)/\(name)") ?? []).map {
                (folder: "\(folder.results)/\(name)", name: $0)
            }
        }
        let prefix = "results_"
        let suffix = ".json"
        let all = places.filter { $0.name.hasPrefix(prefix) && $0.name.hasSuffix(suffix) }
        guard let newest = all.max(by: { $0.name < $1.name }) else { throw Self.fault("wrote no results") }
        guard let bytes = LineFile("\(newest.folder)/\(newest.name)")?.rest(limit: 256 << 20),
            let json = try? JSONValue(parsingPython: bytes)
        else { throw Self.fault("wrote results that cannot be read: \(newest.name)") }
        guard let results = json["results"]?.object, !results.isEmpty else {
            throw Self.fault("wrote results without \"results\": \(newest.name)")
        }
        var entries = results
        for (name, value) in json["groups"]?.object?.members ?? [] where entries[name] == nil { entries[name] = value }
        metrics = entries.members.flatMap { Self.metrics(of: $0.key, $0.value) }
        guard !metrics.isEmpty else { throw Self.fault("wrote results without a metric: \(newest.name)") }
        let stamp = newest.name.dropFirst(prefix.count).dropLast(suffix.count)
        samples = results.keys.compactMap { task in
            let name = "samples_\(task)_\(stamp).jsonl"
            guard places.contains(where: { $0.folder == newest.folder && $0.name == name }) else { return nil }
            return (task, "\(newest.folder)/\(name)")
        }
        guard !samples.isEmpty else { throw Self.fault("wrote results without samples") }
    }

    /// Its members are named `METRIC,FILTER` and `METRIC_stderr,FILTER`; other members are not metrics.
    private static func metrics(of task: String, _ results: JSONValue) -> [Metric] {
        guard let results = results.object else { return [] }
        let marker = "_stderr"
        return results.members.compactMap { key, value in
            guard let comma = key.firstIndex(of: ",") else { return nil }
            let name = key[..<comma]
            let filter = key[key.index(after: comma)...]
            if name.hasSuffix(marker), results["\(name.dropLast(marker.count)),\(filter)"] != nil { return nil }
            return Metric(
                task: task, name: String(name), filter: String(filter), value: value,
                standardError: results["\(name)\(marker),\(filter)"]?.number)
        }
    }

    static func fault(_ message: String) -> EvaluationError { EvaluationError(.provider, "lm_eval \(message)") }
}

/// A file that is read line by line.
struct LineFile: ~Copyable {
    private let file: UnsafeMutablePointer<FILE>
    private var line: UnsafeMutablePointer<CChar>?
    private var capacity = 0
    /// Where the next line begins, in bytes.
    private(set) var offset: Int

    init?(_ path: String, from offset: Int = 0) {
        // Tasks are code that lm_eval runs, and may have left a FIFO of that name, which nobody ever writes to.
        guard let descriptor = try? RegularFile.open(path).descriptor else { return nil }
        guard let file = fdopen(descriptor, "r") else {
            close(descriptor)
            return nil
        }
        guard fseek(file, offset, SEEK_SET) == 0 else {
            fclose(file)
            return nil
        }
        self.file = file
        self.offset = offset
    }

    deinit {
        free(line)
        fclose(file)
    }

    /// The next line that is not empty, without its line break; nil at the end.
    mutating func next() -> [UInt8]? {
        while true {
            let count = getline(&line, &capacity, file)
            guard count > 0, let line else { return nil }
            offset += count
            let bytes = UnsafeRawBufferPointer(start: line, count: count)
            let text = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
            if text.contains(where: { $0 > 0x20 }) { return Array(text) }
        }
    }

    /// All that is left of it; nil if that is more than the limit.
    consuming func rest(limit: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while let line = next() {
            bytes += line
            bytes.append(UInt8(ascii: "\n"))
            if bytes.count > limit { return nil }
        }
        return bytes
    }
}

extension JSONValue {
    /// Reads what Python's `json.dumps` wrote, which spells NaN and infinities as JSON cannot: they become null.
    init(parsingPython bytes: [UInt8]) throws(JSONError) {
        do throws(JSONError) {
            try self.init(parsing: bytes)
        } catch {
            guard let mended = bytes.withoutSpecialNumbers else { throw error }
            try self.init(parsing: mended)
        }
    }
}

extension [UInt8] {
    /// The text with `null` instead of NaN, Infinity and -Infinity outside of strings; nil if there are none.
    fileprivate var withoutSpecialNumbers: [UInt8]? {
        let spellings = ["NaN", "-Infinity", "Infinity"].map { Array($0.utf8) }
        var mended: [UInt8] = []
        var isInString = false
        var found = false
        var index = 0
        while index < count {
            let byte = self[index]
            if isInString {
                if byte == UInt8(ascii: "\\"), index + 1 < count {
                    mended.append(byte)
                    index += 1
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if let spelling = spellings.first(where: { self[index...].starts(with: $0) }) {
                mended += Array("null".utf8)
                index += spelling.count
                found = true
                continue
            }
            mended.append(self[index])
            index += 1
        }
        return found ? mended : nil
    }
}
