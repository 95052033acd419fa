import Glibc

/// A path with symbolic links and dots resolved; nil, with the reason in `errno`, if nothing exists there.
package func realPath(_ path: String) -> String? {
    // C would read the path only as far as its zero byte.
    guard !path.utf8.contains(0) else {
        errno = ENOENT
        return nil
    }
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
