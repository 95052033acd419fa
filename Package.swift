// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "assay",
    products: [
        .executable(name: "assay", targets: ["assay"]),
        .library(name: "ScoringEngine", targets: ["ScoringEngine"]),
        .library(name: "ScorerKit", targets: ["ScorerKit"]),
        .library(name: "basic", type: .dynamic, targets: ["BasicScorers"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // The system libraries, and C faces of them.
        .systemLibrary(
            name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CCompression", providers: [.apt(["zlib1g-dev", "libzstd-dev"])]),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CScorerPlugin"),

        // The engine, from the bottom up.
        .target(name: "ScoringCore"),
        .target(name: "JSON", dependencies: ["CSimdJSON"]),
        .target(name: "Patterns", dependencies: ["CPCRE2"]),
        .target(name: "ScoringDefinitions", dependencies: ["JSON", "ScoringCore"]),
        .target(name: "ScorerHost", dependencies: ["CScorerPlugin", "CSimdJSON", "ScoringCore"]),
        .target(name: "Datasets", dependencies: ["CCompression", "CSimdJSON", "JSON", "ScoringCore"]),
        .target(
            name: "ScoringEngine",
            dependencies: [
                "CScorerPlugin", "CSimdJSON", "Datasets", "JSON", "ScorerHost", "ScoringCore", "ScoringDefinitions",
            ]),
        .executableTarget(
            name: "assay",
            dependencies: [
                "Datasets", "JSON", "ScorerHost", "ScoringCore", "ScoringDefinitions", "ScoringEngine",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Scorer plugins: shared objects that know the engine by the ABI alone.
        .target(name: "ScorerKit", dependencies: ["CScorerPlugin"]),
        .target(
            name: "BasicScorers", dependencies: ["JSON", "Patterns", "ScorerKit"], path: "Plugins/Basic"),

        .testTarget(name: "PatternsTests", dependencies: ["Patterns"]),
        .testTarget(name: "ScoringCoreTests", dependencies: ["ScoringCore"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON"]),
        .testTarget(
            name: "ScoringDefinitionsTests", dependencies: ["JSON", "ScoringCore", "ScoringDefinitions"]),
        .testTarget(name: "DatasetsTests", dependencies: ["CCompression", "Datasets", "ScoringCore"]),
        .testTarget(
            name: "ScorerHostTests", dependencies: ["CScorerPlugin", "ScorerHost", "ScoringCore"], exclude: ["Fixtures"]
        ),
        .testTarget(
            name: "ScoringEngineTests",
            dependencies: [
                "Datasets", "JSON", "ScorerHost", "ScoringCore", "ScoringDefinitions", "ScoringEngine",
            ],
            exclude: ["Data"]),
        .testTarget(name: "ScorerKitTests", dependencies: ["CScorerPlugin", "ScorerKit"]),
        // Runs the executable and loads the plugin as they are built.
        .testTarget(name: "CommandLineTests", dependencies: ["assay"]),
    ],
    cxxLanguageStandard: .cxx17
)

// One loop gives every Swift target the same settings.
for target in package.targets where ![.system, .plugin].contains(target.type) {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
