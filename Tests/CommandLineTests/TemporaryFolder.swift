import Glibc
import Synchronization
import Testing

/// A new folder with files in it, where commands run; removed with everything in it when nobody needs it any more.
final class TemporaryFolder {
    let path: String

    init(_ files: KeyValuePairs<String, String> = [:]) throws {
        var template = Array("/tmp/assay-command-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
        for (name, text) in files { try write(text, to: name) }
    }

    deinit {
        Self.removeAll(path)
    }

    func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    /// Writes a file, and makes the folders that it is in.
    func write(_ bytes: [UInt8], to name: String) throws {
        try makeFolders(of: name)
        let file = try #require(fopen("\(path)/\(name)", "we"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Self.contents(of: "\(path)/\(name)"), as: UTF8.self)
    }

    /// The size of a file in bytes; 0 where it is not there.
    func size(of name: String) -> Int {
        var status = stat()
        return stat("\(path)/\(name)", &status) == 0 ? Int(status.st_size) : 0
    }

    /// Copies an executable into the folder, or only its first bytes.
    func copyExecutable(_ source: String, to name: String, length: Int = .max) throws {
        let bytes = Array(try Self.contents(of: source).prefix(length))
        // While any process has it open for writing, it cannot be run.
        try RunningCommand.spawning.withLock { _ in try write(bytes, to: name) }
        chmod("\(path)/\(name)", 0o755)
    }

    func link(_ name: String, to target: String) throws {
        try makeFolders(of: name)
        try #require(symlink(target, "\(path)/\(name)") == 0)
    }

    func move(_ name: String, to place: String) throws {
        try makeFolders(of: place)
        try #require(rename("\(path)/\(name)", "\(path)/\(place)") == 0)
    }

    func makePipe(_ name: String) throws {
        try #require(mkfifo("\(path)/\(name)", 0o600) == 0)
    }

    /// A command that runs here.
    func command(_ arguments: [String], setup: String = "") -> Command {
        Command(arguments: arguments, folder: path, setup: setup)
    }

    /// Runs the executable here.
    func assay(_ arguments: String..., input: String = "", setup: String = "") throws -> CommandResult {
        try command(arguments, setup: setup).run(input: Array(input.utf8))
    }

    private func makeFolders(of name: String) throws {
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder += "/" + part
            try #require(mkdir(folder, 0o755) == 0 || errno == EEXIST)
        }
    }

    static func contents(of path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "re"), "\(path) cannot be read")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    private static func removeAll(_ path: String) {
        // Of a symbolic link, opendir would list what it points to.
        guard unlink(path) != 0, let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { removeAll("\(path)/\(name)") }
        }
        closedir(folder)
        rmdir(path)
    }
}
