import CPluginWorker
import Glibc

/// Whether a shared object is all there. The dynamic loader maps segments without a look at the file's size, and a file
/// that was cut short, by a copy that did not end, say, then kills the process with SIGBUS.
///
/// Layout: ELF-64 as in the System V ABI, "Object Files": the header's e_phoff (at byte 32), e_phentsize (54) and e_phnum
/// (56); a program header's p_type (0), p_offset (8) and p_filesz (32).
///
/// - Returns: nil where all segments lie in the file, or where it is no ELF-64 file and so the loader's to judge.
func truncation(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    func read(_ count: Int, at offset: UInt64) -> [UInt8]? {
        guard let place = off_t(exactly: offset) else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        return pread(descriptor, &bytes, count, place) == count ? bytes : nil
    }
    guard let header = read(64, at: 0), header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2]) else { return nil }
    let size = UInt64(status.st_size)
    let entrySize = Int(header.load(54, as: UInt16.self))
    guard entrySize >= 56 else { return nil }
    for index in 0..<UInt64(header.load(56, as: UInt16.self)) {
        let start = header.load(32, as: UInt64.self).addingReportingOverflow(index * UInt64(entrySize))
        guard !start.overflow, let entry = read(entrySize, at: start.partialValue) else {
            return "it ends before its program headers do"
        }
        let loadable: UInt32 = 1
        guard entry.load(0, as: UInt32.self) == loadable else { continue }
        let end = entry.load(8, as: UInt64.self).addingReportingOverflow(entry.load(32, as: UInt64.self))
        if end.overflow || end.partialValue > size {
            return "it has \(size) bytes, but its segments go on to byte \(end.partialValue)"
        }
    }
    return nil
}

extension [UInt8] {
    /// The little-endian integer at an offset.
    fileprivate func load<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: Value.Type) -> Value {
        withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type)) }
    }
}

/// Refuses a file that the loader could not survive.
func checkObject(_ path: String) throws(PluginError) {
    if let truncation = truncation(of: path) {
        throw PluginError(path: path, LoadFault.notLoadable("\(truncation); copy it again").message)
    }
}

/// What can be seen to be wrong with a plugin without running any of its code: that it is no ELF file, is not all there, or
/// nowhere has the name of the function that every plugin exports.
package func checkWithoutLoading(_ path: String) throws(PluginError) {
    try checkObject(path)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
        if descriptor >= 0 { close(descriptor) }
        throw PluginError(path: path, "cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    let size = Int(status.st_size)
    let memory = size < 64 ? MAP_FAILED : mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let memory, memory != MAP_FAILED else {
        throw PluginError(path: path, LoadFault.notLoadable("it is too short").message)
    }
    defer { munmap(memory, size) }
    let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]
    if memcmp(memory, magic, magic.count) != 0 {
        throw PluginError(path: path, LoadFault.notLoadable("it is no ELF file").message)
    }
    let name = Array("\0assay_plugin_entry\0".utf8)
    if !aw_contains(memory, size, name, name.count) {
        throw PluginError(path: path, LoadFault.noEntry.message)
    }
}
