import CScorerPlugin

/// What can be said of a plugin from its file and its table, before anything is scored.
struct FileCheck {
    /// The symbols that a linker puts into every shared object.
    private static let linkerSymbols: Set = ["_init", "_fini", "__bss_start", "_edata", "_end"]
    /// Libraries that every Linux has which could run the plugin at all.
    private static let systemLibraries = [
        "libc.so", "libm.so", "libdl.so", "librt.so", "libpthread.so", "libgcc_s.so", "libstdc++.so", "ld-linux",
        "libutil.so",
    ]
    /// Plugins of Assay itself, whose ids need no domain.
    private static let ownIDs: Set = ["basic", "braintrust", "llm-as-judge", "math", "text"]

    /// Symbols and libraries.
    static func findings(inFile path: String) -> [CheckFinding] {
        guard let elf = ElfDynamics(path: path) else {
            return [
                CheckFinding(
                    "exports", .note, "the file's table of sections could not be read, so its symbols were not checked")
            ]
        }
        var findings: [CheckFinding] = []
        let others = elf.exports.filter { $0 != "assay_plugin_entry" && !linkerSymbols.contains($0) }
        if let first = others.first {
            let more = others.count == 1 ? "" : " and \(others.count - 1) more"
            findings.append(
                CheckFinding(
                    "exports", .warning,
                    "it exports \(first)\(more) in addition to assay_plugin_entry. Other libraries in the process may "
                        + "use such symbols instead of their own. Build with -fvisibility=hidden, or link with a "
                        + "version script")
            )
        }
        let swift = elf.libraries.filter { name in
            ["libswift", "libFoundation", "lib_Foundation", "libdispatch", "libBlocksRuntime"].contains {
                name.hasPrefix($0)
            }
        }
        if let first = swift.first {
            findings.append(
                CheckFinding(
                    "dependencies", .warning,
                    "it needs \(first)\(swift.count == 1 ? "" : " and \(swift.count - 1) more libraries of Swift"), "
                        + "which machines without a Swift toolchain lack, so it is not self-contained. Link with "
                        + "-static-stdlib"
                ))
        }
        let uncommon = elf.libraries.filter { name in
            !swift.contains(name) && !systemLibraries.contains { name.hasPrefix($0) }
        }
        if !uncommon.isEmpty {
            findings.append(
                CheckFinding(
                    "dependencies", .note,
                    "it needs \(uncommon.joined(separator: ", ")), which must be installed on every machine that uses "
                        + "it"
                ))
        }
        return findings
    }

    /// Ids, versions and descriptions.
    static func findings(in plugin: PluginDescription) -> [CheckFinding] {
        var findings: [CheckFinding] = []
        let labels = plugin.id.split(separator: ".", omittingEmptySubsequences: false)
        let isDomain =
            labels.count > 1
            && labels.allSatisfy { label in
                !label.isEmpty
                    && label.utf8.allSatisfy {
                        $0 < 0x80
                            && (Character(UnicodeScalar($0)).isLetter || Character(UnicodeScalar($0)).isNumber
                                || $0 == 0x2D || $0 == 0x5F)
                    }
            }
        if !isDomain && !ownIDs.contains(plugin.id) {
            findings.append(
                CheckFinding(
                    "id", .warning,
                    "its id is \"\(plugin.id)\", which does not start with a reversed domain name. Two plugins with "
                        + "the same id cannot be used together. Use a domain that you own, such as "
                        + "org.example.\(plugin.id.isEmpty ? "mine" : plugin.id)"
                ))
        }
        if plugin.version.isEmpty {
            findings.append(
                CheckFinding(
                    "version", .warning, "its version is empty, so a result cannot be traced to a version. Set it"))
        }
        if plugin.abiMinor > ASSAY_ABI_MINOR {
            findings.append(
                CheckFinding(
                    "version", .note,
                    "it was built with version \(plugin.abiMajor).\(plugin.abiMinor) of the plugin header, which is "
                        + "newer than \(ASSAY_ABI_MAJOR).\(ASSAY_ABI_MINOR) of this host; the additions of that "
                        + "version were not checked"
                ))
        }
        if plugin.description.isEmpty {
            findings.append(CheckFinding("description", .warning, missing("the plugin")))
        }
        for scorer in plugin.scorers { findings += Self.findings(in: scorer) }
        return findings
    }

    private static func missing(_ what: String) -> String {
        "\(what) has no description, so 'assay plugins list' cannot say what it is for. Add a description of one line"
    }

    private static func findings(in scorer: ScorerDescription) -> [CheckFinding] {
        var findings: [CheckFinding] = []
        func add(_ check: String, _ level: CheckFinding.Level, _ message: String) {
            findings.append(CheckFinding(check, level, scorer: scorer.id, message))
        }
        if scorer.id.isEmpty { add("id", .error, "a scorer's id is empty, so no definition can name it. Set it") }
        if scorer.description.isEmpty { add("description", .warning, missing("the scorer")) }
        for (kind, columns) in [("input", scorer.inputs), ("output", scorer.outputs)] {
            for column in columns {
                if column.name.isEmpty {
                    add(
                        "columns", .error,
                        "an \(kind) has an empty name, so no column of data can be bound to it. Name it")
                }
                if column.isLenient && !column.isOptional {
                    add(
                        "columns", .error,
                        "the \(kind) \"\(column.name)\" is lenient but not optional, and so would get nulls that a "
                            + "required column never has. Add ASSAY_COLUMN_OPTIONAL")
                }
            }
        }
        if scorer.inputs.isEmpty && scorer.parametersSchema == nil {
            add(
                "columns", .note,
                "it declares no inputs before it is created, so its score cannot depend on any column of the data")
        }
        let score = scorer.outputs[scorer.scoreOutput]
        if score.isOptional || score.isLenient {
            add("columns", .warning, "the output \"score\" has flags, which apply to inputs only. Set them to 0")
        }
        return findings
    }
}
