import Glibc
import JSON
import TestSupport
import Testing

@testable import Store

@Suite("A registry whose file or disk is not as it should be")
struct DamageTests {
    private func fill(_ folder: String, rows: Int) throws {
        let registry = try Registry(folder: folder)
        let draft = try registry.makeDataset()
        let line = "{\"text\": \"\(String(repeating: "x", count: 1_000))\"}\n"
        try draft.append(RowBlock(lines: Array(String(repeating: line, count: rows).utf8)))
        _ = try draft.publish(as: "d", [:])
    }

    @Test("a file with damaged pages is refused when it is opened, with what to do", arguments: [false, true])
    func damagedFile(isCut: Bool) throws {
        let folder = try TemporaryFolder()
        try fill(folder.path, rows: 300)
        let path = folder.path + "/registry.sqlite"
        let descriptor = open(path, O_RDWR)
        var status = stat()
        try #require(descriptor >= 0 && fstat(descriptor, &status) == 0)
        if isCut {
            ftruncate(descriptor, status.st_size / 2)
        } else {
            let noise = [UInt8](repeating: 0xA5, count: 512)
            for place in stride(from: off_t(16_384), to: status.st_size, by: 8_192) {
                pwrite(descriptor, noise, noise.count, place)
            }
        }
        close(descriptor)
        let error = #expect(throws: StoreError.self) { try Registry(folder: folder.path) }
        #expect(error?.code == .noDatabase && error?.message.contains(path) == true, "\(error?.message ?? "")")
    }

    @Test(
        "a deletion on a full disk takes the reserve, and gives room for what comes after it",
        .enabled(if: geteuid() == 0))
    func fullDisk() throws {
        let folder = try TemporaryFolder()
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=24m") == 0 else { return }
        defer { umount2(folder.path, 2) }
        do {
            let registry = try Registry(folder: folder.path)
            #expect(access(folder.path + "/registry.reserve", F_OK) == 0)
            let line = "{\"text\": \"\(String(repeating: "x", count: 1_000))\"}\n"
            let block = Array(String(repeating: line, count: 100).utf8)
            let draft = try registry.makeDataset()
            try draft.append(RowBlock(lines: block))
            _ = try draft.publish(as: "d", [:])
            let full = #expect(throws: StoreError.self) {
                for _ in 0..<1_000 { _ = try registry.append(RowBlock(lines: block), to: "d") }
            }
            #expect(full?.code == .full)
            // What is left of the disk.
            let filler = open(folder.path + "/filler", O_WRONLY | O_CREAT, 0o600)
            let page = [UInt8](repeating: 1, count: 4_096)
            while write(filler, page, page.count) > 0 {}
            close(filler)
            #expect(try registry.unregisterDataset("d"))
            #expect(try registry.dataset("d") == nil)
            unlink(folder.path + "/filler")
            for _ in 0..<400 {
                if (try? registry.register(.model, "m", [:])) == .added { break }
                usleep(10_000)
            }
            #expect(try registry.definition(.model, "m") == [:])
        }
    }

    @Test("a job that has ended is deleted with its rows and its result, others are not")
    func deletedJobs() throws {
        let folder = try TemporaryFolder()
        let registry = try Registry(folder: folder.path)
        for id in ["a", "b"] {
            _ = try registry.addJob(id, of: "bench", by: "p", request: [:])
            let draft = try registry.makeDataset()
            try draft.append(RowBlock(lines: Array("{}\n".utf8)))
            _ = try registry.endJob(
                id, JobEnd(.completed), rows: JobDataset(draft, id: "rows-\(id)", definition: [:]))
            try registry.record(
                StoredResult(
                    id: "r\(id)", created: 1, datasetID: "d", rowsDatasetID: nil, benchmarkID: "bench", jobID: id,
                    functions: [], aggregates: [:], distributions: [:]))
        }
        _ = try registry.addJob("c", of: "bench", by: "p", request: [:])
        let error = #expect(throws: StoreError.self) { try registry.deleteJob("c") }
        #expect(error?.code == .conflict)
        #expect(try registry.deleteJob("a") && !registry.deleteJob("a"))
        #expect(try registry.dataset("rows-a") == nil && registry.dataset("rows-b") != nil)
        #expect(try registry.result("ra") == nil && registry.result("rb") != nil)
        #expect(try registry.deleteJobs(finishedBefore: 1) == 0)
        #expect(try registry.deleteJobs(finishedBefore: .max) == 1)
        #expect(try registry.jobs(of: "bench", limit: 9).map(\.id) == ["c"])
        #expect(try registry.dataset("rows-b") == nil)
    }
}
