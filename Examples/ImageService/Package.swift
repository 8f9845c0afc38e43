// swift-tools-version: 6.2
import PackageDescription

// A repository with version tags; `Scripts/check-service` makes one of the last commit.
let repository = Context.environment["REFLINK_REPOSITORY"] ?? "https://example.org/swift-cp-reflink"

let package = Package(
  name: "ImageService",
  dependencies: [
    .package(url: repository, from: "1.0.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
  ],
  targets: [
    .executableTarget(
      name: "ImageService",
      dependencies: [
        .product(name: "Reflink", package: "swift-cp-reflink"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
