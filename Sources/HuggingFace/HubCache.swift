import Encodings
import Hashing
import Platform

/// Responses of datasets servers on this machine, so that rows are downloaded once.
///
/// Each response is a file of its own: its SHA-256 in hexadecimal, a line feed, and the body as the server sent it. It is
/// written under another name first, so that a partial download never counts and processes need no locks. Rows are in
/// `SERVER/DATASET/CONFIG/SPLIT/REVISION`, 100 of them a file; the names are percent-encoded.
public struct HubCache: Sendable, Hashable {
    /// Its folder. It is created when something is kept.
    public let folder: String

    public init(folder: String) {
        self.folder = folder
    }

    /// The place of a split.
    struct Split: Sendable, Hashable {
        var server: String
        var dataset: String
        var config: String
        var name: String
    }

    /// Why something could not be kept: the end of a sentence.
    struct Fault: Error {
        var reason: String
    }

    // MARK: Rows

    /// A page of rows as the server sent it; nil if it is not there, or damaged.
    func page(_ number: Int, of split: Split, revision: String) -> [UInt8]? {
        read("\(path(of: split))/\(revision)/\(Self.name(ofPage: number))")
    }

    func keep(_ body: [UInt8], asPage number: Int, of split: Split, revision: String) throws(Fault) {
        try write(body, Self.name(ofPage: number), in: "\(path(of: split))/\(revision)")
    }

    /// The revision that the server had when it was asked last.
    func newestRevision(of split: Split) -> String? {
        read("\(path(of: split))/newest").map { String(decoding: $0, as: UTF8.self) }
            .flatMap { Self.isRevision($0) ? $0 : nil }
    }

    func setNewestRevision(_ revision: String, of split: Split) throws(Fault) {
        if newestRevision(of: split) == revision { return }
        try write(Array(revision.utf8), "newest", in: path(of: split))
    }

    /// Whether a text can be the name of a revision: a commit of Git, or something like it.
    static func isRevision(_ text: String) -> Bool {
        (7...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            }
    }

    // MARK: Splits

    /// The server's last list of a dataset's splits, as it was sent.
    func splits(of dataset: String, server: String) -> [UInt8]? {
        read("\(path(of: dataset, server))/splits")
    }

    func keep(splits body: [UInt8], of dataset: String, server: String) throws(Fault) {
        let path = path(of: dataset, server)
        if read("\(path)/splits") == body { return }
        try write(body, "splits", in: path)
    }

    // MARK: Files

    private static let longestFile = 256 << 20

    private static func name(ofPage number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }

    private func path(of split: Split) -> String {
        "\(path(of: split.dataset, split.server))/\(Self.name(split.config))/\(Self.name(split.name))"
    }

    private func path(of dataset: String, _ server: String) -> String {
        let host = server.firstRange(of: "://").map { server[$0.upperBound...] } ?? server[...]
        return "\(folder)/\(Self.name(String(host)))/\(Self.name(dataset))"
    }

    /// A text as the name of a file. Names that begin with a dot could lead elsewhere, and a config may have the name of a
    /// file of its dataset.
    private static func name(_ text: String) -> String {
        let encoded = percentEncoded(text)
        return encoded.hasPrefix(".") || encoded == "splits" || encoded == "newest" ? "%" + encoded : encoded
    }

    private func read(_ path: String) -> [UInt8]? {
        guard let bytes = try? RegularFile.readIfPresent(path, limit: Self.longestFile),
            let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        let body = Array(bytes[(end + 1)...])
        return Self.digest(of: body) == Array(bytes[..<end]) ? body : nil
    }

    private func write(_ body: [UInt8], _ name: String, in folder: String) throws(Fault) {
        // Only for this user: the dataset may be a private one.
        if let path = Folder.create(folder, mode: 0o700) {
            throw Fault(reason: "cannot create the folder \(path): \(systemMessage())")
        }
        do throws(RegularFile.Fault) {
            let bytes = Self.digest(of: body) + [UInt8(ascii: "\n")] + body
            try RegularFile.write(bytes, to: "\(folder)/\(name)", mode: 0o600)
        } catch {
            throw Fault(reason: "\(folder)/\(name) \(error.message)")
        }
    }

    private static func digest(of body: [UInt8]) -> [UInt8] {
        Array(hexadecimal(body.withUnsafeBytes { SHA256.digest(of: $0) }.bytes).utf8)
    }
}
