/// A batch of requests to a model, kept in the cache from before it is submitted until its replies have been taken.
public struct StoredBatch: Hashable, Sendable {
    /// How far it is. Each state is written before the next step is taken, so that a process that is killed leaves
    /// behind what another one needs to continue.
    public enum State: String, Sendable {
        /// Its requests are being collected, or its file is being uploaded.
        case preparing
        /// It is being created at the server, which may or may not have it.
        case creating
        /// The server has it.
        case open
        /// Its replies have been taken; its files are still on the server.
        case taken
        /// Nothing is left to be done.
        case ended
    }

    /// The number of its row; 0 until it is added.
    public internal(set) var id: Int64 = 0
    /// A random name by which it can be found at the server.
    public var token: String
    public var state = State.preparing
    /// The id of the model, its name on the server, and the address of its API without secrets.
    public var model: String
    public var name: String
    public var url: String
    /// The path of its requests, such as `/v1/chat/completions`.
    public var path: String
    /// The form of the server's batches.
    public var api: String
    /// The environment variable with the model's key.
    public var keyVariable: String?
    public var requests = 0
    /// What its replies are expected to cost, in the currency of the model's price.
    public var reserved = 0.0
    public var inputFile: String?
    /// The server's name for it.
    public var remoteID: String?
    /// What the server said last about it, in words.
    public var progress = ""
    /// Seconds since 1970.
    public var createdAt = 0
    public var submittedAt: Int?
    /// When its server was last asked about it, in seconds since 1970.
    public var checkedAt: Int?

    /// How often in a row the server did not know it.
    public var misses = 0
    /// Whether somebody has cancelled it: its requests are not made again by the runs that wait for it. Not written by
    /// `update`.
    public var isCancelled = false

    public init(
        token: String, model: String, name: String, url: String, path: String, api: String, keyVariable: String?
    ) {
        self.token = token
        self.model = model
        self.name = name
        self.url = url
        self.path = path
        self.api = api
        self.keyVariable = keyVariable
    }

    /// What people call it: the server's name, or the number of its row before it has one.
    public var title: String { remoteID ?? "#\(id)" }

    /// The key that is reserved by the process that looks after it.
    public var lease: ReplyKey { ReplyKey(token.utf8) }
}
