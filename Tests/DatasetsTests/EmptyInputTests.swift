import Testing

@testable import Datasets

/// A compressed file of some kilobytes can hold any amount of white space. (Made up, after archives that are bombs.)
@Suite("Input without rows comes to an end")
struct EmptyInputTests {
    @Test("white space in an array", arguments: ["", "[", "[{\"a\": 1}", "[{\"a\": 1}, ", "[1]"])
    func array(start: String) throws {
        let source = JSONArraySource(EndlessSource(start: MemorySource(start), byte: 0x20), path: "rows.json")
        #expect(source.empty.most == 16 << 20)
        source.empty = EmptyInput(most: 1 << 20)
        try expectEnd(source)
    }

    @Test("lines of a table with nothing in them", arguments: ["", "a,b\n", "a,b\n1,2\n"])
    func table(start: String) throws {
        let source = CSVSource(EndlessSource(start: MemorySource(start), byte: 0x0A), path: "rows.csv")
        #expect(source.empty.most == 16 << 20)
        source.empty = EmptyInput(most: 1 << 18)
        try expectEnd(source, "262144 bytes of white space")
    }

    private func expectEnd(_ source: consuming any ByteSource, _ message: String = "1 MiB of white space") throws {
        var source = source
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let error = #expect(throws: DatasetError.self) {
            for _ in 0..<100 { _ = try buffer.withUnsafeMutableBytes { try source.read(into: $0) } }
        }
        #expect(
            error?.code == .tooLarge && error?.description.contains(message) == true, "\(error as Any)")
    }
}
