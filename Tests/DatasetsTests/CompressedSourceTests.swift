import CCompression
import Datasets
import TestSupport
import Testing

@Suite("Compressed data is read as what it holds")
struct CompressedSourceTests {
    enum Kind: CaseIterable {
        case gzip, zstd

        func compress(_ bytes: [UInt8]) -> [UInt8] {
            switch self {
            case .gzip: gzipped(bytes)
            case .zstd: zstdCompressed(bytes)
            }
        }

        func source(_ base: any ByteSource) -> any ByteSource {
            switch self {
            case .gzip: GzipSource(base, path: "x")
            case .zstd: ZstdSource(base, path: "x")
            }
        }
    }

    @Test("what other programs wrote is read", arguments: pieceSizes, pieceSizes)
    func knownFiles(pieceSize: Int, bufferSize: Int) {
        // printf 'one\ntwo\n' | gzip -n; the same with zstd.
        let gzip: [UInt8] = [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xCB, 0xCF, 0x4B, 0xE5, 0x2A, 0x29, 0xCF, 0xE7,
            0x02, 0x00, 0xE6, 0x0B, 0xBA, 0x12, 0x08, 0x00, 0x00, 0x00,
        ]
        let zstd: [UInt8] = [
            0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x58, 0x41, 0x00, 0x00, 0x6F, 0x6E, 0x65, 0x0A, 0x74, 0x77, 0x6F, 0x0A, 0xE6,
            0xA6, 0x0E, 0x40,
        ]
        for source: any ByteSource in [
            GzipSource(PiecewiseSource(gzip, pieceSize: pieceSize)),
            ZstdSource(PiecewiseSource(zstd, pieceSize: pieceSize)),
        ] {
            #expect(readAll(source, bufferSize: bufferSize) == Reading(text: "one\ntwo\n"))
        }
    }

    @Test("how the bytes arrive and leave makes no difference", arguments: Kind.allCases, pieceSizes)
    func pieces(kind: Kind, pieceSize: Int) {
        let text = randomText(bytes: 20_000)
        let compressed = kind.compress(Array(text.utf8))
        for bufferSize in pieceSizes {
            let source = kind.source(PiecewiseSource(compressed, pieceSize: pieceSize))
            #expect(readAll(source, bufferSize: bufferSize) == Reading(text: text))
        }
    }

    @Test("more data than any buffer", arguments: Kind.allCases)
    func largeData(kind: Kind) {
        let text = randomText(bytes: 1_000_000)
        let reading = readAll(kind.source(MemorySource(kind.compress(Array(text.utf8)))))
        let isSame = reading == Reading(text: text)
        #expect(isSame)
    }

    @Test("members and frames follow each other, also empty ones", arguments: Kind.allCases, pieceSizes)
    func severalParts(kind: Kind, pieceSize: Int) {
        let parts = ["one\n", "", "two\n", String(repeating: "three\n", count: 1_000)]
        let compressed = parts.flatMap { kind.compress(Array($0.utf8)) }
        let source = kind.source(PiecewiseSource(compressed, pieceSize: pieceSize))
        #expect(readAll(source) == Reading(text: parts.joined()))
    }

    @Test("skippable frames of zstd are passed over", arguments: pieceSizes)
    func skippableFrames(pieceSize: Int) {
        let skippable: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 0x03, 0x00, 0x00, 0x00, 1, 2, 3]
        let frame = zstdCompressed(Array("one\n".utf8))
        let bytes = skippable + frame + skippable + skippable + frame + skippable
        #expect(readAll(ZstdSource(PiecewiseSource(bytes, pieceSize: pieceSize))) == Reading(text: "one\none\n"))
    }

    @Test("zero bytes behind gzip data are padding")
    func zeroPadding() {
        let member = gzipped(Array("one\n".utf8))
        let padding = [UInt8](repeating: 0, count: 1_000)
        #expect(readAll(GzipSource(MemorySource(member + padding))) == Reading(text: "one\n"))
        #expect(readAll(GzipSource(MemorySource(member + padding + member))) == Reading(text: "one\none\n"))
    }

    @Test("data cut off anywhere gives what was before the cut, and an error", arguments: Kind.allCases, [1, 64 << 10])
    func truncation(kind: Kind, bufferSize: Int) {
        let text = randomText(bytes: 3_000)
        let first = kind.compress(Array(text.utf8))
        let compressed = first + kind.compress(Array("more\n".utf8))
        for count in 0..<compressed.count where count != first.count {
            let reading = readAll(kind.source(MemorySource(Array(compressed[..<count]))), bufferSize: bufferSize)
            #expect(reading.error?.code == .truncated)
            #expect(reading.error?.place == .compressedByte(count))
            #expect((text + "more\n").hasPrefix(reading.text))
            #expect(count < first.count || reading.text.hasPrefix(text))
        }
    }

    @Test(
        "the error of a file that was cut off says where",
        arguments: [
            (Kind.gzip, 0, "x, byte 0 of the compressed data: the gzip data is empty"),
            (Kind.zstd, 0, "x, byte 0 of the compressed data: the zstd data is empty"),
            (
                Kind.gzip, 20,
                "x, byte 20 of the compressed data: the gzip data ends too early; the rows before that were read. "
                    + "Download or copy the file again"
            ),
            (
                Kind.zstd, 12,
                "x, byte 12 of the compressed data: the zstd data ends too early; the rows before that were read. "
                    + "Download or copy the file again"
            ),
        ])
    func truncationMessages(kind: Kind, count: Int, message: String) {
        let compressed = kind.compress(Array("one\ntwo\nthree\n".utf8))
        let reading = readAll(kind.source(MemorySource(Array(compressed[..<count]))))
        #expect(reading.error?.description == message)
    }

    @Test("a wrong checksum is an error after all the data", arguments: Kind.allCases, pieceSizes)
    func wrongChecksum(kind: Kind, bufferSize: Int) {
        let text = randomText(bytes: 3_000)
        var compressed = kind.compress(Array(text.utf8))
        // Gzip ends with the checksum and the length, zstd with the checksum.
        compressed[compressed.count - (kind == .gzip ? 5 : 1)] ^= 1
        let reading = readAll(kind.source(MemorySource(compressed)), bufferSize: bufferSize)
        #expect(reading.text == text)
        #expect(reading.error?.code == .damaged)
        let reason =
            switch kind {
            case .gzip: "the gzip data is damaged (incorrect data check)"
            case .zstd: "the zstd data is damaged (Restored data doesn't match checksum)"
            }
        #expect(reading.error?.message == reason + "; the rows before that were read. Download or copy the file again")
    }

    @Test("damage anywhere never crashes, nor brings wrong data without an error", arguments: Kind.allCases)
    func damage(kind: Kind) {
        let text = randomText(bytes: 1_500)
        let compressed = kind.compress(Array(text.utf8))
        for index in compressed.indices {
            var damaged = compressed
            damaged[index] ^= 0x10
            let reading = readAll(kind.source(MemorySource(damaged)))
            #expect(reading.error != nil || reading.text == text)
        }
    }

    @Test("the blocks before a damaged one are delivered", arguments: pieceSizes)
    func damagedBlock(bufferSize: Int) {
        // Two raw blocks of zstd, and a third whose type is reserved.
        let start: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x00]
        let first: [UInt8] = [0x20, 0x00, 0x00] + Array("one\n".utf8)
        let second: [UInt8] = [0x20, 0x00, 0x00] + Array("two\n".utf8)
        let reading = readAll(
            ZstdSource(MemorySource(start + first + second + [0x27, 0x00, 0x00, 1, 2, 3, 4])), bufferSize: bufferSize)
        #expect(reading.text == "one\ntwo\n")
        #expect(reading.error?.code == .damaged)
        #expect(reading.error?.place == .compressedByte(start.count + first.count + second.count))
    }

    @Test("what follows the data and is none is an error after it", arguments: Kind.allCases)
    func trailingGarbage(kind: Kind) {
        let compressed = kind.compress(Array("one\n".utf8))
        let reading = readAll(kind.source(MemorySource(compressed + Array("garbage".utf8))))
        #expect(reading.text == "one\n")
        #expect(reading.error?.code == .damaged)
        #expect(reading.error?.place == .compressedByte(compressed.count))
        let message =
            switch kind {
            case .gzip: "the data from 0x67 on is not gzip data; all of the gzip data was read"
            case .zstd:
                "the data that follows is not zstd data (Unknown frame descriptor); all of the zstd data was read"
            }
        #expect(reading.error?.message == message)
    }

    @Test("data that is not compressed is an error", arguments: Kind.allCases)
    func notCompressed(kind: Kind) {
        let reading = readAll(kind.source(MemorySource("{\"a\":1}\n")))
        let message =
            switch kind {
            case .gzip: "not gzip data: the first byte is 0x7B, not 0x1F; check the file's name"
            case .zstd: "not zstd data (Unknown frame descriptor); check the file's name"
            }
        let error = DatasetError(.damaged, message, path: "x", at: .compressedByte(0))
        #expect(reading == Reading(text: "", error: error))
    }

    @Test("a zstd window beyond the limit is an error that says what to do")
    func windowTooLarge() {
        // A frame without a size, whose window descriptor says 2 to the power of 28.
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 18 << 3, 0x01, 0x00, 0x00]
        let reading = readAll(ZstdSource(MemorySource(frame)))
        #expect(reading.error?.code == .tooLarge)
        #expect(
            reading.error?.message
                == "the zstd frame needs a window of more than 128 MiB; compress the file again without --long")
        let largest: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 17 << 3, 0x01, 0x00, 0x00]
        #expect(readAll(ZstdSource(MemorySource(largest))) == Reading(text: ""))
    }

    @Test("a failure of the data beneath comes after what was decompressed", arguments: Kind.allCases)
    func failureBeneath(kind: Kind) {
        let failure = DatasetError(.unreadable, "the disk is gone")
        let source = kind.source(PiecewiseSource(kind.compress(Array("one\n".utf8)), failure: failure))
        #expect(readAll(source) == Reading(text: "one\n", error: failure))
    }
}

/// Text that compresses to about half.
private func randomText(bytes: Int) -> String {
    var generator = SeededGenerator(seed: 13)
    return String(
        decoding: (0..<bytes).map { _ in UInt8.random(in: 0x61..<0x71, using: &generator) }, as: UTF8.self)
}

func gzipped(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    deflateInit2_(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    defer { deflateEnd(&stream) }
    var bytes = bytes
    let bound = Int(deflateBound(&stream, UInt(bytes.count)))
    return bytes.withUnsafeMutableBufferPointer { input in
        [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(bound)
            deflate(&stream, Z_FINISH)
            count = bound - Int(stream.avail_out)
        }
    }
}

/// With a checksum, as the program writes it.
func zstdCompressed(_ bytes: [UInt8]) -> [UInt8] {
    let context = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(context) }
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    let bound = ZSTD_compressBound(bytes.count)
    return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
        count = ZSTD_compress2(context, output.baseAddress, bound, bytes, bytes.count)
    }
}
