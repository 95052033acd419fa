import CWorkerProtocol
import Glibc
import Platform

/// What keeps the loader from a shared object, as far as its header tells; nil if nothing does, or where it is no ELF file
/// and so the loader's to judge.
///
/// A file can be for another kind of machine, of which the loader only says that it was not found. And it can be cut short, by
/// a copy that did not end, say: the loader maps segments without a look at the file's size, and such a file then kills the
/// process with SIGBUS.
///
/// Layout: ELF-64 as in the System V ABI, "Object Files": the header's EI_CLASS (at byte 4), e_machine (18), e_phoff (32),
/// e_phentsize (54) and e_phnum (56); a program header's p_type (0), p_offset (8) and p_filesz (32).
private func loadingFault(_ descriptor: Int32, size: UInt64) -> String? {
    func read(_ count: Int, at offset: UInt64) -> [UInt8]? {
        guard let place = off_t(exactly: offset) else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        return pread(descriptor, &bytes, count, place) == count ? bytes : nil
    }
    guard let header = read(64, at: 0), header.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { return nil }
    let machine = Machine(number: header.load(18, as: UInt16.self), is64Bit: header[4] == 2)
    guard machine == .own else {
        return
            "it was built for \(machine.name), but this machine is \(Machine.own.name); build it for this kind of "
            + "machine"
    }
    let entrySize = Int(header.load(54, as: UInt16.self))
    guard entrySize >= 56 else { return nil }
    for index in 0..<UInt64(header.load(56, as: UInt16.self)) {
        let start = header.load(32, as: UInt64.self).addingReportingOverflow(index * UInt64(entrySize))
        guard !start.overflow, let entry = read(entrySize, at: start.partialValue) else {
            return "it is incomplete: its program headers are cut off; copy it again"
        }
        let loadable: UInt32 = 1
        guard entry.load(0, as: UInt32.self) == loadable else { continue }
        let end = entry.load(8, as: UInt64.self).addingReportingOverflow(entry.load(32, as: UInt64.self))
        if end.overflow || end.partialValue > size {
            return "it has \(size) bytes, but its segments extend to byte \(end.partialValue); copy it again"
        }
    }
    return nil
}

/// A kind of processor that code is built for.
package struct Machine: Equatable {
    /// `e_machine` of the ELF header.
    var number: UInt16
    var is64Bit: Bool

    /// That of this process.
    package static let own: Machine = {
        #if arch(arm64)
            Machine(number: 183, is64Bit: true)
        #else
            Machine(number: 62, is64Bit: true)
        #endif
    }()

    /// As `uname -m` has it.
    package var name: String {
        switch (number, is64Bit) {
        case (62, true): "x86_64"
        case (62, false): "x86_64 with 32-bit pointers"
        case (3, _): "i386"
        case (183, _): "aarch64"
        case (40, _): "arm"
        case (243, _): is64Bit ? "riscv64" : "riscv32"
        case (21, _): "ppc64"
        case (22, _): "s390x"
        case (258, _): "loongarch64"
        default: "another kind of machine (ELF number \(number))"
        }
    }
}

extension [UInt8] {
    /// The little-endian integer at an offset.
    fileprivate func load<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: Value.Type) -> Value {
        withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type)) }
    }
}

/// Refuses what is no file, and a file that the loader could not load or not survive.
func checkObject(_ path: String) throws(PluginError) {
    close(try openObject(path).descriptor)
}

/// Opens a plugin's file; the descriptor is the caller's to close.
private func openObject(_ path: String) throws(PluginError) -> (descriptor: Int32, size: Int) {
    let (descriptor, status): (Int32, stat)
    do throws(RegularFile.Fault) {
        (descriptor, status) = try RegularFile.open(path)
    } catch {
        throw PluginError(path: path, error.message)
    }
    if let fault = loadingFault(descriptor, size: UInt64(status.st_size)) {
        close(descriptor)
        throw PluginError(path: path, LoadFault.notLoadable(fault).message)
    }
    return (descriptor, Int(status.st_size))
}

/// What can be seen to be wrong with a plugin without running any of its code: that it is no ELF file for this machine, is not
/// all there, or nowhere has the name of the function that every plugin exports.
package func checkWithoutLoading(_ path: String) throws(PluginError) {
    let (descriptor, size) = try openObject(path)
    defer { close(descriptor) }
    let memory = size < 64 ? MAP_FAILED : mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let memory, memory != MAP_FAILED else {
        throw PluginError(path: path, LoadFault.notLoadable("it is too short").message)
    }
    defer { munmap(memory, size) }
    let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]
    if memcmp(memory, magic, magic.count) != 0 {
        throw PluginError(path: path, LoadFault.notLoadable("it is not an ELF file").message)
    }
    let name = Array("\0assay_plugin_entry\0".utf8)
    if !aw_contains(memory, size, name, name.count) {
        throw PluginError(path: path, LoadFault.noEntry.message)
    }
}
