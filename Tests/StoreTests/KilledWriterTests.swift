import Glibc
import JSON
import Store
import TestSupport
import Testing

struct KilledWriterTests {
    @Test("a process that is killed loses no reply whose storing had returned", arguments: [1, 150, 2_000])
    func killing(after stored: Int) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, stored = stored as Int] in
            let cache = try ReplyCache(folder: path)
            let log = open(path + "/stored", O_WRONLY | O_CREAT | O_APPEND, 0o600)
            await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4_000 {
                    group.addTask {
                        _ = try await cache.store(reply(number), for: key(number))
                        var number = UInt32(number)
                        // The death comes in the midst of the others' commits.
                        if write(log, &number, 4) == 4, lseek(log, 0, SEEK_CUR) >= 4 * stored {
                            kill(getpid(), SIGKILL)
                        }
                    }
                }
            }
        }
        let numbers = try numbers(inFile: path + "/stored")
        #expect(numbers.count >= stored)
        let found = try ReplyCache(folder: path).replies(for: numbers.map(key))
        for number in numbers { #expect(found[key(number)] == reply(number)) }
    }

    @Test("a process that is killed leaves every append that had returned, and none in part", arguments: [1, 40, 200])
    func killingAppends(after appended: Int) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, appended = appended as Int] in
            let registry = try Registry(folder: path)
            _ = try registry.makeDataset().publish(as: "d", [:])
            let log = open(path + "/stored", O_WRONLY | O_CREAT | O_APPEND, 0o600)
            await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<400 {
                    group.addTask {
                        let rows = String(repeating: "{\"n\": \(number)}\n", count: 7)
                        _ = try registry.append(RowBlock(lines: Array(rows.utf8)), to: "d")
                        _ = try registry.register(.benchmark, "b\(number)", [:])
                        var number = UInt32(number)
                        if write(log, &number, 4) == 4, lseek(log, 0, SEEK_CUR) >= 4 * appended {
                            kill(getpid(), SIGKILL)
                        }
                    }
                }
            }
        }
        let numbers = try numbers(inFile: path + "/stored")
        #expect(numbers.count >= appended)
        let registry = try Registry(folder: path)
        let dataset = try #require(try registry.dataset("d"))
        var rows: [String: Int] = [:]
        try registry.withRows(0..<dataset.rowCount, of: dataset) { row in
            rows[String(decoding: row, as: UTF8.self), default: 0] += 1
            return true
        }
        #expect(rows.values.allSatisfy { $0 == 7 })
        for number in numbers {
            #expect(rows["{\"n\": \(number)}"] == 7)
            #expect(try registry.definition(.benchmark, "b\(number)") != nil)
        }
    }

    private func numbers(inFile path: String) throws -> [Int] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var numbers: [Int] = []
        var number: UInt32 = 0
        while fread(&number, 4, 1, file) == 1 { numbers.append(Int(number)) }
        return numbers
    }

    @Test("processes that make the file at the same time all get to use it")
    func makingTogether() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<4 {
                group.addTask {
                    await #expect(processExitsWith: .success) { [path = path as String, number = number as Int] in
                        let cache = try ReplyCache(folder: path)
                        for reply in 0..<50 {
                            _ = try await cache.store(
                                StoreTests.reply(reply, by: "\(number)"), for: key(100 * number + reply))
                        }
                    }
                }
            }
        }
        #expect(try ReplyCache(folder: path).count() == 200)
    }
}
