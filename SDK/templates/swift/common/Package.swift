// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "@NAME@",
    products: [.library(name: "plugin", type: .dynamic, targets: ["Scorer"])],
    dependencies: [.package(path: "ScorerKit")],
    targets: [
        .target(
            name: "Scorer", dependencies: [.product(name: "ScorerKit", package: "ScorerKit")],
            // The plugin brings the Swift runtime, so it also runs where there is none.
            linkerSettings: [.unsafeFlags(["-static-stdlib"])])
    ]
)
