import Glibc
import NIOPosix

/// The address of a machine.
package struct IPAddress: Hashable, Sendable {
    /// Four bytes or sixteen.
    package let bytes: [UInt8]

    /// Reads an IPv4 or IPv6 address in its usual notation; nil for anything else.
    package init?(_ text: some StringProtocol) {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, String(text), &bytes) == 1 {
                self.bytes = bytes
                return
            }
        }
        return nil
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    private init?(_ info: addrinfo) {
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

    /// The addresses of a host, in every notation that the system knows; none where the name is not known. Blocks.
    package static func resolve(_ host: String) -> [IPAddress] {
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

    /// As `resolve`, without blocking.
    package static func addresses(of host: String) async -> [IPAddress] {
        (try? await NIOThreadPool.singleton.runIfActive { resolve(host) }) ?? []
    }

    /// The address as text.
    package var text: String {
        var buffer = [CChar](repeating: 0, count: 64)
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &buffer, socklen_t(buffer.count))
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether it is a machine's on the open internet, and not one of a private network, of this machine or of a special
    /// kind (the registries of RFC 6890 and its updates).
    package var isPublic: Bool {
        if bytes.count == 4 { return !Self.specialIPv4.contains { $0.contains(self) } }
        // An IPv4 address in the form of IPv6.
        if bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] {
            return IPAddress(bytes: Array(bytes.suffix(4))).isPublic
        }
        return bytes[0] & 0xE0 == 0x20 && !Self.specialIPv6.contains { $0.contains(self) }
    }

    private static let specialIPv4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3",
    ].compactMap { AddressBlock($0) }

    /// Within 2000::/3: what stands for an IPv4 address elsewhere, and what is kept for documentation and tests.
    private static let specialIPv6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]
        .compactMap { AddressBlock($0) }
}

/// The addresses that begin with the same bits.
package struct AddressBlock: Hashable, Sendable {
    private let start: IPAddress
    private let bits: Int

    /// Reads `10.0.0.0/8`, or an address for itself, an IPv6 address also in brackets; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let isBracketed = parts[0].hasPrefix("[") && parts[0].hasSuffix("]")
        guard let start = IPAddress(isBracketed ? String(parts[0].dropFirst().dropLast()) : String(parts[0])) else {
            return nil
        }
        let whole = 8 * start.bytes.count
        guard let bits = parts.count == 1 ? whole : Int(parts[1]), (0...whole).contains(bits) else { return nil }
        self.start = start
        self.bits = bits
    }

    /// An IPv4 address is in no block of IPv6 addresses.
    package func contains(_ address: IPAddress) -> Bool {
        address.bytes.count == start.bytes.count
            && (0..<bits).allSatisfy { bit in
                (address.bytes[bit / 8] ^ start.bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
            }
    }
}
