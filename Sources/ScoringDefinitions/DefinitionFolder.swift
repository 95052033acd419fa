import Glibc
import JSON
import Platform

/// The definition files in a folder and its subfolders; links are followed.
package struct DefinitionFolder {
    /// Every `*.json`, sorted by the bytes of their paths.
    package private(set) var files: [String] = []
    package private(set) var errors: [DefinitionError] = []
    /// Folders that were listed, so that a link to a parent folder does not cause an endless loop.
    private var visited: Set<[UInt]> = []
    /// Names that may still be listed. A link in a folder from elsewhere could lead to the root of the file system.
    private var room: Int

    /// - Parameter limit: how many names the folder and those within it may have.
    package init(path: String, limit: Int = 100_000) {
        room = limit
        list(path)
        if room < 0 {
            files = []
            errors = [
                DefinitionError(
                    file: path, found: "more than \(limit) files and folders, with those that links lead to",
                    expected: "a folder of definitions")
            ]
        }
        files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private mutating func list(_ folder: String) {
        do throws(DefinitionError) {
            for name in try names(in: folder) where room >= 0 {
                visit(folder.hasSuffix("/") ? folder + name : folder + "/" + name)
            }
        } catch {
            errors.append(error)
        }
    }

    private mutating func visit(_ path: String) {
        var status = stat()
        // A file that cannot be examined is reported when it is read.
        let type = stat(path, &status) == 0 ? status.st_mode & S_IFMT : S_IFREG
        if type == S_IFDIR {
            list(path)
        } else if path.hasSuffix(".json") {
            files.append(path)
        }
    }

    /// The names in the folder, sorted; none if it was listed before.
    private mutating func names(in folder: String) throws(DefinitionError) -> [String] {
        func unreadable() -> DefinitionError {
            DefinitionError(
                file: folder, found: "no readable folder (\(systemMessage()))", expected: "a folder of definitions")
        }
        guard let directory = opendir(folder) else { throw unreadable() }
        defer { closedir(directory) }
        var status = stat()
        guard fstat(dirfd(directory), &status) == 0 else { throw unreadable() }
        guard visited.insert([UInt(status.st_dev), UInt(status.st_ino)]).inserted else { return [] }

        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                guard errno == 0 else { throw unreadable() }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            room -= 1
            if room < 0 { return [] }
            names.append(name)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
