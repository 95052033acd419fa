import Encodings
import Glibc
import Hashing
import Platform

/// A file that lists the plugins that are trusted, each with the SHA-256 of its bytes, in lines as `sha256sum` prints them.
///
/// Whoever can write to the list can have code run with all rights of who reads it. So one that others can write to, or
/// that is another user's, is refused.
public struct PluginTrustList: Sendable {
    /// Why a list cannot be used.
    public struct Refusal: Error, Sendable, CustomStringConvertible {
        public var description: String
    }

    private struct Entry: Sendable {
        var digest: String
        var path: String
    }

    public let path: String
    private var entries: [Entry] = []

    /// `assay/trusted-plugins` in `$XDG_CONFIG_HOME`, or else in `~/.config`; nil if neither is known.
    public static var defaultPath: String? { UserFolder.configuration.path.map { $0 + "/trusted-plugins" } }

    /// Reads a list; one that is not there is empty.
    public init(_ path: String) throws(Refusal) {
        self.path = path
        let bytes: [UInt8]?
        do throws(RegularFile.Fault) {
            bytes = try RegularFile.readIfPresent(path) { status throws(RegularFile.Fault) in
                try Self.check(status, "the list")
            }
            if bytes != nil { try checkFolder() }
        } catch {
            throw Refusal(description: "\(path): \(error.message); no plugin is trusted because of it")
        }
        let lines = String(decoding: bytes ?? [], as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            // A digest of 64 digits, a space, a space or asterisk, and the path.
            let digest = line.prefix(64).lowercased()
            let rest = line.dropFirst(64)
            guard digest.utf8.count == 64, digest.allSatisfy(\.isHexDigit), rest.hasPrefix("  ") || rest.hasPrefix(" *")
            else {
                throw Refusal(
                    description:
                        "\(path): line \(index + 1): expected a SHA-256, two spaces and a path, as sha256sum "
                        + "prints them; no plugin is trusted because of it")
            }
            entries.append(Entry(digest: digest, path: Self.resolved(String(rest.dropFirst(2)))))
        }
    }

    private func checkFolder() throws(RegularFile.Fault) {
        var status = stat()
        guard let slash = path.lastIndex(of: "/"), stat(String(path[...slash]), &status) == 0 else { return }
        // Of a folder with the sticky bit, only a file's owner can put another in its place.
        if status.st_mode & S_ISVTX == 0 { try Self.check(status, "the folder of the list") }
    }

    private static func check(_ status: stat, _ what: String) throws(RegularFile.Fault) {
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw RegularFile.Fault("\(what) belongs to another user")
        }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw RegularFile.Fault("\(what) can be written by other users; prevent that with chmod go-w")
        }
    }

    /// The check of a plugin's bytes; nil if it is not on the list.
    ///
    /// - Parameter path: its path, symbolic links resolved.
    public func check(for path: String) -> PluginIsolation.ByteCheck? {
        let digests = entries.filter { $0.path == path }.map(\.digest)
        if digests.isEmpty { return nil }
        return { bytes in digests.contains(Self.digest(of: bytes)) }
    }

    /// Puts a plugin on the list as it is now, and writes the list. Nothing of the plugin is run.
    ///
    /// - Returns: the plugin's path, symbolic links resolved.
    public mutating func add(_ plugin: String) throws(Refusal) -> String {
        let file = Self.resolved(plugin)
        guard !file.contains("\n"), !file.contains("\\") else {
            throw Refusal(description: "\(plugin): a path with a line break or a backslash cannot be on the list")
        }
        let bytes: [UInt8]?
        do throws(RegularFile.Fault) {
            bytes = try RegularFile.readIfPresent(file, limit: 1 << 30)
        } catch {
            throw Refusal(description: "\(plugin): \(error.message)")
        }
        guard let bytes else { throw Refusal(description: "\(plugin): the file does not exist") }
        do throws(PluginError) {
            try checkWithoutLoading(file)
        } catch {
            throw Refusal(description: error.description)
        }
        entries.removeAll { $0.path == file }
        entries.append(Entry(digest: bytes.withUnsafeBytes(Self.digest), path: file))
        try write()
        return file
    }

    /// Takes a plugin from the list, and writes the list.
    ///
    /// - Returns: whether it was on it.
    public mutating func remove(_ plugin: String) throws(Refusal) -> Bool {
        let file = Self.resolved(plugin)
        let count = entries.count
        entries.removeAll { $0.path == file || $0.path == plugin }
        if entries.count == count { return false }
        try write()
        return true
    }

    private func write() throws(Refusal) {
        var folder = ""
        for part in path.split(separator: "/").dropLast() {
            folder += "/\(part)"
            mkdir(folder, 0o700)
        }
        do throws(RegularFile.Fault) {
            try RegularFile.write(
                entries.map { "\($0.digest)  \($0.path)\n" }.joined(), to: path, mode: 0o600)
        } catch {
            throw Refusal(description: "\(path): \(error.message)")
        }
    }

    private static func digest(of bytes: UnsafeRawBufferPointer) -> String {
        hexadecimal(SHA256.digest(of: bytes).bytes)
    }

    /// A path with symbolic links resolved; one that leads nowhere stays as it is.
    private static func resolved(_ path: String) -> String { realPath(path) ?? path }
}
