/// The common part of all scorers in Swift: a declaration of inputs and outputs, and instances with parameters.
///
/// A scorer conforms to `Scorer`, or to `ModelScorer` if it asks models.
public protocol ConfiguredScorer: Sendable {
    /// The declaration of the scorer: its id, inputs and outputs.
    static var declaration: ScorerDeclaration { get }

    /// Creates an instance.
    ///
    /// - Parameter configuration: JSON as described for `create` in the plugin header.
    /// - Throws: `ParameterRejection` if the parameters are not valid.
    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection)

    /// The declaration of this instance, if it depends on its parameters. The default is that of the type.
    var declaration: ScorerDeclaration { get }

    /// Computes the declared aggregations of some rows from the sums of their statistics, and emits each of them. A pure
    /// function, called for all rows and for groups of rows. The default is for scorers without aggregations.
    func finalize(_ sums: Sums, _ aggregates: Aggregates)
}

extension ConfiguredScorer {
    public var declaration: ScorerDeclaration { Self.declaration }

    public func finalize(_ sums: Sums, _ aggregates: Aggregates) {}
}

/// A scorer written in Swift. One instance serves one scoring function with its parameters; `score` may run on several
/// threads at once.
///
/// A plugin in Swift is a dynamic library whose only exported function returns its table:
///
///     private let plugin = ScorerPlugin(id: "org.example.words", version: "1.0", description: "…", scorers: [WordCount.self])
///
///     @c @implementation
///     public func assay_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<assay_plugin>? {
///         plugin.table(forHostMajor: major)
///     }
///
/// It shares no Swift types with the host: the package is compiled into each side, and only values of the plugin header
/// pass between them.
public protocol Scorer: ConfiguredScorer {
    /// Scores a batch: sets a score for each row, or a reason why it has none.
    func score(_ rows: Rows, _ results: Results)
}

/// A rejected parameter.
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
