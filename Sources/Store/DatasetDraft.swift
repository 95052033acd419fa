import GRDB
public import JSON
import Synchronization

/// A dataset that is being written, and that nobody sees before it is published. What is never published goes when the
/// draft does, or when the registry is opened next.
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

    /// Adds rows. Returns how many the draft has then.
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
    /// - Returns: `unchanged` where a dataset of the same identifier and definition is there, which then stays.
    /// - Throws: `conflict` where one of another definition is.
    public func publish(as id: String, _ definition: JSONValue) throws(StoreError) -> Registry.Registration {
        let registration = try registry.write { try publish(as: id, definition, in: $0) }
        if registration == .added { letGo() }
        return registration
    }

    /// Publishes the dataset within a transaction. When that has been committed, the draft is to be let go.
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

    /// Leaves the rows where they are when the draft goes.
    func letGo() { isPublished.withLock { $0 = true } }
}
