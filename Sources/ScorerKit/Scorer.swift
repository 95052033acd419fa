/// What all scorers in Swift have: what they read and give, and instances with their parameters.
///
/// A scorer conforms to `Scorer`, or to `ModelScorer` if it asks models.
public protocol ConfiguredScorer: Sendable {
    /// What the scorer is, reads and gives.
    static var declaration: ScorerDeclaration { get }

    /// Makes an instance.
    ///
    /// - Parameter configuration: JSON text as `create` of the plugin header describes it.
    /// - Throws: what is wrong with the parameters.
    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection)

    /// What this instance reads, gives and asks, where that depends on its parameters. The type's, unless written.
    var declaration: ScorerDeclaration { get }
}

extension ConfiguredScorer {
    public var declaration: ScorerDeclaration { Self.declaration }
}

/// A scorer written in Swift. One instance serves one scoring function with its parameters; `score` may run on several
/// threads at once.
///
/// A plugin in Swift is a dynamic library whose one exported function hands out its table:
///
///     private let plugin = ScorerPlugin(id: "org.example.words", version: "1.0", description: "…", scorers: [WordCount.self])
///
///     @c @implementation
///     public func assay_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<assay_plugin>? {
///         plugin.table(forHostMajor: major)
///     }
///
/// It shares no type with the host: the package is compiled into each side, and only what the plugin header describes
/// passes between them.
public protocol Scorer: ConfiguredScorer {
    /// Scores a batch: gives each row a score or a reason why it has none.
    func score(_ rows: Rows, _ results: Results)
}

/// Parameters that a scorer does not take.
public struct ParameterRejection: Error, Sendable {
    /// A JSON Pointer (RFC 6901) into the configuration, such as "/params/parsing_regexes/0".
    public var pointer: String
    /// What was found there, and what was expected.
    public var message: String

    public init(pointer: String, _ message: String) {
        self.pointer = pointer
        self.message = message
    }
}
