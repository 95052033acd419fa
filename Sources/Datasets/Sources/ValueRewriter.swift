import CSimdJSON
import JSON

/// Writes as JSON what a batch finds and cannot use as it is, and keeps it for as long as the batch's cells.
final class ValueRewriter {
    private var parser = JSONParser()
    private var kept: [UnsafeMutableRawBufferPointer] = []

    deinit {
        removeAll()
    }

    func removeAll() {
        for memory in kept { memory.deallocate() }
        kept.removeAll(keepingCapacity: true)
    }

    /// The JSON of the array or object that a text holds, as JSON or as Python prints it; or JSON that was not
    /// valid, repaired. Without an address where there is none.
    func rewrite(_ text: csj_text, _ kind: Int32) -> csj_text {
        let bytes = UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len))
        if kind == Int32(CSJ_INSIDE) {
            let first = bytes.first { !" \t\r\n".utf8.contains($0) }
            guard let first, "[({".utf8.contains(first) else { return csj_text() }
            if (try? parser.parse(bytes)) != nil { return keep(bytes) }
            guard let value = PythonLiteral.json(of: String(decoding: bytes, as: UTF8.self)) else { return csj_text() }
            return keep(value.text)
        }
        var repairs = 0
        guard let value = try? parser.parse(bytes, repairs: &repairs), repairs > 0 else { return csj_text() }
        return keep(value.text)
    }

    private func keep(_ text: String) -> csj_text {
        var text = text
        return text.withUTF8 { keep(UnsafeRawBufferPointer($0)) }
    }

    private func keep(_ bytes: UnsafeRawBufferPointer) -> csj_text {
        let space: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        let start = bytes.firstIndex { !space.contains($0) } ?? 0
        let end = (bytes.lastIndex { !space.contains($0) } ?? -1) + 1
        let text = UnsafeRawBufferPointer(rebasing: bytes[start..<max(start, end)])
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count + Int(CSJ_PADDING), alignment: 16)
        memory.copyMemory(from: text)
        UnsafeMutableRawBufferPointer(rebasing: memory[text.count...]).initializeMemory(as: UInt8.self, repeating: 0)
        kept.append(memory)
        return csj_text(ptr: memory.baseAddress?.assumingMemoryBound(to: CChar.self), len: UInt64(text.count))
    }
}
