import Datasets
import Glibc
public import JSON
import Platform

/// A run that was saved, or a file of output lines: where its rows are, and what is known about their provenance.
public struct SavedRun: Sendable {
    /// The schema that this version writes, and the newest that it reads.
    package static let schema = "assay.run/1"

    /// As the command line named it.
    public private(set) var path: String
    /// The run's own name; that of the model, or of the folder.
    public private(set) var name: String
    /// `results.json`; nil for a file of output lines.
    public let manifest: JSONObject?
    /// The identifiers of its functions, in the order in which they were asked for.
    public let functions: [String]
    /// The columns of its lines other than the scores.
    public let columns: [String]
    /// The definitions of its functions, as far as they were saved.
    package let definitions: [String: JSONValue]
    package let rows: RowsSource
    /// `run.json`: times and what models were asked, where that was saved.
    package let execution: JSONObject?
    /// Which rows are its own; nil: all.
    private(set) var selection: Selection?

    /// Rows of a file that have one value in a column.
    struct Selection: Hashable, Sendable {
        var column: String
        /// The canonical JSON of the value.
        var value: String
    }

    /// Whether nothing but rows is known.
    public var isUnverified: Bool { manifest == nil }

    package var provenance: JSONValue? { manifest?["provenance"] }

    /// The columns that say which question a row is, where that was saved.
    public var key: [String]? {
        guard let key = provenance?["key"]?.array?.compactMap(\.string) else { return nil }
        // A column that tells runs apart does not pair their rows.
        let rest = key.filter { $0 != selection?.column }
        return rest.isEmpty ? nil : rest
    }

    /// Whether the rows were saved in ascending order of their keys, none of which is there twice.
    var keysAscend: Bool { selection == nil && provenance?["key_order"]?.string == "ascending" }

    /// What a judge is, as far as it was saved; nil for functions that ask no models.
    func judge(of function: String) -> JSONValue? { provenance?["functions"]?[function]?["judge"] }

    /// What identifies the values of a column; nil where that is not known.
    func digest(of column: String) -> JSONValue? {
        selection == nil ? provenance?["dataset"]?["columns"]?[column] : nil
    }

    /// The run that the rows with one value of a column are.
    func selecting(_ selection: Selection) -> SavedRun {
        var run = self
        run.selection = selection
        run.name = Comparer.plainText(Array(selection.value.utf8))
        run.path = "\(path) \(selection.column)=\(run.name)"
        return run
    }

    var cluster: [String]? { provenance?["cluster"]?.array?.compactMap(\.string) }

    /// The range of a function's scores.
    package func range(of function: String) -> ClosedRange<Double>? {
        guard let ends = provenance?["functions"]?[function]?["score_range"]?.array, ends.count == 2,
            let lower = ends[0].number?.double, let upper = ends[1].number?.double, lower <= upper
        else { return nil }
        return lower...upper
    }

    /// The columns that a function reads; nil where that is not known.
    func columnsRead(by function: String) -> [String]? {
        provenance?["functions"]?[function]?["columns"]?.array?.compactMap(\.string)
    }

    package func aggregations(of function: String) -> [String]? {
        provenance?["functions"]?[function]?["aggregations"]?.array?.compactMap(\.string)
    }

    /// The figure of an aggregation in the results. Nil where it was not saved.
    func figure(_ aggregation: String, of function: String) -> Double? {
        let value = manifest?["results"]?[function]?["aggregated_results"]?[aggregation]
        return value?.object?.figure(aggregation) ?? value?.number?.double
    }

    /// A run that is kept elsewhere than in a folder.
    ///
    /// - Parameters:
    ///   - path: what messages call it.
    ///   - manifest: as in `results.json`; nil if nothing but rows is known.
    ///   - columns: those that its lines hold beside the scores.
    package init(
        path: String, name: String, manifest: JSONObject?, functions: [String], definitions: [String: JSONValue],
        columns: [String], rows: RowsSource
    ) {
        self.path = path
        self.name = name
        self.manifest = manifest
        self.functions = functions
        self.columns = columns
        self.definitions = definitions
        self.rows = rows
        execution = nil
    }

    /// Opens a run: a folder that `--save` made, its `results.json`, such a folder in a tar archive, or a file of output
    /// lines.
    public init(_ path: String) throws {
        self.path = path
        var folder = Self.withoutTrailingSlashes(path)
        if folder.hasSuffix("/results.json") { folder.removeLast("/results.json".count) }
        if folder == "results.json" { folder = "." }
        let isFolder = FileStatus(ofPath: folder)?.kind == .folder
        let archive = isFolder ? nil : try TarContents(folder)
        if isFolder || archive != nil {
            func read(_ name: String, limit: Int) throws(RegularFile.Fault) -> [UInt8] {
                guard let archive else { return try RegularFile.read("\(folder)/\(name)", limit: limit) }
                guard let bytes = archive.read(name, limit: limit) else {
                    throw RegularFile.Fault("is missing in the archive")
                }
                return bytes
            }
            func object(_ name: String) -> JSONValue? {
                (try? read(name, limit: 64 << 20)).flatMap {
                    try? JSONValue(parsing: String(decoding: $0, as: UTF8.self))
                }
            }
            let bytes: [UInt8]
            do throws(RegularFile.Fault) {
                bytes = try read("results.json", limit: 256 << 20)
            } catch {
                throw RunError("\(folder): not a run folder: results.json \(error.message)")
            }
            let manifest = try Self.manifest(bytes, folder + "/results.json")
            self.manifest = manifest
            let fileName = folder.split(separator: "/").last.map(String.init) ?? folder
            name = manifest["name"]?.string ?? (fileName.hasSuffix(".tar") ? String(fileName.dropLast(4)) : fileName)
            let known = manifest["provenance"]?["functions"]?.object?.keys ?? []
            functions = known
            columns = (manifest["provenance"]?["dataset"]?["columns"]?.object?.keys ?? []).sorted()
            var definitions: [String: JSONValue] = [:]
            for function in known { definitions[function] = object("functions/\(Self.fileName(of: function))") }
            self.definitions = definitions
            execution = object("run.json")?.object
            if archive != nil {
                guard let source = archive?.rows else { throw RunError("\(path): the archive has no rows.jsonl.zst") }
                rows = source
            } else {
                rows = RowsSource(try Self.location("\(folder)/rows.jsonl.zst"), hasInput: true)
            }
            return
        }
        if FileStatus(ofPath: folder) == nil, FileStatus(ofPath: folder + ".partial")?.kind == .folder {
            throw Refusal(.unfinished, "\(path): the run is incomplete; its rows are in \(folder).partial")
        }
        let location = try Self.location(path)
        rows = RowsSource(location, hasInput: false)
        manifest = nil
        execution = nil
        definitions = [:]
        name = folder.split(separator: "/").last.map(String.init) ?? folder
        (functions, columns) = try Self.look(at: location, path)
    }

    static func withoutTrailingSlashes(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    /// The name of the file of a function's definition.
    package static func fileName(of function: String) -> String {
        function.replacing("::", with: ".").replacing("/", with: "_") + ".json"
    }

    private static func manifest(_ bytes: [UInt8], _ path: String) throws -> JSONObject {
        guard let json = try? JSONValue(parsing: String(decoding: bytes, as: UTF8.self)), let object = json.object,
            let schema = object["schema"]?.string
        else { throw RunError("\(path): not the results of a run; expected a JSON object with \"schema\"") }
        guard schema == Self.schema else {
            throw Refusal(
                .schema, "\(path): the schema is \(quoted(schema)), and this version reads \(quoted(Self.schema))")
        }
        return object
    }

    private static func location(_ path: String) throws -> DatasetLocation {
        do throws(DatasetError) {
            return try DatasetLocation(path)
        } catch {
            throw RunError("\(error)")
        }
    }

    /// What the first lines of a file of output lines hold.
    private static func look(at rows: DatasetLocation, _ path: String) throws -> ([String], [String]) {
        do throws(DatasetError) {
            var reader = ChunkReader(try rows.open(), chunkSize: 64 << 10)
            let chunk = Chunk()
            let batch = RowBatch([])
            var (functions, columns): (Set<String>, Set<String>) = ([], [])
            if try reader.read(into: chunk) {
                batch.read(chunk)
                for row in 0..<min(batch.count, 100) {
                    let line = String(decoding: batch.line(row), as: UTF8.self)
                    guard let object = try? JSONValue(parsing: line).object else { continue }
                    functions.formUnion(object["scores"]?.object?.keys ?? [])
                    columns.formUnion(object.keys.filter { $0 != "row" && $0 != "scores" })
                }
            }
            if functions.isEmpty {
                throw DatasetError(
                    .malformed,
                    "neither a run folder nor output lines: no line has \"scores\". Save a run with --save DIR, or its "
                        + "lines with --output FILE", path: path)
            }
            return (functions.sorted(), columns.sorted())
        } catch {
            throw RunError("\(error)")
        }
    }
}
