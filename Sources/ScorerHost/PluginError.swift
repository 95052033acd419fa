/// Why a file is not a usable plugin, or a scorer could not be created.
public struct PluginError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The shared object, if the fault is in one.
    public var path: String?
    /// What is wrong and what to do about it.
    public var message: String
    /// How the plugin's worker was lost, where that is the cause.
    public var loss: WorkerLoss?

    public init(path: String? = nil, _ message: String, loss: WorkerLoss? = nil) {
        self.path = path
        self.message = message
        self.loss = loss
    }

    public var description: String { path.map { "\($0): \(message)" } ?? message }
}

/// A parameter that a scorer rejected.
public struct ParameterFault: Sendable, Hashable, CustomStringConvertible {
    /// A JSON Pointer (RFC 6901) into the configuration, such as "/params/parsing_regexes/0".
    public var pointer: String
    public var message: String

    public var description: String { pointer.isEmpty ? message : "\(pointer): \(message)" }
}

/// A scorer rejected its parameters.
public struct ParameterError: Error, Sendable, Hashable, CustomStringConvertible {
    public var faults: [ParameterFault]

    public var description: String { faults.map(\.description).joined(separator: "; ") }
}
