public import JSON

/// A dataset of the registry, as of the moment when it was looked up.
public struct StoredDataset: Sendable, Hashable {
    public let id: String
    /// What it was registered with.
    public let definition: JSONValue
    /// How many rows it has.
    public let rowCount: Int
    /// What its rows are found by. Another dataset of the same identifier has another number.
    let number: Int64
}
