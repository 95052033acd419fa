import Glibc

/// A new folder, removed with everything in it when it is no longer used.
package final class TemporaryFolder: Sendable {
    package struct Failure: Error {
        var what: String
    }

    package let path: String

    package init() throws {
        var template = Array("/tmp/assay-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure(what: "no folder can be made in /tmp") }
        path = String(cString: made)
    }

    deinit { Self.remove(path) }

    package func write(_ text: String, to name: String) throws {
        guard let file = fopen("\(path)/\(name)", "w") else { throw Failure(what: "\(name) cannot be written") }
        fwrite(text, 1, text.utf8.count, file)
        fclose(file)
    }

    private static func remove(_ path: String) {
        // Links are removed themselves, not what they lead to.
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0, let entries = fdopendir(descriptor) else {
            unlink(path)
            return
        }
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { remove("\(path)/\(name)") }
        }
        closedir(entries)
        rmdir(path)
    }
}
