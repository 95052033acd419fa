/// The way from a page to the root of the server.
///
/// Links that start at the root of the host would leave a server that a proxy serves under a path of its own, such as
/// `/assay/`; the server does not know that path. Relative links hold there, too (RFC 3986, section 5.2).
struct RelativeLinks {
    /// The relative reference of the root: `./` or some `../`.
    let root: String

    /// Links from the page at a path, as the request has it.
    init(from path: some StringProtocol) {
        let depth = path.utf8.count { $0 == UInt8(ascii: "/") } - 1
        root = depth > 0 ? String(repeating: "../", count: depth) : "./"
    }

    /// A link to a path that starts with `/`.
    func link(_ path: String) -> String { root + path.dropFirst() }

    /// A page whose links and forms lead to relative references instead of paths. Quotation marks in values are escaped
    /// there, so that an attribute can only come from a template.
    func applied(to html: String) -> String {
        var result = ""
        var rest = html.utf8[...]
        let (href, action) = (Array("href=\"/".utf8), Array("action=\"/".utf8))
        while let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
            let end = rest.index(after: slash)
            let before = rest[..<end]
            if before.suffix(href.count).elementsEqual(href) || before.suffix(action.count).elementsEqual(action) {
                result += Substring(rest[..<slash])
                result += root
            } else {
                result += Substring(before)
            }
            rest = rest[end...]
        }
        return result + Substring(rest)
    }
}
