import FuzzDriver
import Glibc
import JSON
import ScorerHost
import ScoringDefinitions

/// A file in a folder of its own, for what is read by its name.
private struct InputFile {
    let path: String
    private let descriptor: Int32

    init(_ name: String) {
        var folder = Array("/tmp/assay-fuzz-XXXXXX".utf8CString)
        guard let made = mkdtemp(&folder) else { violated("no temporary folder") }
        path = "\(String(cString: made))/\(name)"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    }

    func write(_ bytes: [UInt8]) -> Bool {
        ftruncate(descriptor, 0)
        return pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
    }
}

private let definitionFile = InputFile("definition.json")
private let pluginFile = InputFile("plugin.so")
private let manifestFile = InputFile("plugin.plugin.json")

/// A definition is read or refused with a place, and what is read can be overridden with its own parameters.
func definition(_ bytes: [UInt8]) {
    guard definitionFile.write(bytes) else { return }
    let file = DefinitionFile(path: definitionFile.path)
    for error in file.errors where error.description.isEmpty { violated("an error without words") }
    for function in file.functions where (try? function.overriding(with: nil)) == nil {
        violated("a definition cannot be used without parameters", function.identifier)
    }
}

/// What can be said of a plugin without running it is said, or its file refused with a reason.
func elf(_ bytes: [UInt8]) {
    guard pluginFile.write(bytes) else { return }
    do throws(PluginError) {
        try checkWithoutLoading(pluginFile.path)
    } catch {
        if error.message.isEmpty { violated("a refusal without a reason") }
    }
    _ = ElfDynamics(path: pluginFile.path)
}

/// A manifest is read or refused with a reason, and what was read is the same once it is written and read again.
func manifest(_ bytes: [UInt8]) {
    guard manifestFile.write(bytes) else { return }
    let plugin = String(manifestFile.path.dropLast(".plugin.json".count)) + ".so"
    do throws(PluginError) {
        guard let description = try PluginManifest.read(for: plugin) else { return }
        guard manifestFile.write(Array(PluginManifest.json(of: description).text.utf8)) else { return }
        let again = try PluginManifest.read(for: plugin)
        if let difference = again?.firstDifference(from: description) { violated("a manifest changes", difference) }
    } catch {
        if error.message.isEmpty { violated("a refusal without a reason") }
    }
}
