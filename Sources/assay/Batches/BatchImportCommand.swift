import ArgumentParser
import Datasets
import Glibc
import Inference
import JSON
import Platform
import ScoringCore
import Store

struct BatchImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take the replies of a batch into the cache.",
        discussion: """
            EXAMPLES
              assay batch import replies.jsonl
              assay batch import batch_abc_output.jsonl batch_abc_error.jsonl --cache DIR

            FILE has a line for each reply, as OpenAI's and Anthropic's batch APIs and vLLM's run-batch write them, in any \
            order; - is standard input. A reply is found by its custom_id, which 'assay batch export' has chosen. \
            Replies that the cache already holds stay as they are, so that a file may be imported again.

            Exit status: 0 every line was a reply; 3 some lines were not.
            """)

    @Argument(help: ArgumentHelp("The files of results.", valueName: "file"))
    var files: [String]

    @OptionGroup var source: BatchCache

    @Option(help: "The format of standard output (default: table on a terminal, json otherwise).")
    var format: RowOptions.Format?

    func run() throws {
        var imported = BatchImport(into: try source.open())
        for file in files { try imported.read(file) }
        try printOutput((format ?? .usual) == .json ? imported.json.prettyText + "\n" : imported.text)
        if imported.hasFailures { throw ExitCode(3) }
    }
}

/// Results that are taken into the cache, and why others are not.
struct BatchImport {
    private let cache: ReplyCache
    private var stored = 0
    private var known = 0
    private var failures = Reasons()
    private var ignored = Reasons()
    private var keys: Set<ReplyKey> = []
    private var repeated = 0

    /// How often something happened, by the reason, with the place of the first.
    private struct Reasons {
        private(set) var count = 0
        private var first: [String: (place: String, count: Int, order: Int)] = [:]
        private static let most = 100

        mutating func add(_ reason: String, at place: String) {
            count += 1
            if first[reason] == nil, first.count >= Self.most { return }
            let order = first.count
            first[reason, default: (place, 0, order)].count += 1
        }

        var list: [(reason: String, place: String, count: Int)] {
            first.sorted { $0.value.order < $1.value.order }.map { ($0.key, $0.value.place, $0.value.count) }
        }

        var json: JSONValue {
            .array(
                list.map { entry in
                    ["reason": .string(entry.reason), "count": JSONValue(entry.count), "first": .string(entry.place)]
                })
        }
    }

    init(into cache: ReplyCache) {
        self.cache = cache
    }

    var hasFailures: Bool { failures.count + ignored.count > 0 }

    /// Reads a file of results.
    mutating func read(_ path: String) throws {
        var options = DatasetOptions()
        options.format = .jsonLines
        do {
            var reader = ChunkReader(try DatasetLocation(path, options: options).open(columns: nil))
            let chunk = Chunk()
            var parser = JSONParser()
            var line = 0
            while try reader.read(into: chunk) {
                var batch: [(StoredReply, ReplyKey)] = []
                chunk.withLines { bytes in
                    line += 1
                    let place = "\(path == "-" ? "standard input" : path), line \(line)"
                    if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { return }
                    do throws(JSONError) {
                        let result = BatchResult(try parser.parse(bytes))
                        if let reply = take(result, at: place) { batch.append(reply) }
                    } catch {
                        ignored.add("is \(error.message)", at: place)
                    }
                }
                try store(batch)
            }
        } catch let error as DatasetError {
            throw Failure("\(error)")
        }
    }

    private mutating func take(_ result: BatchResult, at place: String) -> (StoredReply, ReplyKey)? {
        switch result {
        case .reply(let key, let reply):
            if keys.insert(key).inserted { return (reply, key) }
            repeated += 1
        case .failure(_, let failure): failures.add(failure.message, at: place)
        case .ignored(let reason): ignored.add(reason, at: place)
        }
        return nil
    }

    private mutating func store(_ batch: [(reply: StoredReply, key: ReplyKey)]) throws {
        do throws(StoreError) {
            let found = try cache.replies(for: batch.map(\.key))
            known += found.count
            stored += batch.count - found.count
            try cache.store(batch.filter { found[$0.key] == nil })
        } catch {
            throw Failure("\(error)")
        }
    }

    var json: JSONValue {
        [
            "imported": JSONValue(stored), "already_cached": JSONValue(known), "repeated": JSONValue(repeated),
            "failed": JSONValue(failures.count), "ignored": JSONValue(ignored.count),
            "failures": failures.json, "ignored_lines": ignored.json,
        ]
    }

    var text: String {
        var text = "\(grouped(stored)) replies imported, \(grouped(known)) already in the cache"
        if repeated > 0 { text += ", \(grouped(repeated)) repeated" }
        text += "\n"
        for (name, reasons) in [("failed", failures), ("ignored", ignored)] where reasons.count > 0 {
            text += "\(grouped(reasons.count)) \(name):\n"
            for entry in reasons.list.prefix(10) {
                text += "  \(grouped(entry.count)): \(oneLine(entry.reason)) (\(oneLine(entry.place)))\n"
            }
        }
        return text
    }
}
