import Web

/// A redirection by which a model's server says where a file of a batch is, or where it is to be put.
struct Redirection {
    let origin: WebURL
    let place: WebURL

    init(from origin: WebURL, to place: WebURL) {
        self.origin = origin
        self.place = place
    }

    /// Why it is not followed, as a sentence; nil if it may be.
    ///
    /// A server on the internet could otherwise make this machine send requests in its own network. Servers in that network
    /// may name others there.
    ///
    /// - Parameters:
    ///   - addresses: those of the origin's host; none if they are not known, which counts as the internet.
    ///   - others: those of the place's host.
    func fault(_ addresses: [IPAddress], _ others: [IPAddress]) -> String? {
        if origin.host == place.host, origin.scheme == place.scheme { return nil }
        let text = "a redirection to \(place.origin) is not followed, because it leads from "
        if origin.scheme == "https", place.scheme == "http" { return text + "https to http" }
        let isPrivate = !addresses.isEmpty && !addresses.contains(where: \.isPublic)
        if !isPrivate, others.contains(where: { !$0.isPublic }) { return text + "the internet to a private network" }
        return nil
    }
}
