import JSON
import Platform

/// Where EvalHub puts what an adapter needs: the environment and the files of its pod, or of its process in local mode.
struct EvalHubEnvironment {
    private static let account = "/var/run/secrets/kubernetes.io/serviceaccount"

    var isInCluster: Bool { environmentVariable("EVALHUB_MODE")?.lowercased() == "k8s" }

    var jobPath: String {
        environmentVariable("EVALHUB_JOB_SPEC_PATH") ?? (isInCluster ? "/meta/job.json" : "meta/job.json")
    }

    /// The certificates that EvalHub's server is checked with; nil: those of the system.
    var certificates: String? {
        if let path = environmentVariable("EVALHUB_CA_BUNDLE_PATH") { return path }
        return [
            "/etc/pki/ca-trust/source/anchors/service-ca.crt", "\(Self.account)/service-ca.crt",
            "\(Self.account)/ca.crt",
        ].first { FileStatus(ofPath: $0) != nil }
    }

    /// The headers that a request to EvalHub needs. The token is read each time, since Kubernetes replaces it.
    var headers: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let token = text(environmentVariable("EVALHUB_AUTH_TOKEN_PATH") ?? "\(Self.account)/token") {
            headers.append(("Authorization", "Bearer \(token)"))
        }
        if let namespace = text("\(Self.account)/namespace") { headers.append(("X-Tenant", namespace)) }
        return headers
    }

    /// The folder with the credentials of a job's model.
    ///
    /// - Throws: if the job names something other than a local folder.
    func credentials(of job: EvalHubJob) throws -> String {
        guard !isInCluster, let secret = job.secret else { return "/var/run/secrets/model" }
        guard secret.hasPrefix("file:///") else {
            throw Failure("/model/auth/secret_ref: found \(quoted(secret)); expected a file:/// URL of a folder")
        }
        return String(secret.dropFirst("file://".count))
    }

    /// The folders that no parameter of a job may name: the adapter's secrets, and its environment and memory.
    func privateFolders(of job: EvalHubJob) -> [String] {
        let named = [environmentVariable("EVALHUB_AUTH_TOKEN_PATH"), try? credentials(of: job)]
        return (["/proc", "/sys", "/run/secrets", "/var/run/secrets"] + named.compactMap { $0 })
            .map { realPath($0) ?? $0 }
    }

    /// The text of a small file, without white space around it; nil if it is missing or empty.
    func text(_ path: String) -> String? {
        guard let bytes = try? RegularFile.read(path, limit: 1 << 20) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let start = text.firstIndex(where: { !$0.isWhitespace }),
            let end = text.lastIndex(where: { !$0.isWhitespace })
        else { return nil }
        return String(text[start...end])
    }
}
