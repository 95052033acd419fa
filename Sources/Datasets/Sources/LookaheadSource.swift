/// A source whose first bytes can be looked at before they are read.
final class LookaheadSource: ByteSource {
    private var base: any ByteSource
    private var ahead = ByteQueue(capacity: 64)
    private var failure: DatasetError?
    private var isAtEnd = false

    init(_ base: any ByteSource) {
        self.base = base
    }

    /// The first `count` unread bytes, or fewer if the data ends or fails before. A failure is thrown by
    /// `read`, after those bytes.
    func peek(_ count: Int) -> [UInt8] {
        peek(upTo: count) { $0.count >= count }
    }

    /// The first unread bytes: as many as `isEnough` wants, at most `count`, which are not waited for then.
    func peek(upTo count: Int, until isEnough: ([UInt8]) -> Bool) -> [UInt8] {
        var bytes = readAhead(count)
        do throws(DatasetError) {
            while ahead.count < count, !isEnough(bytes), !isAtEnd, failure == nil {
                ahead.reserve(max(64, min(count - ahead.count, 64 << 10)))
                isAtEnd = try !ahead.fill(from: &base)
                bytes = readAhead(count)
            }
        } catch {
            failure = error
        }
        return bytes
    }

    private func readAhead(_ count: Int) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: ahead.front, count: min(count, ahead.count)))
    }

    /// Passes over bytes that were looked at.
    func skip(_ count: Int) {
        ahead.drop(count)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if !ahead.isEmpty { return ahead.move(into: buffer) }
        if let failure { throw failure }
        return isAtEnd ? 0 : try base.read(into: buffer)
    }
}
