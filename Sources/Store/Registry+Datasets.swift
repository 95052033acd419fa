import GRDB
import GRDBSQLite
import JSON

extension Registry {
    /// The dataset with this identifier; nil if there is none.
    public func dataset(_ id: String) throws(StoreError) -> StoredDataset? {
        try read { try Self.dataset(id, in: $0) }
    }

    /// All datasets, by identifier.
    public func datasets() throws(StoreError) -> [StoredDataset] {
        try read { database in
            let sql = "SELECT id, definition, row_count, number FROM dataset WHERE id IS NOT NULL ORDER BY id"
            return try Row.fetchAll(database, sql: sql).map(StoredDataset.init)
        }
    }

    /// The next datasets after an identifier, in the order of identifiers: as many as fit in the given size (at least one), or
    /// none at the end.
    ///
    /// - Parameters:
    ///   - id: the last identifier of the previous part; nil means from the first dataset.
    ///   - size: the size of the definitions, in bytes.
    public func datasets(after id: String?, size: Int = 1 << 20) throws(StoreError) -> [StoredDataset] {
        try read { database in
            let sql = """
                SELECT id, definition, row_count, number, length(definition) FROM dataset
                WHERE id IS NOT NULL AND (?1 IS NULL OR id > ?1) ORDER BY id
                """
            return try Row.piece(of: database, sql, after: id, size: size, lengthAt: 4).map(StoredDataset.init)
        }
    }

    /// Starts a dataset that is invisible until it is published.
    public func makeDataset() throws(StoreError) -> DatasetDraft {
        let number = try write { database in
            try database.execute(
                sql: "INSERT INTO dataset (is_draft, row_count, created_at) VALUES (1, 0, unixepoch())")
            return database.lastInsertedRowID
        }
        return DatasetDraft(registry: self, number: number)
    }

    /// Adds rows to a dataset: all of them or, on failure, none. Returns false if the dataset does not exist.
    ///
    /// - Parameter limit: the maximum number of rows of the dataset.
    /// - Throws: `tooLarge` if there would be more.
    public func append(_ rows: RowBlock, to id: String, limit: Int = .max) throws(StoreError) -> Bool {
        try write { database in
            guard let dataset = try Self.dataset(id, in: database) else { return false }
            guard rows.count <= limit - dataset.rowCount else {
                throw StoreError(
                    .tooLarge,
                    "the dataset \(quoted(id)) has \(dataset.rowCount) rows; with \(rows.count) more, it would exceed "
                        + "the limit of \(limit) rows")
            }
            try Self.append(rows, to: dataset.number, after: dataset.rowCount, in: database)
            return true
        }
    }

    /// Removes a dataset. Its rows are deleted later, in parts. Returns false if it did not exist.
    public func unregisterDataset(_ id: String) throws(StoreError) -> Bool {
        let isRemoved = try write(deletes: true) { database in
            try database.execute(sql: "UPDATE dataset SET id = NULL WHERE id = ?", arguments: [id])
            return database.changesCount > 0
        }
        if isRemoved { purge() }
        return isRemoved
    }

    /// Passes the rows of a dataset to `body`, each a JSON object on one line, as long as it returns true.
    ///
    /// - Parameter body: is called within a read transaction, and should not take long. The bytes are valid during the call.
    /// - Throws: `gone` if rows are missing because the dataset was unregistered.
    public func withRows(
        _ range: Range<Int>, of dataset: StoredDataset, _ body: (UnsafeRawBufferPointer) -> Bool
    ) throws(StoreError) {
        let range = range.clamped(to: 0..<dataset.rowCount)
        let keys = RegistrySchema.keys(of: dataset.number, rows: range)
        try read { database in
            let select = try database.cachedStatement(
                sql: "SELECT row FROM dataset_row WHERE key >= ? AND key < ? ORDER BY key")
            // The rows are read in SQLite's own memory: copying them would take most of the time.
            let statement = select.sqliteStatement
            sqlite3_reset(statement)
            defer { sqlite3_reset(statement) }
            sqlite3_bind_int64(statement, 1, keys.lowerBound)
            sqlite3_bind_int64(statement, 2, keys.upperBound)
            for _ in range {
                let code = sqlite3_step(statement)
                guard code != SQLITE_DONE else { throw StoreError.gone(dataset) }
                guard code == SQLITE_ROW else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
                let row = UnsafeRawBufferPointer(
                    start: sqlite3_column_blob(statement, 0), count: Int(sqlite3_column_bytes(statement, 0)))
                if !body(row) { return }
            }
        }
    }

    /// Discards a draft, unless it was published.
    func discard(_ number: Int64) {
        database.asyncWrite(
            { database in
                try database.execute(
                    sql: "UPDATE dataset SET is_draft = 0 WHERE number = ? AND id IS NULL", arguments: [number])
            },
            // If this fails, it is done when the file is opened again.
            completion: { [weak self] _, _ in self?.purge() })
    }

    static func dataset(_ id: String, in database: Database) throws -> StoredDataset? {
        let sql = "SELECT id, definition, row_count, number FROM dataset WHERE id = ?"
        return try Row.fetchOne(database, sql: sql, arguments: [id]).map(StoredDataset.init)
    }

    static func append(_ rows: RowBlock, to number: Int64, after count: Int, in database: Database) throws {
        let keys = RegistrySchema.keys(of: number, rows: count..<count + rows.count)
        let insert = try database.cachedStatement(sql: "INSERT INTO dataset_row (key, row) VALUES (?, ?)")
        let statement = insert.sqliteStatement
        defer { sqlite3_reset(statement) }
        try rows.forEach(numberedFrom: keys.lowerBound) { key, row in
            sqlite3_reset(statement)
            sqlite3_bind_int64(statement, 1, key)
            // Without a destructor, SQLite does not copy the bytes, which stay valid until the next row is bound.
            sqlite3_bind_blob64(statement, 2, row.baseAddress, sqlite3_uint64(row.count), nil)
            let code = sqlite3_step(statement)
            guard code == SQLITE_DONE else {
                throw DatabaseError(
                    resultCode: ResultCode(rawValue: code),
                    message: String(cString: sqlite3_errmsg(database.sqliteConnection)))
            }
        }
        sqlite3_clear_bindings(statement)
        try database.execute(
            sql: "UPDATE dataset SET row_count = ? WHERE number = ?", arguments: [count + rows.count, number])
    }

    /// Deletes the rows of removed datasets, some thousands per transaction, so that other work is not delayed.
    func purge() {
        database.asyncWriteWithoutTransaction { [weak self] database in
            // If this fails, it is done when the file is opened again.
            guard let self, let isDone = try? self.purgeSome(of: database) else { return }
            if isDone { reserve.restore() } else { purge() }
        }
    }

    /// Returns true when nothing is left to delete. On a full disk, this may use the reserve.
    private func purgeSome(of database: Database) throws -> Bool {
        do {
            return try Self.purgeSome(database)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL && reserve.giveUp() {
            return try Self.purgeSome(database)
        }
    }

    /// Returns true when nothing is left to delete.
    private static func purgeSome(_ database: Database) throws -> Bool {
        try database.inTransactionReturning {
            let sql = "SELECT number FROM dataset WHERE id IS NULL AND is_draft = 0 LIMIT 1"
            guard let number = try Int64.fetchOne(database, sql: sql) else { return true }
            let keys = RegistrySchema.keys(of: number, rows: 0..<RegistrySchema.maximumRows)
            try database.execute(
                sql: """
                    DELETE FROM dataset_row WHERE key IN
                        (SELECT key FROM dataset_row WHERE key >= ? AND key < ? LIMIT 20000)
                    """, arguments: [keys.lowerBound, keys.upperBound])
            if database.changesCount == 0 {
                try database.execute(sql: "DELETE FROM dataset WHERE number = ?", arguments: [number])
            }
            return false
        }
    }
}

extension StoredDataset {
    fileprivate init(_ row: Row) throws {
        self.init(id: row[0], definition: try JSONValue(parsing: row[1] as String), rowCount: row[2], number: row[3])
    }
}

extension Row {
    /// Reads rows until their texts reach a certain size.
    ///
    /// - Parameter column: the column with the length of a row's text.
    static func piece(
        of database: Database, _ sql: String, after id: String?, size: Int, lengthAt column: Int,
        _ others: [any DatabaseValueConvertible] = []
    ) throws -> [Row] {
        var rows: [Row] = []
        var filled = 0
        let arguments = StatementArguments([id] as [(any DatabaseValueConvertible)?] + others.map { $0 })
        let cursor = try Row.fetchCursor(database, sql: sql, arguments: arguments)
        while filled < size, let row = try cursor.next() {
            filled += row[column]
            rows.append(row.copy())
        }
        return rows
    }
}

extension Database {
    /// A transaction with a result.
    fileprivate func inTransactionReturning<Value>(_ body: () throws -> Value) throws -> Value {
        var value: Value?
        try inTransaction(.immediate) {
            value = try body()
            return .commit
        }
        guard let value else { throw DatabaseError(message: "the transaction was not run") }
        return value
    }
}
