import Concurrency
import Evaluation
import HTTPTypes
import JSON
import Logging
import Store

/// Datasets that were registered without being read: their rows are read when they are first used, and then kept.
final class UnreadDatasets: Sendable {
    /// Datasets that are being read.
    private let reading = Monitor(Set<String>())
    private let registry: Registry
    private let sources: SourceAccess
    /// Is cancelled when the server stops.
    let cancellation = Cancellation()

    init(_ registry: Registry, _ sources: SourceAccess) {
        self.registry = registry
        self.sources = sources
    }

    /// The dataset with its rows. Reads them if that was not done yet, or waits until another request has read them. Reading
    /// continues if a client does not wait for it, so that its next request finds the rows.
    func whole(_ dataset: StoredDataset) throws -> StoredDataset {
        guard dataset.isUnread else { return dataset }
        reading.wait { ids -> Void? in ids.insert(dataset.id).inserted ? () : nil }
        defer { reading.update { _ = $0.remove(dataset.id) } }
        // Another request may have read it in the meantime.
        guard let current = try registry.dataset(dataset.id) else {
            throw APIError.unknown("dataset", dataset.id, listedBy: DatasetRoutes.path)
        }
        guard current.isUnread, let uri = current.definition["source"]?["uri"]?.string else { return current }
        let draft = try registry.makeDataset()
        try DatasetSource.uri(uri).read(into: draft, sources, cancellation)
        if let read = try draft.replaceUnread(current.id) { return read }
        // It was unregistered, and perhaps registered again.
        return try registry.dataset(current.id) ?? current
    }
}

extension Service {
    /// Registers the benchmarks that came with the server, and their datasets unread. What has been registered under their
    /// identifiers stays.
    func registerOpenBenchmarks() throws(StoreError) {
        for benchmark in configuration.benchmarks {
            if try registry.dataset(benchmark.datasetID) == nil {
                let source = DatasetSource.uri(benchmark.uri)
                _ = try registry.makeDataset().publish(
                    as: benchmark.datasetID,
                    [
                        "provider_id": .string(source.providerID), "purpose": .string(benchmark.purpose),
                        "source": source.definition, "metadata": [:], "unread": true,
                    ])
            }
            if try registry.definition(.benchmark, benchmark.id) == nil {
                _ = try registry.register(
                    .benchmark, benchmark.id,
                    [
                        "identifier": .string(benchmark.id), "provider_id": .string(AssayProvider.id),
                        "provider_resource_id": .string(benchmark.id), "type": "benchmark",
                        "dataset_id": .string(benchmark.datasetID),
                        "scoring_functions": .array(benchmark.functions.map { .string($0) }),
                        "metadata": .object(benchmark.metadata),
                    ])
            }
        }
    }
}
