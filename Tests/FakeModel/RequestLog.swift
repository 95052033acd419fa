import Glibc

/// A file that gets one JSON object on a line for each request, when the request has ended.
///
/// Each line is appended by a single `write`, so that the file is right at any moment, also when the process is killed;
/// requests that were under way then are not in it. A line follows its answer, a moment later.
///
/// The members: `number`, `attempt`, `method`, `path`, `version`, `received` (milliseconds since 1970), `milliseconds`
/// (until the end), `treatment`, `ending`, `answered`, `body_hash` and `body`. Headers are left out: they hold keys.
public final class RequestLog: Sendable {
    private let descriptor: Int32

    /// Opens or creates the file; lines are added at its end.
    public init(path: String) throws(FakeModelError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw FakeModelError("cannot open \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        close(descriptor)
    }

    func write(_ request: ReceivedRequest, isUsable: Bool) {
        let length = milliseconds((request.ended ?? request.received) - request.received)
        let answered = isUsable && request.ending == .written
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let received = now.tv_sec * 1000 + now.tv_nsec / 1_000_000 - Int(length)
        var line = "{\"number\": \(request.number), \"attempt\": \(request.attempt), "
        line += "\"method\": \(quoted(request.method)), \"path\": \(quoted(request.path)), "
        line += "\"version\": \"\(request.httpVersion.rawValue)\", \"received\": \(received), "
        line += "\"milliseconds\": \(length), \"treatment\": \"\(request.treatment)\", "
        line += "\"ending\": \"\(request.ending.rawValue)\", \"answered\": \(answered), "
        line += "\"body_hash\": \"\(request.bodyHash.text)\", \"body\": \(quoted(request.body))}\n"
        line.withUTF8 { bytes in
            // A full disk loses lines: there is nobody to tell, and the server goes on.
            _ = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        }
    }
}

/// A length of time in milliseconds, to the microsecond.
private func milliseconds(_ duration: Duration) -> Double {
    (duration / .microseconds(1)).rounded() / 1000
}
