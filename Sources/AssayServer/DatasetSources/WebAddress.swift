import Glibc

/// A parsed web address. Parsing is strict: anything but a plain host name or IP address is rejected, so that no other
/// software can interpret it as a different host.
struct WebAddress: Hashable, Sendable {
    let scheme: String
    /// In lower case; an IPv6 address without its brackets.
    let host: String
    let port: Int
    /// The path and the query.
    let target: String

    /// Returns nil for any other text.
    init?(_ text: String) {
        guard let separator = text.firstRange(of: "://") else { return nil }
        scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = text[separator.upperBound...].prefix { $0 != "#" }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { return nil }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest.dropFirst(authority.count)
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
        let isBracketed = authority.hasPrefix("[")
        let host = isBracketed ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        let afterHost = authority.dropFirst(host.count + (isBracketed ? 2 : 0))
        let allowed: (UInt8) -> Bool = { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."):
                true
            case UInt8(ascii: ":"): isBracketed
            case UInt8(ascii: "-"), UInt8(ascii: "_"): !isBracketed
            default: false
            }
        }
        guard !host.isEmpty, host.utf8.allSatisfy(allowed) else { return nil }
        self.host = host.lowercased()
        if afterHost.isEmpty {
            port = scheme == "https" ? 443 : 80
        } else {
            guard afterHost.first == ":", let number = UInt16(afterHost.dropFirst()), number > 0 else { return nil }
            port = Int(number)
        }
    }

    /// The target of a redirection, relative to this address.
    func redirected(to location: String) -> WebAddress? {
        if location.contains("://") { return WebAddress(location) }
        if location.hasPrefix("//") { return WebAddress("\(scheme):\(location)") }
        let path = target.prefix { $0 != "?" }
        let folder = path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex)
        return WebAddress(origin + (location.hasPrefix("/") ? location : folder + location))
    }

    private var origin: String { "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// The address as text.
    var text: String { origin + target }

    /// The IP addresses of the host. Blocks.
    func resolve() -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var entry = list
        while let current = entry {
            if let address = IPAddress(current.pointee) { addresses.append(address) }
            entry = current.pointee.ai_next
        }
        return addresses
    }
}

/// The address of a machine.
struct IPAddress: Hashable, Sendable {
    /// Four bytes or sixteen.
    let bytes: [UInt8]

    fileprivate init?(_ info: addrinfo) {
        guard let address = info.ai_addr else { return nil }
        switch info.ai_family {
        case AF_INET:
            bytes = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6:
            bytes = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) }
            }
        default: return nil
        }
    }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The address as text.
    var text: String {
        var buffer = [CChar](repeating: 0, count: 64)
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &buffer, socklen_t(buffer.count))
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether the address is public, rather than one of a private network, of this machine or for a special purpose (the
    /// registries of RFC 6890 and its updates).
    var isPublic: Bool {
        if bytes.count == 4 { return !Self.specialIPv4.contains { $0.contains(bytes) } }
        // An IPv4 address in the form of IPv6.
        if bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] {
            return IPAddress(Array(bytes.suffix(4))).isPublic
        }
        return bytes[0] & 0xE0 == 0x20 && !Self.specialIPv6.contains { $0.contains(bytes) }
    }

    /// The addresses that start with the same bits.
    private struct Block {
        var start: [UInt8]
        var bits: Int

        func contains(_ address: [UInt8]) -> Bool {
            (0..<bits).allSatisfy { bit in
                let place = bit / 8
                let mask = UInt8(0x80) >> (bit % 8)
                return address[place] & mask == (place < start.count ? start[place] : 0) & mask
            }
        }
    }

    private static let specialIPv4 = [
        Block(start: [0], bits: 8), Block(start: [10], bits: 8), Block(start: [100, 64], bits: 10),
        Block(start: [127], bits: 8), Block(start: [169, 254], bits: 16), Block(start: [172, 16], bits: 12),
        Block(start: [192, 0, 0], bits: 24), Block(start: [192, 0, 2], bits: 24),
        Block(start: [192, 88, 99], bits: 24),
        Block(start: [192, 168], bits: 16), Block(start: [198, 18], bits: 15), Block(start: [198, 51, 100], bits: 24),
        Block(start: [203, 0, 113], bits: 24), Block(start: [224], bits: 3),
    ]

    /// Within 2000::/3: addresses that represent IPv4 addresses, and those reserved for documentation and tests.
    private static let specialIPv6 = [
        Block(start: [0x20, 0x01, 0, 0], bits: 23), Block(start: [0x20, 0x01, 0x0D, 0xB8], bits: 32),
        Block(start: [0x20, 0x02], bits: 16), Block(start: [0x3F, 0xFF], bits: 20),
    ]
}
