public import ScoringEngine
public import Store

extension Dataset {
    /// The current rows of a registered dataset; rows that are appended later are not included.
    public init(_ dataset: StoredDataset, in registry: Registry) {
        self.init(named: "the dataset \"\(dataset.id)\"") { StoredRows(registry, dataset) }
    }
}
