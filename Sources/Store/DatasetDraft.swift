import GRDB
public import JSON
import Synchronization

/// A dataset that is being written, and is invisible until it is published. An unpublished draft is deleted when this
/// object is released, or when the registry is opened again.
public final class DatasetDraft: Sendable {
    private let registry: Registry
    private let number: Int64
    private let isPublished = Mutex(false)

    init(registry: Registry, number: Int64) {
        self.registry = registry
        self.number = number
    }

    deinit {
        if !isPublished.withLock({ $0 }) { registry.discard(number) }
    }

    /// Adds rows. Returns the new number of rows.
    @discardableResult
    public func append(_ rows: RowBlock) throws(StoreError) -> Int {
        let number = number
        return try registry.write { database in
            let sql = "SELECT row_count FROM dataset WHERE number = ?"
            let count = try Int.fetchOne(database, sql: sql, arguments: [number]) ?? 0
            try Registry.append(rows, to: number, after: count, in: database)
            return count + rows.count
        }
    }

    /// Makes the dataset visible under an identifier. Nothing may be appended to the draft afterwards.
    ///
    /// - Returns: `unchanged` if a dataset with the same identifier and definition exists, which then stays.
    /// - Throws: `conflict` if a dataset with another definition exists.
    public func publish(as id: String, _ definition: JSONValue) throws(StoreError) -> Registry.Registration {
        let registration = try registry.write { try publish(as: id, definition, in: $0) }
        if registration == .added { letGo() }
        return registration
    }

    /// Publishes the draft in the place of a dataset that was registered without its rows, with that dataset's definition.
    ///
    /// - Returns: the dataset with its rows; nil if there is no unread dataset with that identifier.
    public func replaceUnread(_ id: String) throws(StoreError) -> StoredDataset? {
        let dataset = try registry.write { database -> StoredDataset? in
            guard let unread = try Registry.dataset(id, in: database), unread.isUnread else { return nil }
            var definition = unread.definition.object ?? [:]
            definition["unread"] = nil
            try database.execute(sql: "UPDATE dataset SET id = NULL WHERE id = ?", arguments: [id])
            try database.execute(
                sql: "UPDATE dataset SET id = ?, definition = ?, is_draft = 0 WHERE number = ?",
                arguments: [id, JSONValue.object(definition).text, number])
            return try Registry.dataset(id, in: database)
        }
        if dataset != nil { letGo() }
        return dataset
    }

    /// Publishes the dataset within a transaction. After the commit, the draft must be released.
    func publish(as id: String, _ definition: JSONValue, in database: Database) throws -> Registry.Registration {
        if let known = try Registry.dataset(id, in: database) {
            guard known.definition == definition else { throw StoreError.conflict("dataset", id) }
            return .unchanged
        }
        try database.execute(
            sql: "UPDATE dataset SET id = ?, definition = ?, is_draft = 0 WHERE number = ?",
            arguments: [id, definition.text, number])
        return .added
    }

    /// Keeps the rows when the draft is released.
    func letGo() { isPublished.withLock { $0 = true } }
}
