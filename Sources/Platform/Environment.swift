import Glibc

/// An environment variable that is set and not empty.
@Sendable public func environmentVariable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}

/// A folder of the user for files of Assay, where the XDG Base Directory Specification has it.
package enum UserFolder {
    case cache, configuration, data

    /// `assay` in `$XDG_CACHE_HOME` or `~/.cache`, in `$XDG_CONFIG_HOME` or `~/.config`, or in `$XDG_DATA_HOME` or
    /// `~/.local/share`. Nil if neither variable is set. Relative paths are ignored, as the specification demands.
    package var path: String? {
        func folder(_ name: String) -> String? { environmentVariable(name).flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let (name, usual) =
            switch self {
            case .cache: ("XDG_CACHE_HOME", "/.cache")
            case .configuration: ("XDG_CONFIG_HOME", "/.config")
            case .data: ("XDG_DATA_HOME", "/.local/share")
            }
        return (folder(name) ?? folder("HOME").map { $0 + usual }).map { $0 + "/assay" }
    }
}
