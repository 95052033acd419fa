import Datasets
import Glibc
public import JSON
import Platform
import ScoringCore

/// Writes a run folder while the run is under way: `DIR.partial`, which becomes `DIR` when the run has reached its end.
///
/// Memory stays the same however many rows there are. All files but `run.json` are the same bytes for the same run.
///
/// `@unchecked Sendable`: one thread at a time writes.
public final class RunFolderWriter: @unchecked Sendable {
    /// A column that is saved with each row.
    public struct Column: Hashable, Sendable {
        /// As functions and options call it.
        public var name: String
        /// The column of the dataset.
        public var source: String

        public init(name: String, source: String) {
            self.name = name
            self.source = source
        }
    }

    private let path: String
    private let partial: String
    private let replaces: Bool
    private let columns: [Column]
    /// The name of each column as a line has it before the value.
    private let heads: [[UInt8]]
    /// The places of the key's columns.
    private let key: [Int]
    private let file: ZstdFile
    private let batch: RowBatch
    private let chunk = Chunk()
    private var digests: [ColumnDigest]
    /// Whether each row's key comes after that of the row before, and that key.
    public private(set) var keysAscend: Bool
    private var lastKey: OrderedKey?
    private var lines: [UInt8] = []
    /// The rows written so far.
    private var rows = 0

    /// Makes the folder.
    ///
    /// - Parameters:
    ///   - replaces: whether a run that is there already is replaced.
    ///   - key: the names of columns, which are among `columns`.
    public init(_ path: String, replaces: Bool, columns: [Column], key: [String]) throws(RunError) {
        let folder = SavedRun.withoutTrailingSlashes(path)
        self.path = folder
        partial = folder + ".partial"
        self.replaces = replaces
        self.columns = columns
        heads = columns.map { Array("\(quoted($0.name)): ".utf8) }
        self.key = key.compactMap { name in columns.firstIndex { $0.name == name } }
        if FileStatus(ofPath: folder) != nil {
            guard replaces else {
                throw RunError("\(path): already exists; name another folder, or replace it with --overwrite")
            }
            guard FileStatus(ofPath: folder + "/results.json") != nil else {
                throw RunError("\(path): not a run folder, so --overwrite does not replace it")
            }
        }
        try Self.remove(partial)
        for name in [partial, partial + "/functions"] where mkdir(name, 0o755) != 0 {
            throw RunError("\(name): the folder cannot be created: \(systemMessage())")
        }
        file = try ZstdFile(partial + "/rows.jsonl.zst")
        digests = columns.map { _ in ColumnDigest() }
        keysAscend = !key.isEmpty
        batch = RowBatch(
            [ColumnRequest("row", .json), ColumnRequest("scores", .json)]
                + columns.map { ColumnRequest($0.source, .json) })
    }

    /// Takes output lines that hold the rows' own columns.
    ///
    /// - Parameter withoutInput: is given the same lines without these columns, if it is wanted.
    public func write(
        _ output: UnsafeRawBufferPointer, withoutInput: ((UnsafeRawBufferPointer) throws -> Void)? = nil
    ) throws {
        var reader = ChunkReader(MemorySource(Array(output)), chunkSize: 1 << 20)
        do throws(DatasetError) {
            while try reader.read(into: chunk) {
                batch.read(chunk)
                do { try writeRows(withoutInput) } catch let error as RunError {
                    throw DatasetError(.malformed, error.message)
                } catch {
                    throw DatasetError(.malformed, "\(error)")
                }
            }
        } catch {
            throw RunError("\(error)")
        }
    }

    private func writeRows(_ withoutInput: ((UnsafeRawBufferPointer) throws -> Void)?) throws {
        lines.removeAll(keepingCapacity: true)
        var plain: [UInt8] = []
        for row in 0..<batch.count {
            func cell(_ column: Int) -> UnsafeRawBufferPointer? {
                batch.states(column)[row] == CellState.value.rawValue ? batch.text(column, row: row) : nil
            }
            guard let scores = cell(1) else { continue }
            // Lines of jobs have no numbers.
            let number = cell(0).map { Array($0) } ?? Array("\(rows)".utf8)
            rows += 1
            lines += "{\"row\": ".utf8
            lines += number
            lines += ", \"input\": {".utf8
            var isFirst = true
            for (index, head) in heads.enumerated() {
                guard let value = cell(index + 2) else { continue }
                if !isFirst { lines += ", ".utf8 }
                isFirst = false
                lines += head
                lines += value
            }
            lines += "}, \"scores\": ".utf8
            lines += scores
            lines += "}\n".utf8
            digest(number, cell)
            guard withoutInput != nil else { continue }
            plain.appendLine(row: number, scores: scores)
        }
        try lines.withUnsafeBytes { try file.write($0) }
        if let withoutInput, !plain.isEmpty { try plain.withUnsafeBytes { try withoutInput($0) } }
    }

    private func digest(_ number: [UInt8], _ cell: (Int) -> UnsafeRawBufferPointer?) {
        let key =
            key.isEmpty
            ? String(decoding: number, as: UTF8.self)
            : key.map { cell($0 + 2).map { canonicalText(Array($0)) } ?? "null" }.joined(separator: ",")
        noteOrder(cell)
        for index in columns.indices {
            guard let value = cell(index + 2) else { continue }
            digests[index].add(key: key, value: canonicalText(Array(value)))
        }
    }

    private func noteOrder(_ cell: (Int) -> UnsafeRawBufferPointer?) {
        guard keysAscend else { return }
        let parts = key.map { cell($0 + 2).map { canonicalText(Array($0)) } }
        let next = OrderedKey(keyText(parts.compactMap(\.self)))
        keysAscend = !parts.contains(nil) && lastKey.map { $0 < next } ?? true
        lastKey = next
    }

    /// The digest of each column that any row has.
    public var columnDigests: JSONObject {
        JSONObject(zip(columns, digests).filter { $1.present > 0 }.map { ($0.name, $1.json) })
    }

    /// Writes what is left, and gives the folder its name.
    ///
    /// - Parameters:
    ///   - results: `results.json`.
    ///   - definitions: of the functions, by identifier.
    ///   - run: `run.json`, which holds what differs from one time to the next.
    public func finish(results: JSONObject, definitions: [(String, JSONValue)], run: JSONObject) throws(RunError) {
        try file.finish()
        var files = [("results.json", JSONValue.object(results)), ("run.json", JSONValue.object(run))]
        files += definitions.map { ("functions/\(SavedRun.fileName(of: $0.0))", $0.1) }
        for (name, json) in files {
            do throws(RegularFile.Fault) {
                try RegularFile.write(json.prettyText + "\n", to: "\(partial)/\(name)", mode: 0o644)
            } catch {
                throw RunError("\(partial)/\(name): \(error.message)")
            }
        }
        if replaces { try Self.remove(path) }
        guard rename(partial, path) == 0 else {
            throw RunError("\(path): cannot be replaced: \(systemMessage()); the run is in \(partial)")
        }
    }

    /// Removes a run folder: the files that this writes, and nothing else.
    package static func remove(_ folder: String) throws(RunError) {
        guard FileStatus(ofPath: folder)?.kind == .folder else { return }
        for part in ["functions", ""] {
            let name = part.isEmpty ? folder : "\(folder)/\(part)"
            guard let files = Folder.names(in: name) else { continue }
            for file in files {
                let isOurs =
                    part == "functions"
                    ? file.hasSuffix(".json")
                    : ["results.json", "run.json", "rows.jsonl.zst", "report.html"].contains(file)
                if isOurs { unlink("\(name)/\(file)") }
            }
            if rmdir(name) != 0, errno != ENOENT {
                throw RunError(
                    "\(name): cannot be removed: \(systemMessage()); move its contents elsewhere, or name another folder"
                )
            }
        }
    }
}

extension [UInt8] {
    /// Appends a line of a run's output without the row's own columns. Both parts are JSON.
    package mutating func appendLine(row: some Sequence<UInt8>, scores: some Sequence<UInt8>) {
        self += "{\"row\": ".utf8
        self += row
        self += ", \"scores\": ".utf8
        self += scores
        self += "}\n".utf8
    }
}
