import Web

extension ModelAddress {
    /// The address of something about batches. In Azure's older form, batches do not belong to a deployment.
    func batchTarget(_ end: String, query: String) -> String {
        var path = url.path[...]
        if let deployment = path.firstRange(of: "/deployments/"), !path[deployment.upperBound...].contains("/") {
            path = path[..<deployment.lowerBound]
        }
        let own = url.query
        let whole = query.isEmpty ? own : own.isEmpty ? "?\(query)" : "\(own)&\(query)"
        return "\(url.origin)\(path)/\(end)\(whole)"
    }
}
