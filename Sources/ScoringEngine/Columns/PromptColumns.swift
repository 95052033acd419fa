package import Datasets
import JSON
import PromptTemplates
public import ScoringDefinitions

/// The first rows of a dataset, read before the run is planned if planning needs the names of its columns.
final class FirstRows {
    private let dataset: Dataset
    private let given: [String]?
    /// A reader at the start of a dataset that cannot be opened again.
    private var reader: ChunkReader?

    /// - Parameter columns: the names, if the caller knows them.
    init(_ dataset: Dataset, columns: [String]?) {
        self.dataset = dataset
        given = columns
    }

    /// The columns of the first rows, each once; nil if they cannot be known before the run.
    func columns() throws(EngineError) -> [String]? {
        if let given { return given }
        if dataset.isLive { return nil }
        do throws(DatasetError) {
            var reader = reader(of: try dataset.open(nil))
            let names = try reader.peek()?.columnNames ?? []
            if !dataset.isReopenable { self.reader = consume reader }
            return names
        } catch {
            throw EngineError(.dataset, error.description)
        }
    }

    /// A reader at the dataset's start.
    ///
    /// - Parameter columns: the needed columns; nil means all.
    func open(_ columns: ColumnSelection?) throws(DatasetError) -> ChunkReader {
        if let reader = reader.take() { return reader }
        let source = try dataset.open(columns)
        return reader(of: source)
    }

    private func reader(of source: any ByteSource) -> ChunkReader {
        dataset.isLive || dataset.isRemote
            ? ChunkReader(source, chunkSize: 64 << 10, takesWhatIsThere: true) : ChunkReader(source)
    }
}

extension Chunk {
    /// The columns of its first rows, each once, in the order of their first occurrence.
    package var columnNames: [String] {
        var parser = JSONParser()
        var names: [String] = []
        var seen: Set<[UInt8]> = []
        var rows = 0
        withLines { line in
            rows += 1
            guard rows <= 1000, seen.count < 10_000, let row = try? parser.parse(line).object else { return }
            for key in row.keys where seen.insert(Array(key.utf8)).inserted { names.append(key) }
        }
        return names
    }
}

extension ScoringFunction {
    /// Warnings about text in its prompts that looks like a placeholder but is not.
    ///
    /// - Parameter columns: the columns of the data; nil if they are not known.
    public func promptWarnings(among columns: [String]?) -> [String] {
        var warnings: [String] = []
        for (place, text) in promptTexts {
            let template = PromptTemplate(text).naming(columns ?? [])
            warnings += template.doubts(among: columns).map { "\(identifier): \(place) has \($0)" }
        }
        guard let text = params["prompt_template"]?.string else { return warnings }
        let template = PromptTemplate(text).naming(columns ?? [])
        if let system = params["system_prompt"]?.string {
            let named = PromptTemplate(system).columns.filter {
                (columns ?? []).contains($0) || template.columns.contains($0)
            }
            if let name = named.first {
                warnings.append(
                    "\(identifier): system_prompt has {\(name)}, which is sent as written: no value is inserted. "
                        + "Columns can be named in prompt_template")
            }
        }
        return warnings
    }

    /// The templates among its parameters, with their names: the prompt, and the texts of a judge's messages.
    private var promptTexts: [(place: String, text: String)] {
        var texts: [(String, String)] = []
        if let text = params["prompt_template"]?.string { texts.append(("prompt_template", text)) }
        for (index, message) in (params["judge_messages"]?.array ?? []).enumerated() {
            let place = "judge_messages/\(index)"
            if let text = message["content"]?.string { texts.append((place, text)) }
            for part in message["content"]?.array ?? [] {
                let part = part["text"]?.string ?? part["image_url"]?["url"]?.string
                if let part { texts.append((place, part)) }
            }
        }
        return texts
    }

    /// Finds the columns of the data with unusual names that its prompt names in braces.
    ///
    /// - Parameters:
    ///   - mapping: columns of the data by other names, which prompts may use too.
    ///   - warn: receives warnings about text that looks like a placeholder but is not.
    mutating func nameColumns(
        of rows: FirstRows, mapping: [String: String], warn: (String) -> Void
    ) throws(EngineError) {
        let templates = promptTexts.map { PromptTemplate($0.text) }
        if templates.isEmpty { return }
        let needsColumns =
            templates.contains(where: \.dependsOnColumns) || params["system_prompt"]?.string?.contains("{") == true
        let known = needsColumns ? try rows.columns().map { $0 + mapping.keys.sorted() } : nil
        if let known {
            columns = templates.flatMap(\.openNames).filter { name in
                known.contains { $0.utf8.elementsEqual(name.utf8) }
            }
        }
        for warning in promptWarnings(among: known) { warn(warning) }
    }
}
