import Glibc
import Testing

/// A new folder with files in it, removed with everything in it when nobody needs it any more.
final class TemporaryFolder {
    let path: String
    private var made: [String] = []

    /// Makes the files, and the folders that they are in.
    init(_ files: [(name: String, text: String)] = []) throws {
        var template = Array("/tmp/definitions-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
        for file in files { try write(file.text, to: file.name) }
    }

    deinit {
        for path in made.reversed() { remove(path) }
        rmdir(path)
    }

    func write(_ text: String, to name: String) throws {
        let target = try place(name)
        let file = try #require(fopen(target, "w"))
        fwrite(text, 1, text.utf8.count, file)
        fclose(file)
        made.append(target)
    }

    func link(_ name: String, to target: String) throws {
        let place = try place(name)
        try #require(symlink(target, place) == 0)
        made.append(place)
    }

    func makePipe(_ name: String) throws {
        let place = try place(name)
        try #require(mkfifo(place, 0o600) == 0)
        made.append(place)
    }

    /// Makes the file longer without writing anything.
    func extend(_ name: String, to size: Int) throws {
        try #require(truncate("\(path)/\(name)", size) == 0)
    }

    private func place(_ name: String) throws -> String {
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder += "/" + part
            if mkdir(folder, 0o700) == 0 { made.append(folder) }
        }
        return "\(path)/\(name)"
    }
}
