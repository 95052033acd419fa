import GRDB
public import JSON

/// A part of a list.
public struct ListPage: Sendable, Hashable {
    /// The number of entries before it.
    public let offset: Int
    /// The maximum number of its entries.
    public let limit: Int

    public init(offset: Int, limit: Int) {
        self.offset = offset
        self.limit = limit
    }
}

/// The summary of a dataset for a list.
public struct DatasetSummary: Sendable, Hashable {
    public let id: String
    public let rowCount: Int
    /// When it was registered, in seconds since 1970, UTC.
    public let created: Int
    public let purpose: String?
    /// The start of its URI, at most 200 code points; nil if it was registered with rows.
    public let uri: String?
    /// The dataset whose results it contains; nil for other datasets.
    public let resultsOf: String?
}

extension Registry {
    /// Datasets, newest first. Large definitions are not read completely.
    public func datasetSummaries(_ page: ListPage) throws(StoreError) -> [DatasetSummary] {
        try read { database in
            let sql = """
                SELECT id, row_count, created_at, json_extract(definition, '$.purpose'),
                    substr(json_extract(definition, '$.source.uri'), 1, 200),
                    json_extract(definition, '$.metadata.results_of')
                FROM dataset WHERE id IS NOT NULL ORDER BY number DESC LIMIT ? OFFSET ?
                """
            return try Row.fetchAll(database, sql: sql, arguments: [page.limit, page.offset]).map { row in
                DatasetSummary(
                    id: row[0], rowCount: row[1], created: row[2], purpose: String.fromDatabaseValue(row[3]),
                    uri: String.fromDatabaseValue(row[4]), resultsOf: String.fromDatabaseValue(row[5]))
            }
        }
    }

    /// The number of datasets.
    public func datasetCount() throws(StoreError) -> Int {
        try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM dataset WHERE id IS NOT NULL") ?? 0 }
    }

    /// Definitions of a kind, by identifier.
    public func definitions(
        _ kind: Kind, _ page: ListPage
    ) throws(StoreError) -> [(id: String, definition: JSONValue)] {
        try read { database in
            let sql = "SELECT id, definition FROM resource WHERE kind = ? ORDER BY id LIMIT ? OFFSET ?"
            return try Row.fetchAll(database, sql: sql, arguments: [kind.rawValue, page.limit, page.offset])
                .map { ($0[0], try JSONValue(parsing: $0[1] as String)) }
        }
    }

    /// The next definitions of a kind after an identifier, in the order of identifiers: as many as fit in the given size (at
    /// least one), or none at the end.
    public func definitions(
        _ kind: Kind, after id: String?, size: Int = 1 << 20
    ) throws(StoreError) -> [(id: String, definition: JSONValue)] {
        try read { database in
            let sql = """
                SELECT id, definition, length(definition) FROM resource
                WHERE (?1 IS NULL OR id > ?1) AND kind = ?2 ORDER BY id
                """
            return try Row.piece(of: database, sql, after: id, size: size, lengthAt: 2, [kind.rawValue])
                .map { ($0[0], try JSONValue(parsing: $0[1] as String)) }
        }
    }

    /// The number of definitions of a kind.
    public func definitionCount(_ kind: Kind) throws(StoreError) -> Int {
        try read { database in
            try Int.fetchOne(
                database, sql: "SELECT count(*) FROM resource WHERE kind = ?", arguments: [kind.rawValue]) ?? 0
        }
    }
}
