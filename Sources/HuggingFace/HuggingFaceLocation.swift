public import Datasets
import Encodings
import JSON

/// A split of a dataset of the Hugging Face Hub: `hf://datasets/OWNER/NAME?split=test[:100]&name=CONFIG`, or with
/// `huggingface://`; "datasets/" may be missing.
///
/// The parameters are those of `datasets.load_dataset` as far as the datasets server can follow them: `split`, with a slice
/// by rows or percent; `name`, also called `config`; `revision`, which is `main` or a commit; `labels=text` for the names of
/// class labels. `trust_remote_code` changes nothing.
public struct HuggingFaceLocation: Sendable, Hashable, CustomStringConvertible {
    public let dataset: String
    let config: String?
    let split: String?
    let slice: RowSlice
    let namesLabels: Bool
    /// The commit that is meant; nil: that of main.
    let revision: String?

    /// What messages call it.
    public var description: String { "hf://datasets/\(dataset)" }

    private static let schemes = ["huggingface://", "hf://"]

    /// Whether a text is meant as such an address.
    public static func isMeant(by text: String) -> Bool {
        schemes.contains { text.lowercased().hasPrefix($0) }
    }

    /// - Throws: what is wrong with the address, and what it should look like.
    public init(_ uri: String) throws(DatasetError) {
        func fault(_ message: String) -> DatasetError { DatasetError(.unknownFormat, message, path: uri) }
        let scheme = Self.schemes.first { uri.lowercased().hasPrefix($0) } ?? ""
        let rest = uri.dropFirst(scheme.count)
        let path = rest.prefix { $0 != "?" }
        var names = path.split(separator: "/").map(String.init)
        if names.first == "datasets" && names.count > 1 { names.removeFirst() }
        if names.count > 2, let last = names.last, last.contains(".") || names.count > 3 {
            throw fault(
                "single files of a dataset cannot be read; name a split, as in hf://datasets/OWNER/NAME?split=SPLIT")
        }
        var revision: String?
        if let parts = names.last?.split(separator: "@", maxSplits: 1).map(String.init), parts.count == 2 {
            names[names.count - 1] = parts[0]
            revision = parts[1]
        }
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.".unicodeScalars)
        guard (1...2).contains(names.count), names.allSatisfy({ $0.unicodeScalars.allSatisfy(allowed.contains) }) else {
            throw fault("expected hf://datasets/OWNER/NAME?split=SPLIT")
        }
        dataset = names.joined(separator: "/")
        var parameters: [String: String] = [:]
        for pair in rest.dropFirst(path.count + 1).split(separator: "&") {
            let name = pair.prefix { $0 != "=" }
            // A percentage in a slice is rarely written as %25.
            let value = leniently(percentDecoded: pair.dropFirst(name.count + 1))
            parameters[String(name)] = value
        }
        for name in parameters.keys.sorted() {
            switch name {
            case "split", "config", "name", "labels", "revision", "trust_remote_code": break
            case "data_dir", "data_files":
                throw fault(
                    "\(name) cannot be read from the datasets server; name a config of the dataset (name=…) or "
                        + "download the files")
            default:
                throw fault(
                    "the parameter \(quoted(name)) is unknown; expected split, name, config, labels or revision")
            }
        }
        self.revision = (parameters["revision"] ?? revision).flatMap { $0 == "main" ? nil : $0 }
        if let revision = self.revision, revision.utf8.count < 40 || !HubCache.isRevision(revision) {
            throw fault(
                "revision=\(revision): the datasets server only has the revision main; expected main, or the whole hash of"
                    + " a commit whose rows are in the cache")
        }
        switch parameters["labels"] {
        case nil, "ids": namesLabels = false
        case "text", "names": namesLabels = true
        case let other?: throw fault("labels=\(other): expected text or ids")
        }
        config = parameters["name"] ?? parameters["config"]
        do throws(RowSlice.Fault) {
            (split, slice) = try RowSlice.parse(parameters["split"])
        } catch {
            throw fault(error.message)
        }
    }
}

/// Which rows of a split are meant, as `datasets` has it (https://huggingface.co/docs/datasets/loading#slice-splits).
struct RowSlice: Sendable, Hashable {
    struct Fault: Error { var message: String }

    enum Bound: Sendable, Hashable {
        case row(Int)
        case percent(Int)

        /// The row before which the bound lies, among `count`.
        func row(of count: Int) -> Int {
            switch self {
            case .row(let row): min(count, max(0, row < 0 ? count + row : row))
            case .percent(let percent):
                // Rounded half to even, as Python rounds.
                min(
                    count,
                    max(
                        0,
                        Int(
                            (Double(percent < 0 ? 100 + percent : percent) * Double(count) / 100)
                                .rounded(.toNearestOrEven))))
            }
        }
    }

    var start: Bound?
    var end: Bound?

    /// The rows among `count`.
    func range(of count: Int) -> Range<Int> {
        let start = start?.row(of: count) ?? 0
        return start..<max(start, end?.row(of: count) ?? count)
    }

    /// Where the slice starts as far as that is known without the number of rows.
    var knownStart: Int {
        if case .row(let start)? = start, start >= 0 { start } else { 0 }
    }

    /// How many rows are needed for the slice to be whole; nil: all.
    var knownEnd: Int? {
        guard case .row(let end)? = end, end >= 0 else { return nil }
        if case .row(let start)? = start, start < 0 { return nil }
        if case .percent? = start { return nil }
        return end
    }

    /// Reads `test`, `test[:100]`, `test[10%:20%]`.
    static func parse(_ text: String?) throws(Fault) -> (split: String?, slice: RowSlice) {
        guard let text, !text.isEmpty else { return (nil, RowSlice()) }
        if text.contains("+") { throw Fault(message: "split=\(text): several splits cannot be read as one") }
        guard let open = text.firstIndex(of: "[") else { return (text, RowSlice()) }
        let inside = text[text.index(after: open)...]
        let bounds = inside.dropLast().split(separator: ":", omittingEmptySubsequences: false)
        guard inside.last == "]", bounds.count == 2, open > text.startIndex else {
            throw Fault(message: "split=\(text): expected a slice such as test[:100], test[100:200] or test[10%:]")
        }
        func bound(_ text: Substring) throws(Fault) -> Bound? {
            if text.isEmpty { return nil }
            let isPercent = text.hasSuffix("%")
            guard let number = Int(isPercent ? text.dropLast() : text), !isPercent || number.magnitude <= 100 else {
                throw Fault(message: "split=…[\(inside): \(text) is not a number of rows or a percentage")
            }
            return isPercent ? .percent(number) : .row(number)
        }
        return (String(text[..<open]), RowSlice(start: try bound(bounds[0]), end: try bound(bounds[1])))
    }
}
