// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "two-question-judge",
    products: [.library(name: "plugin", type: .dynamic, targets: ["TwoQuestionJudge"])],
    dependencies: [.package(name: "ScorerKit", path: "../../../SDK/swift")],
    targets: [
        .target(
            name: "TwoQuestionJudge", dependencies: [.product(name: "ScorerKit", package: "ScorerKit")],
            // The plugin brings the Swift runtime, so it also runs where there is none.
            linkerSettings: [.unsafeFlags(["-static-stdlib"])])
    ]
)
