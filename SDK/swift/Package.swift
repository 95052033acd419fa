// swift-tools-version: 6.1
import PackageDescription

// What plugins in Swift need, as a package of its own: the plugin header and ScorerKit, in source.
let package = Package(
    name: "ScorerKit",
    products: [.library(name: "ScorerKit", targets: ["ScorerKit", "CScorerPlugin"])],
    targets: [
        .target(name: "CScorerPlugin"),
        .target(
            name: "ScorerKit", dependencies: ["CScorerPlugin"],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
    ]
)
