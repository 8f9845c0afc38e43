// swift-tools-version: 6.2
import PackageDescription

// The library as everybody else has it: a repository with version tags, not a directory
// beside this one. `Scripts/check-example` makes such a repository.
let repository = Context.environment["REFLINK_REPOSITORY"] ?? "https://example.org/swift-cp-reflink"

let package = Package(
  name: "backup",
  dependencies: [
    .package(url: repository, from: "1.0.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
  ],
  targets: [
    .executableTarget(
      name: "backup",
      dependencies: [
        .product(name: "Reflink", package: "swift-cp-reflink"),
        .product(name: "SystemPackage", package: "swift-system"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
