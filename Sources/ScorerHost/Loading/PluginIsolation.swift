/// Which plugins are trusted, and so run in this process, and how the others are run.
public struct PluginIsolation: Sendable {
    /// Where plugins run.
    public enum Mode: Sendable, Hashable {
        /// In workers, unless they are trusted.
        case untrusted
        /// In workers, all of them.
        case all
        /// In this process, all of them, with all its rights.
        case none
    }

    /// Looks at the bytes of a file, and says whether they are those that are trusted.
    public typealias ByteCheck = @Sendable (_ bytes: UnsafeRawBufferPointer) -> Bool

    public var mode = Mode.untrusted
    /// The folders of the plugins that ship with Assay; all that is in them is trusted.
    public var trustedFolders = PluginIsolation.shippedFolders
    /// Files that are trusted whatever is in them.
    public var trustedFiles: [String] = []
    /// For a file's path, symbolic links resolved: the check of its bytes if it is on a list of trusted files, else nil.
    public var trust: @Sendable (_ path: String) -> ByteCheck? = { _ in nil }
    /// Whether plugins that are not trusted and have no manifest are asked what they are, which runs their code in a worker.
    /// Otherwise they are left unknown.
    public var asksUnknownPlugins = true
    public var workers = WorkerSettings()

    public init() {}

    /// `lib/assay/plugins` next to the `bin` of this executable, and its own folder.
    public static var shippedFolders: [String] { ["\(executableFolder)/../lib/assay/plugins", executableFolder] }
}
