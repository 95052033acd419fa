import Datasets
import Encodings
import Glibc
import HTTPTypes
import JSON
import Platform
import Reports
import Runs
import Store

/// A result or a job as a run folder, in a tar archive, and as a report.
enum RunRoutes {
    static let all: [Route] =
        [
            Route(
                .get, "/v1/scoring/results/{id}/run",
                operation("getScoringResultRun", "Get a result as a run folder, in a tar archive."),
                { service, context in try RunRoutes.write(.result(context.identifier), service, context) }),
            Route(
                .get, "/v1/scoring/results/{id}/report",
                Operation(
                    id: "getScoringResultReport", summary: "Get the report of a result as a web page.",
                    errors: errors, contentType: Page.contentType),
                { service, context in try RunRoutes.report(.result(context.identifier), service, context) }),
        ]
        + BenchmarkRoutes.paths.map { path, version in
            Route(
                .get, path + "/{id}/jobs/{job_id}/run",
                operation("getJobRun" + version, "Get a job as a run folder, in a tar archive."),
                { service, context in
                    let job = try JobRoutes.find(context.jobID, of: context.identifier, service)
                    return try RunRoutes.write(.job(job.id), service, context)
                })
        }

    /// The same for browsers, whose sessions are for pages alone.
    static let pages: [Route] = [
        Route(
            .get, "/results/{id}/run", Operation(id: "resultRunPage", summary: "", contentType: tarType, isPage: true),
            { service, context in try RunRoutes.write(.result(context.identifier), service, context) }),
        Route(
            .get, "/results/{id}/report",
            Operation(id: "resultReportPage", summary: "", contentType: Page.contentType, isPage: true),
            { service, context in try RunRoutes.report(.result(context.identifier), service, context) }),
    ]

    private static let tarType = "application/x-tar"

    private static let errors = [
        ("409", "The rows were not kept, or the job is not finished."), ("410", "The rows were unregistered."),
    ]

    private static func operation(_ id: String, _ summary: String) -> Operation {
        Operation(id: id, summary: summary, errors: errors, contentType: tarType)
    }

    /// Writes the folder to the disk, since an archive tells the size of a file before its contents.
    private static func write(
        _ reference: RunReference, _ service: Service, _ context: HandlerContext
    ) throws -> RouteResponse? {
        let run = try service.run(reference)
        let name = "run-" + String(run.name.unicodeScalars.prefix(20).map { isPlain($0) ? Character($0) : "_" })
        let folder = "\(service.configuration.dataFolder)/\(DatasetRoutes.randomName()).download"
        do {
            defer { try? RunFolderWriter.remove(folder) }
            try fill(folder, run)
            var files = ["results.json", "rows.jsonl.zst", "run.json"]
            files += run.savableFunctions.map { "functions/\(SavedRun.fileName(of: $0))" }
            for file in files { try send("\(folder)/\(file)", as: "\(name)/\(file)", to: context.output) }
            try TarArchive.end.withUnsafeBytes { try context.output.write($0) }
        } catch let error as RunError {
            throw APIError.unavailable("the run cannot be written: \(error.message)")
        } catch let error as TarArchive.Refusal {
            throw APIError.tooLarge(error.message)
        }
        return nil
    }

    private static func isPlain(_ character: Unicode.Scalar) -> Bool {
        character.isASCII && character.properties.isAlphabetic || ("0"..."9").contains(character) || character == "-"
            || character == "."
    }

    /// Writes a run folder.
    private static func fill(_ folder: String, _ run: SavedRun) throws {
        let writer = try RunFolderWriter(
            folder, replaces: false, columns: run.columns.map { RunFolderWriter.Column(name: $0, source: $0) }, key: [])
        do {
            var source = try run.rows.open()
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
            defer { buffer.deallocate() }
            var lines: [UInt8] = []
            while true {
                let count = try source.read(into: buffer)
                lines.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                // Whole lines, and at the end what is left.
                let end = count == 0 ? lines.count : (lines.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
                if end > 0 { try lines[..<end].withUnsafeBytes { try writer.write($0) } }
                lines.removeFirst(end)
                if count == 0 { break }
            }
            var results = run.manifest ?? [:]
            var provenance = results["provenance"]?.object ?? [:]
            var dataset = provenance["dataset"]?.object ?? [:]
            dataset["columns"] = .object(writer.columnDigests)
            provenance["dataset"] = .object(dataset)
            results["provenance"] = .object(provenance)
            try writer.finish(
                results: results,
                definitions: run.savableFunctions.compactMap { id in run.definitions[id].map { (id, $0) } },
                run: [:])
        } catch {
            try? RunFolderWriter.remove(folder + ".partial")
            throw error
        }
    }

    private static func send(_ path: String, as name: String, to output: ResponseStream) throws {
        let file: (descriptor: Int32, status: stat)
        do throws(RegularFile.Fault) {
            file = try RegularFile.open(path)
        } catch {
            throw RunError("\(path): \(error.message)")
        }
        defer { close(file.descriptor) }
        let size = Int(file.status.st_size)
        try TarArchive.header(ofFile: name, size: size).withUnsafeBytes { try output.write($0) }
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var rest = size
        while rest > 0 {
            let count = read(file.descriptor, &buffer, min(buffer.count, rest))
            if count <= 0 { throw RunError("\(path): cannot be read to its end") }
            try buffer.withUnsafeBytes { try output.write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            rest -= count
        }
        try TarArchive.padding(ofSize: size).withUnsafeBytes { if !$0.isEmpty { try output.write($0) } }
    }

    private static func report(
        _ reference: RunReference, _ service: Service, _ context: HandlerContext
    ) throws -> RouteResponse? {
        var options = ReportOptions()
        options.version = service.configuration.version
        do {
            let html = try Report(service.run(reference), options: options).html()
            try context.reserve(html.utf8.count)
            var response = RouteResponse.text(html, contentType: Page.contentType)
            response.headers[.contentSecurityPolicy] = Report.contentSecurityPolicy + "; frame-ancestors 'none'"
            response.headers[.xContentTypeOptions] = "nosniff"
            response.headers[.cacheControl] = "no-store"
            return response
        } catch let error as RunError {
            throw APIError.invalid(error.message, code: "invalid_run")
        }
    }
}

extension SavedRun {
    /// The functions whose definitions have a name that an archive can hold.
    fileprivate var savableFunctions: [String] {
        functions.filter { definitions[$0] != nil && SavedRun.fileName(of: $0).utf8.count <= 60 }
    }
}
