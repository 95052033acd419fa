import GRDB
import Store
import TestSupport
import Testing

struct StoreFaultTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func fault(in path: String? = nil) throws -> StoreError {
        try #require(throws: StoreError.self) { _ = try ReplyCache(folder: path ?? folder.path) }
    }

    @Test("a file that is no database is left alone, and named")
    func noDatabase() throws {
        try folder.write(String(repeating: "a shopping list\n", count: 100), to: "replies.sqlite")
        let error = try fault()
        #expect(error.code == .noDatabase)
        #expect(
            error.message
                == "cannot open \(folder.path)/replies.sqlite: it is damaged or not a SQLite database; "
                + "move it away to create a new one")
    }

    @Test("a folder that cannot be made says why")
    func noFolder() throws {
        try folder.write("", to: "file")
        let error = try fault(in: folder.path + "/file/cache")
        #expect(error.code == .notWritable)
        #expect(error.message == "cannot create the folder \(folder.path)/file/cache: Not a directory")
    }

    @Test("a folder that cannot be written says so")
    func notWritable() throws {
        // Nobody may make files here, not even the superuser.
        let error = try fault(in: "/proc/self")
        #expect(error.code == .notWritable)
        #expect(error.message.hasPrefix("cannot open /proc/self/replies.sqlite: the file or its folder is not"))
    }

    @Test("a file of a newer version is left alone")
    func newerVersion() throws {
        _ = try ReplyCache(folder: folder.path)
        try DatabaseQueue(path: folder.path + "/replies.sqlite").write { database in
            try database.execute(sql: "INSERT INTO grdb_migrations VALUES ('of the future')")
        }
        let error = try fault()
        #expect(error.code == .newerVersion)
        #expect(error.message.contains("it was written by a newer version of this software"))
    }
}
