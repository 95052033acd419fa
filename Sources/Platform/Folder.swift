import Glibc

/// Folders: their names, temporary ones, and their removal.
package enum Folder {
    /// The names in a folder, in order, without `.` and `..`; nil, with the reason in `errno`, if it cannot be read.
    package static func names(in path: String) -> [String]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes a new folder that only this user can read, whose name starts with `prefix`.
    ///
    /// - Returns: its path; nil, with the reason in `errno`, if it cannot be created.
    package static func make(in parent: String, prefix: String) -> String? {
        var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Creates a folder and its parents if they are missing.
    ///
    /// - Parameter mode: who may use those that are created, less the process's umask.
    /// - Returns: nil, or the path that cannot be created, with the reason in `errno`.
    package static func create(_ folder: String, mode: UInt32 = 0o777) -> String? {
        var path = folder.hasPrefix("/") ? "/" : ""
        for component in folder.split(separator: "/") {
            path += component
            if mkdir(path, mode) != 0, errno != EEXIST, errno != EISDIR { return path }
            path += "/"
        }
        return nil
    }

    /// Removes a file, or a folder with all that is in it, as far as that is possible. Does not follow links.
    package static func remove(_ path: String) {
        guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
        for name in names(in: path) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
