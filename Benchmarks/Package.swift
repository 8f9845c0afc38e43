// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that whoever depends on the library never resolves its peers.
let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "swift-cp-reflink", path: ".."),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
  ],
  targets: [
    .executableTarget(
      name: "Benchmark",
      dependencies: [
        .product(name: "Reflink", package: "swift-cp-reflink"),
        .product(name: "_NIOFileSystem", package: "swift-nio"),
        .product(name: "SystemPackage", package: "swift-system"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
