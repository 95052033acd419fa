package import Platform

/// The bytes of a file without a name, from its beginning. Several sources may read one file.
package final class UnnamedFileSource: ByteSource {
    private let file: UnnamedFile
    private let name: String
    private var offset = 0

    /// - Parameter name: its name in error messages.
    package init(_ file: UnnamedFile, named name: String) {
        self.file = file
        self.name = name
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        do throws(RegularFile.Fault) {
            let count = try file.read(at: offset, into: buffer)
            offset += count
            return count
        } catch {
            throw DatasetError(.unreadable, error.message, path: name)
        }
    }
}
