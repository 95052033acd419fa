import Glibc
public import HuggingFace
public import Inference

/// How a server is to serve.
public struct ServerConfiguration: Sendable {
    /// The address to listen on, or a name for it.
    public var host = "127.0.0.1"
    /// 0: any that is free.
    public var port = 8321
    /// A certificate chain and its private key, as paths of PEM files; nil: no TLS.
    public var tls: (certificate: String, key: String)?
    /// What requests have to bring as a bearer token; nil: anybody may use the server.
    public var accessToken: String?
    /// The origins of web pages that may use the server, such as `https://example.com`; `*`: all.
    public var allowedOrigins: [String] = []
    /// What `/v1/version` says.
    public var version: String
    /// Bytes that the body of a request may have.
    public var maxBodySize = 256 << 20
    /// Requests that may be worked on at once; others are answered 429.
    public var maxConcurrentRequests = 128
    /// Connections that may be open at once; others wait.
    public var maxConnections = 1_000
    /// The time over which a client that has begun a request, or a server that a dataset is downloaded from, has to send a
    /// kibibyte for each second.
    public var clientSeconds = 20
    /// How long a client that has connected may take to begin its first request.
    public var firstRequestSeconds = 10
    /// How long a client may take nothing of an answer.
    public var readerSeconds = 300
    /// Sources of datasets that may be read from the network at once; other registrations of such are answered 429.
    public var maxImports = 8
    /// Rows that a request, or a dataset that is registered, may have.
    public var maxRows = 50_000_000
    /// Bytes of JSON that a dataset which is read from a URI may have.
    public var maxDatasetSize = 4 << 30
    /// Bytes that metadata and parameters may have, those of one resource or request.
    public var maxMetadataSize = 1 << 20
    /// Regular expressions that metadata and parameters may have, those of one resource or request.
    public var maxPatterns = 1_000
    /// Days for which jobs are kept after their end; nil: without limit.
    public var jobDays: Int?
    /// Folders whose files may be registered as datasets.
    public var allowedFolders: [String] = []
    /// Whether datasets may be downloaded from private networks and from this machine.
    public var allowsPrivateAddresses = false
    /// Bytes that a download may have, as they come.
    public var maxDownloadSize = 4 << 30
    /// How long a download may take.
    public var downloadSeconds = 600
    /// The datasets server that `huggingface://` and `hf://` stand for.
    public var huggingFace = HuggingFaceServer()
    /// Threads that score one request.
    public var jobs = 1
    /// Evaluation jobs that run at once.
    public var maxJobs = 2
    /// Evaluation jobs that may wait for their turn; others are answered 429.
    public var maxQueuedJobs = 100
    /// Where long results wait while they are sent.
    public var dataFolder = "/tmp"
    /// How long requests under way may take when the server is to stop.
    public var shutdownSeconds = 30
    /// The model in the role "judge" of functions that name none.
    public var judgeModel: String?
    /// What the models of each request that scores, and of each job, may cost, candidate and judges together.
    public var budget = BudgetLimits()

    public init(version: String) {
        self.version = version
    }

    /// Whether only this machine can reach the server.
    public var isLoopback: Bool { host == "::1" || isLoopbackName(host) }
}

/// Whether a host is `localhost`, or an IPv4 address that always means this machine.
func isLoopbackName(_ host: String) -> Bool {
    var address = in_addr()
    if inet_pton(AF_INET, host, &address) == 1 { return UInt32(bigEndian: address.s_addr) >> 24 == 127 }
    return host == "localhost"
}
