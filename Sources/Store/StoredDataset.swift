public import JSON

/// A dataset of the registry, at the time of the lookup.
public struct StoredDataset: Sendable, Hashable {
    public let id: String
    /// The definition that it was registered with.
    public let definition: JSONValue
    /// The number of its rows.
    public let rowCount: Int
    /// Whether it was registered without its rows, which are read when it is first used.
    public var isUnread: Bool { definition["unread"] == true }
    /// The key of its rows. Another dataset with the same identifier has another number.
    let number: Int64
}
