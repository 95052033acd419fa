import Glibc
import Platform

/// A new plugin project, created from templates.
///
/// The templates are files. A project consists of those in `common/KIND`, `LANGUAGE/common` and `LANGUAGE/KIND`; symbolic
/// links are followed. In file contents and file names, `@NAME@` is replaced by the plugin's name; in contents, `@SOURCE@` is
/// replaced by the main source file and `@INCLUDE@` by the compiler options for the headers.
struct PluginProject {
    enum Language: String, CaseIterable { case c, cpp, rust, swift }
    enum Kind: String, CaseIterable { case scorer, judge }

    var name: String
    var language: Language
    var kind: Kind

    /// What is wrong with a name; nil if it is valid. The name becomes part of file names, of an id and of a package name.
    static func fault(ofName name: String) -> String? {
        let bytes = Array(name.utf8)
        func isLetter(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "a") < 26 }
        func isAllowed(_ byte: UInt8) -> Bool {
            isLetter(byte) || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "-")
        }
        let isGood =
            bytes.count <= 64 && bytes.allSatisfy(isAllowed) && bytes.first.map(isLetter) == true
            && bytes.last != UInt8(ascii: "-")
        if isGood { return nil }
        let near = hyphenated(name)
        return
            "\"\(name)\" is not a valid plugin name: expected up to 64 lower-case letters a to z, digits and hyphens, "
            + "starting with a letter and not ending with a hyphen, such as word-limit"
            + (near.isEmpty ? "" : "; did you mean \(near)?")
    }

    /// The valid name that is closest to one in another style: json_fields, JsonFields, "Json Fields". Empty if there is
    /// none.
    private static func hyphenated(_ name: String) -> String {
        var words: [[UInt8]] = [[]]
        var isAfterLower = false
        for byte in name.utf8 {
            let isUpper = byte &- UInt8(ascii: "A") < 26
            let lower = isUpper ? byte + 32 : byte
            let isDigit = lower &- UInt8(ascii: "0") < 10
            let isLetter = lower &- UInt8(ascii: "a") < 26
            if !(isLetter || isDigit) || (isUpper && isAfterLower) { words.append([]) }
            let isLeading = words.allSatisfy(\.isEmpty)
            if isLetter || (isDigit && !isLeading) { words[words.count - 1].append(lower) }
            isAfterLower = !isUpper && (isLetter || isDigit)
        }
        let text = words.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
        return text.utf8.count <= 64 ? text : ""
    }

    /// Writes the project.
    ///
    /// - Parameters:
    ///   - folder: the folder to create; it must not exist.
    ///   - templates: the folder of the templates.
    ///   - includes: the folders of the headers.
    func write(to folder: String, templates: String, includes: [String]) throws {
        guard mkdir(folder, 0o777) == 0 else {
            if errno == EEXIST {
                throw Failure(
                    "\(folder) already exists, and nothing in it was changed; name another folder with --output")
            }
            throw Self.failure(folder, "cannot be created")
        }
        let replacements = [
            ("@NAME@", name), ("@SOURCE@", sourceFile),
            ("@INCLUDE@", includes.map { "-I\"\($0)\"" }.joined(separator: " ")),
        ]
        for layer in ["common/\(kind)", "\(language)/common", "\(language)/\(kind)"] {
            try copy("\(templates)/\(layer)", to: folder, replacements)
        }
    }

    private var sourceFile: String {
        switch language {
        case .c: "scorer.c"
        case .cpp: "scorer.cpp"
        case .rust: "src/lib.rs"
        case .swift: "Sources/Scorer/Scorer.swift"
        }
    }

    private func copy(_ source: String, to folder: String, _ replacements: [(String, String)]) throws {
        guard let files = Folder.names(in: source) else { throw Self.failure(source, "cannot be read") }
        for file in files {
            // Build products in the kits of a source tree are not part of the project.
            if file.hasPrefix(".") || file == "target" || file == "Cargo.lock" { continue }
            let from = "\(source)/\(file)"
            let to = "\(folder)/\(Self.replacing(replacements, in: file))"
            guard let status = FileStatus(ofPath: from) else { throw Self.failure(from, "cannot be read") }
            if status.kind == .folder {
                guard mkdir(to, 0o777) == 0 || errno == EEXIST else { throw Self.failure(to, "cannot be created") }
                try copy(from, to: to, replacements)
            } else {
                try Self.write(Self.replacing(replacements, in: try Self.text(of: from)), to: to)
            }
        }
    }

    private static func replacing(_ replacements: [(String, String)], in text: String) -> String {
        var rest = text[...]
        var replaced = ""
        while let start = rest.firstIndex(of: "@") {
            replaced += rest[..<start]
            rest = rest[start...]
            let found = replacements.first { rest.hasPrefix($0.0) }
            replaced += found?.1 ?? "@"
            rest = rest.dropFirst(found?.0.count ?? 1)
        }
        return replaced + rest
    }

    private static func text(of path: String) throws -> String {
        guard let file = fopen(path, "re") else { throw failure(path, "cannot be read") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        guard ferror(file) == 0 else { throw failure(path, "cannot be read") }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "wxe") else { throw failure(path, "cannot be written") }
        let count = fwrite(Array(text.utf8), 1, text.utf8.count, file)
        guard fclose(file) == 0, count == text.utf8.count else {
            throw failure(path, "could not be written completely")
        }
    }

    private static func failure(_ path: String, _ what: String) -> Failure {
        Failure("\(path): \(what): \(systemMessage())")
    }
}
