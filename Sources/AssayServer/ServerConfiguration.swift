public import Evaluation
import Glibc
public import HuggingFace
public import Inference

/// The configuration of a server.
public struct ServerConfiguration: Sendable {
    /// The address to listen on, or a name for it.
    public var host = "127.0.0.1"
    /// 0 means any free port.
    public var port = 8321
    /// A certificate chain and its private key, as paths of PEM files; nil means no TLS.
    public var tls: (certificate: String, key: String)?
    /// The bearer token that requests need; nil means that no token is needed.
    public var accessToken: String?
    /// The origins of web pages that may use the server, such as `https://example.com`; `*` means all.
    public var allowedOrigins: [String] = []
    /// The version that `/v1/version` returns.
    public var version: String
    /// The maximum size of a request's body, in bytes.
    public var maxBodySize = 256 << 20
    /// The maximum number of requests in progress; further ones get status 429.
    public var maxConcurrentRequests = 128
    /// The maximum number of open connections. For a further one, a connection without a request is closed; if there is
    /// none, clients wait.
    public var maxConnections = 1_000
    /// The period over which a client that sends a request, or a server from which a dataset is downloaded, must send a
    /// kibibyte per second on average.
    public var clientSeconds = 20
    /// How long a client may take to start its first request after it has connected.
    public var firstRequestSeconds = 10
    /// How long an incomplete request is waited for when `maxConnections` are open and another client waits: its head, or
    /// the rest of a body that is not wanted because the request has been answered.
    public var incompleteSeconds = 2
    /// How long a client may read nothing of a response.
    public var readerSeconds = 300
    /// The maximum number of datasets that are downloaded at once; further registrations get status 429.
    public var maxImports = 8
    /// The maximum number of rows of a request or a registered dataset.
    public var maxRows = 50_000_000
    /// The maximum size of a dataset from a URI, in bytes of JSON.
    public var maxDatasetSize = 4 << 30
    /// The maximum size of a row of a dataset from a URI, in bytes; several copies of it are in memory.
    public var maxRowSize = 64 << 20
    /// The maximum size of the metadata and parameters of one resource or request, in bytes.
    public var maxMetadataSize = 1 << 20
    /// The maximum number of regular expressions in the metadata and parameters of one resource or request.
    public var maxPatterns = 1_000
    /// The maximum number of results that are kept.
    public var maxResults = 1_000
    /// The number of days for which jobs are kept after they end; nil means without limit.
    public var jobDays: Int?
    /// Days for which results of score-batch are kept, and their rows; nil: without limit.
    public var resultDays: Int?
    /// Folders whose files may be registered as datasets.
    public var allowedFolders: [String] = []
    /// Whether datasets may be downloaded from private networks and from this machine.
    public var allowsPrivateAddresses = false
    /// The maximum size of a download, in bytes, before decompression.
    public var maxDownloadSize = 4 << 30
    /// Reads a variable of the environment: the proxies that downloads go through, and SSL_CERT_FILE.
    public var environment: @Sendable (String) -> String? = { _ in nil }
    /// How long a download may take.
    public var downloadSeconds = 600
    /// The datasets server for `huggingface://` and `hf://`.
    public var huggingFace = HuggingFaceServer()
    /// Benchmarks that are registered when the server starts, with their datasets, which are read when they are first used.
    public var benchmarks: [BenchmarkDefinition] = []
    /// Threads that score one request.
    public var jobs = 1
    /// The maximum number of evaluation jobs that run at once.
    public var maxJobs = 2
    /// The maximum number of waiting evaluation jobs; further ones get status 429.
    public var maxQueuedJobs = 100
    /// How long a request for the result of a job may wait for the end of the job.
    public var resultWait = Duration.seconds(5)
    /// The folder for long results while they are sent.
    public var dataFolder = "/tmp"
    /// How long requests in progress may take when the server stops.
    public var shutdownSeconds = 30
    /// The judge model of functions that do not name one.
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
