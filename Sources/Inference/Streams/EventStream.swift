/// One server-sent event.
struct ServerEvent: Hashable {
    /// The event's name; nil if it has none.
    var name: String?
    /// The lines of its data.
    var lines: [[UInt8]] = []

    /// The lines, with line feeds between them.
    var data: [UInt8] { Array(lines.joined(separator: [UInt8(ascii: "\n")])) }
}

/// The server-sent events of a stream (HTML Living Standard, section 9.2) that have data.
///
/// Comments, which servers send to keep a connection open, are left out. So is an event without the empty line that ends
/// it, unless `isEndOptional`.
func serverEvents(_ stream: some Collection<UInt8>, isEndOptional: Bool = false) -> [ServerEvent] {
    let lineFeed = UInt8(ascii: "\n")
    let carriageReturn = UInt8(ascii: "\r")
    var events: [ServerEvent] = []
    var event = ServerEvent()
    func close() {
        if !event.lines.isEmpty { events.append(event) }
        event = ServerEvent()
    }
    func read(_ line: ArraySlice<UInt8>) {
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        var value = line[name.endIndex...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        if name.elementsEqual("data".utf8) { event.lines.append(Array(value)) }
        if name.elementsEqual("event".utf8) { event.name = String(decoding: value, as: UTF8.self) }
    }
    var rest = Array(stream)[...]
    let mark = Array("\u{FEFF}".utf8)
    if rest.starts(with: mark) { rest = rest.dropFirst(mark.count) }
    while let end = rest.firstIndex(where: { $0 == lineFeed || $0 == carriageReturn }) {
        let line = rest[..<end]
        let isPair = rest[end] == carriageReturn && end + 1 < rest.endIndex && rest[end + 1] == lineFeed
        rest = rest[(end + (isPair ? 2 : 1))...]
        if line.isEmpty { close() } else { read(line) }
    }
    if isEndOptional {
        if !rest.isEmpty { read(rest) }
        close()
    }
    return events
}
