// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "assay",
    products: [
        .executable(name: "assay", targets: ["assay"]),
        .executable(name: "assay-plugin-worker", targets: ["PluginWorker"]),
        .library(name: "ScoringEngine", targets: ["Concurrency", "Inference", "JSON", "ScoringEngine"]),
        .library(name: "ScorerKit", targets: ["ScorerKit"]),
        .library(name: "basic", type: .dynamic, targets: ["BasicScorers"]),
        .library(name: "braintrust", type: .dynamic, targets: ["BraintrustScorers"]),
        .library(name: "math", type: .dynamic, targets: ["MathScorers"]),
        .library(name: "llm-as-judge", type: .dynamic, targets: ["JudgeScorers"]),
        .library(name: "text", type: .dynamic, targets: ["TextScorers"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The system libraries, and C faces of them.
        .systemLibrary(
            name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CCompression", providers: [.apt(["zlib1g-dev", "libzstd-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CScorerPlugin"),
        // Apache Arrow's C interfaces, without its library.
        .target(name: "CArrow", dependencies: ["CSimdJSON"]),
        // The C library's header.
        .target(name: "CAssay", dependencies: ["CArrow"]),
        .target(name: "CSubprocess"),
        .target(name: "CWorkerProtocol", dependencies: ["CSubprocess"]),
        .target(name: "CLanguageProfiles", exclude: ["README.md", "make_profiles.py", "profiles.bin"]),
        // Boost.Math, in templates only.
        .target(name: "CDistributions"),

        // What everything may use.
        .target(name: "CThreads"),
        .target(name: "Concurrency", dependencies: ["CThreads", "Platform"]),
        .target(name: "Encodings"),
        .target(name: "Hashing", dependencies: ["COpenSSL", "Platform"]),
        // Not called System: NIO imports a module of that name where it finds one.
        .target(name: "Platform"),

        // The engine, from the bottom up.
        .target(name: "Statistics", dependencies: ["CDistributions"]),
        .target(name: "ScoringCore", dependencies: ["Statistics"]),
        .target(name: "JSON", dependencies: ["CSimdJSON"]),
        .target(name: "Patterns", dependencies: ["CPCRE2"]),
        .target(name: "PromptTemplates"),
        .target(name: "JinjaTemplates", dependencies: ["Encodings", "JSON"]),
        .target(name: "ScoringDefinitions", dependencies: ["JSON", "Platform", "ScoringCore"]),
        .target(
            name: "ScorerHost",
            dependencies: [
                "CScorerPlugin", "CSimdJSON", "CWorkerProtocol", "Concurrency", "Encodings", "Hashing", "JSON",
                "Platform",
                "ScoringCore",
            ]),
        .target(
            name: "Datasets",
            dependencies: ["CArrow", "CCompression", "CSimdJSON", "Encodings", "JSON", "Platform", "ScoringCore"]),
        .target(
            name: "Store",
            dependencies: [
                "Datasets", "Encodings", "JSON", "Platform",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        // Requests to servers of the web, through proxies.
        .target(
            name: "Web",
            dependencies: [
                "Encodings", "Platform",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .target(
            name: "Inference",
            dependencies: [
                "CCompression", "Datasets", "Encodings", "Hashing", "JSON", "Platform", "Statistics", "Store", "Web",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .target(
            name: "HuggingFace",
            dependencies: [
                "Concurrency", "Datasets", "Encodings", "Hashing", "JSON", "Platform", "Web",
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .target(
            name: "ScoringEngine",
            dependencies: [
                "CArrow", "CScorerPlugin", "CSimdJSON", "Concurrency", "Datasets", "Encodings", "Hashing", "Inference",
                "JSON", "Platform", "PromptTemplates", "ScorerHost", "ScoringCore", "ScoringDefinitions", "Statistics",
            ]),
        .target(
            name: "Evaluation",
            dependencies: [
                "CSubprocess", "Concurrency", "Datasets", "Encodings", "Hashing", "Inference", "JSON", "JinjaTemplates",
                "Patterns", "Platform", "PromptTemplates", "Runs", "ScorerHost", "ScoringCore", "ScoringDefinitions",
                "ScoringEngine", "Store", "Web",
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .target(
            name: "Runs",
            dependencies: [
                "CCompression", "Datasets", "Hashing", "JSON", "Platform", "ScoringCore", "Statistics",
            ]),
        // What people look at: the views that the server's pages and the report of a run share, and the report.
        .target(
            name: "Reports",
            dependencies: [
                "Datasets", "Encodings", "Hashing", "JSON", "Platform", "Runs", "ScoringCore", "Statistics",
                .product(name: "Mustache", package: "swift-mustache"),
            ]),
        .target(
            name: "AssayServer",
            dependencies: [
                "Concurrency", "Datasets", "Encodings", "Evaluation", "Hashing", "HuggingFace", "Inference", "JSON",
                "Platform", "Reports", "Runs", "ScorerHost", "ScoringCore", "ScoringDefinitions", "ScoringEngine",
                "Statistics", "Store", "Web",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        .executableTarget(name: "assay", dependencies: ["AssayCommands"], path: "Sources/AssayProgram"),
        .target(
            name: "AssayCommands",
            dependencies: [
                "AssayServer", "CMalloc", "Concurrency", "Datasets", "Encodings", "Evaluation", "Hashing",
                "HuggingFace",
                "Inference",
                "JSON", "Platform", "Reports", "Runs", "ScorerHost", "ScoringCore", "ScoringDefinitions",
                "ScoringEngine",
                "Statistics", "Store", "Web",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/assay"),
        // The engine in other programs. It stays loaded: threads and metadata of Swift outlive what they were made for.
        .target(
            name: "AssayLibrary",
            dependencies: [
                "AssayCommands", "CArrow", "CAssay", "CScorerPlugin", "Concurrency", "Datasets", "JSON", "ScorerHost",
                "ScoringCore", "ScoringDefinitions", "ScoringEngine",
            ],
            linkerSettings: [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "nodelete"])]),

        // Runs plugins that are not trusted. In C, without Swift's runtime: it starts in a millisecond, and a plugin in
        // Swift meets no runtime but its own.
        .executableTarget(
            name: "PluginWorker", dependencies: ["CWorkerProtocol", "CScorerPlugin"],
            linkerSettings: [.linkedLibrary("dl"), .unsafeFlags(["-nostartfiles"])]),

        // Scorer plugins: shared objects that know the engine by the ABI alone.
        .target(name: "ScorerKit", dependencies: ["CScorerPlugin"]),
        .target(
            name: "ScorerParameters", dependencies: ["JSON", "Patterns", "ScorerKit"], path: "Plugins/Parameters"),
        .target(
            name: "BasicScorers",
            dependencies: ["CLanguageProfiles", "JSON", "Patterns", "ScorerKit", "ScorerParameters", "Statistics"],
            path: "Plugins/Basic"),
        .target(
            name: "BraintrustScorers",
            dependencies: [
                "CScorerPlugin", "JSON", "Patterns", "PromptTemplates", "ScorerKit", "ScorerParameters",
            ],
            path: "Plugins/Braintrust"),
        .target(
            name: "JudgeScorers",
            dependencies: ["JSON", "Patterns", "PromptTemplates", "ScorerKit", "ScorerParameters", "Statistics"],
            path: "Plugins/Judge"),
        .target(
            name: "MathScorers", dependencies: ["CScorerPlugin", "ScorerKit", "ScorerParameters", "Statistics"],
            path: "Plugins/Math"),
        .target(
            name: "TextScorers", dependencies: ["CScorerPlugin", "Encodings", "JSON", "ScorerKit", "ScorerParameters"],
            path: "Plugins/Text"),

        // A model server that misbehaves on command, for tests and benchmarks.
        .target(
            name: "FakeModel",
            dependencies: [
                "JSON",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Tests/FakeModel"),
        .executableTarget(name: "fake-model", dependencies: ["FakeModel"], path: "Benchmarks/FakeModel"),

        // What a plugin's interface costs a row, in the process and in a worker.
        .executableTarget(
            name: "plugin-overhead", dependencies: ["CScorerPlugin", "ScorerHost", "ScoringCore"],
            path: "Benchmarks/PluginOverhead",
            exclude: ["plugin.c"]),

        // Scores with a worker that answers with anything.
        .executableTarget(
            name: "worker-fuzz", dependencies: ["CScorerPlugin", "Concurrency", "ScorerHost", "ScoringCore"],
            path: "Tests/WorkerFuzz",
            exclude: ["hostile_worker.c"]),

        // What several suites use.
        .target(name: "TestSupport", path: "Tests/TestSupport"),

        .testTarget(name: "EncodingsTests", dependencies: ["Encodings"]),
        .testTarget(
            name: "WebTests",
            dependencies: ["Encodings", "FakeModel", "Web", .product(name: "NIOHTTP1", package: "swift-nio")]),
        .testTarget(name: "HashingTests", dependencies: ["Hashing"]),
        .testTarget(name: "PatternsTests", dependencies: ["Patterns"]),
        .testTarget(name: "JinjaTemplatesTests", dependencies: ["JSON", "JinjaTemplates"]),
        .testTarget(name: "ScoringCoreTests", dependencies: ["ScoringCore", "TestSupport"]),
        .testTarget(name: "StatisticsTests", dependencies: ["JSON", "Statistics", "TestSupport"], exclude: ["Data"]),
        .testTarget(name: "RunsTests", dependencies: ["JSON", "Runs", "Statistics", "TestSupport"], exclude: ["Data"]),
        .testTarget(
            name: "ReportsTests", dependencies: ["CCompression", "JSON", "Reports", "Runs", "TestSupport"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON"]),
        .testTarget(
            name: "ScoringDefinitionsTests", dependencies: ["JSON", "ScoringCore", "ScoringDefinitions"]),
        .testTarget(name: "DatasetsTests", dependencies: ["CCompression", "Datasets", "ScoringCore", "TestSupport"]),
        .testTarget(
            name: "ScorerHostTests", dependencies: ["CScorerPlugin", "Concurrency", "ScorerHost", "ScoringCore"],
            exclude: ["Fixtures"]),
        .testTarget(
            name: "ScoringEngineTests",
            dependencies: [
                "Concurrency", "Datasets", "FakeModel", "Inference", "JSON", "ScorerHost", "ScoringCore",
                "ScoringDefinitions", "ScoringEngine", "Statistics", "TestSupport",
            ],
            exclude: ["Data"]),
        .testTarget(name: "StoreTests", dependencies: ["JSON", "Store", "TestSupport"]),
        .testTarget(
            name: "InferenceTests",
            dependencies: [
                "Encodings", "FakeModel", "Inference", "JSON", "Platform", "Store", "Web",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            exclude: ["Data"]),
        .testTarget(
            name: "JudgeTests",
            dependencies: ["CScorerPlugin", "JSON", "JudgeScorers", "Patterns", "PromptTemplates", "ScorerKit"]),
        .testTarget(
            name: "EvaluationTests",
            dependencies: [
                "CSubprocess", "Concurrency", "Datasets", "Evaluation", "FakeModel", "Inference", "JSON", "Platform",
                "ScorerHost", "ScoringCore", "ScoringEngine", "Store", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .testTarget(
            name: "AssayServerTests",
            dependencies: [
                "AssayServer", "Concurrency", "Datasets", "Evaluation", "FakeModel", "HuggingFace", "Inference", "JSON",
                "Reports", "Runs", "ScorerHost", "ScoringEngine", "Store", "TestSupport", "Web",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .testTarget(name: "ScorerKitTests", dependencies: ["CScorerPlugin", "ScorerKit"]),
        // Runs the executable and loads the plugins as they are built.
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "FakeModel", "JSON", "TestSupport", "assay",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            exclude: ["Data"]),
    ],
    cxxLanguageStandard: .cxx17
)

// Built by Tests/Fuzz/run.py alone, since they need libFuzzer.
if Context.environment["ASSAY_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
        .target(name: "FuzzDriver", dependencies: ["CLibFuzzer"], path: "Tests/Fuzz/Driver"),
        .executableTarget(
            name: "fuzz-readers",
            dependencies: [
                "Datasets", "FuzzDriver", "JSON", "JinjaTemplates", "Patterns", "PromptTemplates", "ScorerHost",
                "ScoringCore",
                "ScoringDefinitions",
            ],
            path: "Tests/Fuzz/Readers"),
        .executableTarget(
            name: "fuzz-scorers", dependencies: ["FuzzDriver", "JSON", "ScorerHost", "ScoringCore"],
            path: "Tests/Fuzz/Scorers"),
        .executableTarget(
            name: "fuzz-service",
            dependencies: [
                "AssayServer", "Datasets", "Evaluation", "FuzzDriver", "HuggingFace", "Inference", "JSON",
                "ScoringDefinitions", "ScoringEngine", "Web",
            ],
            path: "Tests/Fuzz/Service"),
    ]
}

// In .ci/nightly. UndefinedBehaviorSanitizer only knows C and C++; its runtime is part of AddressSanitizer's. The worker sets
// itself limits under which a sanitizer cannot start.
if Context.environment["ASSAY_SANITIZE"] != nil {
    let flags = ["-fsanitize=undefined", "-fno-sanitize=vptr", "-fno-sanitize-recover=undefined"]
    let compiled = ["CArrow", "CAssay", "CDistributions", "CSimdJSON", "CSubprocess", "CThreads", "CWorkerProtocol"]
    for target in package.targets where compiled.contains(target.name) {
        target.cSettings = (target.cSettings ?? []) + [.unsafeFlags(flags)]
        target.cxxSettings = (target.cxxSettings ?? []) + [.unsafeFlags(flags)]
    }
    for target in package.targets where target.name == "PluginWorker" {
        target.cSettings = [.unsafeFlags(["-fno-sanitize=all"])]
    }
}

// Built by .ci/nightly alone, under ThreadSanitizer.
if Context.environment["ASSAY_THREADS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "thread-check", dependencies: ["Concurrency", "JSON", "ScoringEngine"], path: "Tests/ThreadCheck"))
}

// What is installed has Swift's runtime in it. That is a matter of linking alone, so that nothing is compiled again. A plugin
// and the library show nothing but their entries, so that they meet no other's symbols.
if Context.environment["ASSAY_INSTALLATION"] != nil {
    // What Foundation's static library needs, which objects that were compiled for the shared one do not name.
    let parts = [
        "CoreFoundation", "_FoundationICU", "_FoundationCollections", "_FoundationCShims", "swiftSynchronization",
    ]
    let library = ["-z", "nodelete", "-z", "defs", "-soname=libassay.so"].flatMap { ["-Xlinker", $0] }
    func linkStatically(_ name: String, showing symbols: String, _ options: [String] = []) {
        let script = "--version-script=\(Context.packageDirectory)/\(symbols)"
        for target in package.targets where target.name == name {
            target.linkerSettings = [.unsafeFlags(["-static-stdlib", "-Xlinker", script] + options)]
        }
    }
    linkStatically("AssayLibrary", showing: "Installation/library.map", parts.map { "-l" + $0 } + library)
    for plugin in ["BasicScorers", "BraintrustScorers", "JudgeScorers", "MathScorers", "TextScorers"] {
        linkStatically(plugin, showing: "SDK/plugin.map")
    }
}

// The C library. Where nobody asks for it, it is compiled but not linked, which takes as long as for the program.
if Context.environment["ASSAY_EMBEDDING"] != nil {
    package.products.append(.library(name: "AssayLibrary", type: .dynamic, targets: ["AssayLibrary"]))
}

// One loop gives every Swift target the same settings.
for target in package.targets where ![.system, .plugin].contains(target.type) {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}

// A release build whose modules the tests can import with @testable. Optimising the tests themselves takes longer than it saves.
if Context.environment["ASSAY_TESTABLE"] != nil {
    for target in package.targets where ![.system, .plugin].contains(target.type) {
        target.swiftSettings?.append(.unsafeFlags([target.type == .test ? "-Onone" : "-enable-testing"]))
    }
}
