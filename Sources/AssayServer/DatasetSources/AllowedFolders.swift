import Datasets
import Glibc
import JSON
import Platform

/// The folders whose files may be read as datasets.
struct AllowedFolders: Sendable {
    /// Their paths, with symbolic links resolved.
    private let folders: [String]

    /// - Throws: if one of them is not a folder.
    init(_ paths: [String]) throws(DatasetError) {
        var folders: [String] = []
        for path in paths {
            guard let folder = realPath(path), FileStatus(ofPath: folder)?.kind == .folder else {
                throw DatasetError(.unreadable, "is not a folder that can be read", path: path)
            }
            folders.append(folder)
        }
        self.folders = folders
    }

    /// Opens a file in or below one of the folders. Symbolic links are followed if they stay inside the folder.
    ///
    /// - Parameter path: an absolute path, or a path relative to an allowed folder.
    func open(_ path: String) throws(APIError) -> DescriptorSource {
        let candidates = path.hasPrefix("/") ? [path] : folders.map { "\($0)/\(path)" }
        for candidate in candidates {
            // The error for a missing file must not reveal anything about files outside.
            guard let real = realPath(candidate), let folder = folders.first(where: { contains($0, real) }) else {
                continue
            }
            guard let descriptor = openWithoutLinks(real, from: folder) else { continue }
            guard FileStatus(ofDescriptor: descriptor)?.kind == .regular else {
                close(descriptor)
                throw Self.fault("\(quoted(path)) is not a regular file")
            }
            return DescriptorSource(descriptor: descriptor, named: path)
        }
        throw Self.fault(
            "\(quoted(path)) is not a file in a folder that the server may read"
                + (folders.isEmpty ? "; the operator can allow folders with --allow-path" : ""))
    }

    private static func fault(_ message: String) -> APIError {
        .invalid("/source/uri: \(message)", code: "invalid_uri", at: "/source/uri")
    }

    private func contains(_ folder: String, _ path: String) -> Bool {
        folder == "/" || path.utf8.starts(with: (folder + "/").utf8)
    }

    /// Opens a path without symbolic links, folder by folder, so that a link that is created in the meantime is not
    /// followed.
    private func openWithoutLinks(_ path: String, from folder: String) -> Int32? {
        var place = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // By bytes, as the system takes paths apart: a combining mark makes another character of a slash before it.
        let names = path.utf8.dropFirst(folder.utf8.count).split(separator: UInt8(ascii: "/"))
        for (index, name) in names.enumerated() {
            guard place >= 0 else { return nil }
            let isLast = index == names.count - 1
            // Without O_NONBLOCK, opening a pipe would block.
            let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (isLast ? O_NONBLOCK : O_DIRECTORY)
            let next = openat(place, String(Substring(name)), flags)
            close(place)
            place = next
        }
        return place >= 0 && !names.isEmpty ? place : nil
    }
}
