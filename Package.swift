// swift-tools-version: 6.2
import Foundation
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  // Names read from a directory are borrowed from its buffer, never copied.
  .enableExperimentalFeature("Lifetimes"),
]

// Tests of the optimised library are linked with the command, and not static. REFLINK_DYNAMIC=1
// gives a dynamic command, for fakeroot and whatever else is preloaded; see Scripts/install.
let isStatic =
  Context.environment["REFLINK_OPTIMISED_TESTS"] == nil
  && Context.environment["REFLINK_DYNAMIC"] == nil

// What runs at the start, for the linker to put side by side; see Scripts/order-symbols.
let order = "\(Context.packageDirectory)/Scripts/symbols.order"
var linkerFlags = [
  // The dynamic loader takes longer than the clone of a small file.
  "-static-executable", "-use-ld=lld", "-Xlinker", "-s",
  // Functions with the same code are one; nothing here compares their addresses.
  "-Xlinker", "--icf=all",
  // Strings that end another one are a part of it.
  "-Xlinker", "-O2",
  "-Xlinker", "--no-eh-frame-hdr", "-Xlinker",
  "-T\(Context.packageDirectory)/Scripts/without-unwinding.lds",
]
if FileManager.default.fileExists(atPath: order) {
  linkerFlags += [
    "-Xlinker", "--symbol-ordering-file=\(order)", "-Xlinker", "--no-warn-symbol-ordering",
  ]
}

// Fuzz targets in place of the command: Scripts/fuzz. libFuzzer brings their main().
let isFuzzing = Context.environment["REFLINK_FUZZ"] != nil
let fuzzFlags = ["-parse-as-library", "-sanitize=fuzzer,address"]

// On macOS: the library alone, by clonefile(2) and fcopyfile(3). The variable says which of the two
// packages is meant where the host does not: to build for Linux on macOS, and to look at the other
// one on Linux (Scripts/check-darwin).
#if os(macOS)
  let isDarwin = Context.environment["REFLINK_PLATFORM"] != "linux"
#else
  let isDarwin = Context.environment["REFLINK_PLATFORM"] == "darwin"
#endif
let darwinSources = [
  "Darwin", "Errors", "Options", "Verbs",
  "Entries/Decision.swift", "Entries/EntryOutcome.swift", "Entries/FileAge.swift",
  "Changes/ChangedRanges.swift", "Changes/DeduplicationOutcome.swift", "Earlier/CopyBasis.swift",
  "Inspection/ExtentMap.swift", "Inspection/ProbeReport.swift", "Inspection/SharingReport.swift",
  "Operations/RequestParts.swift", "Operations/RunningCopy.swift",
  "Scheduling/Activity.swift", "Scheduling/CopyController.swift",
  "Scheduling/CopyProgress.swift", "Scheduling/Interruption.swift",
  "Snapshots/SnapshotOptions.swift", "Snapshots/SnapshotRules.swift",
  "System/FileStatus.swift", "System/Saturating.swift", "System/SystemError.swift",
  "Transfer/CopyOutcome.swift", "Transfer/CopyOutcome+Description.swift",
  "Trees/EntryFilter.swift", "Trees/TreeOutcome.swift", "Trees/TreeOutcome+Description.swift",
  "Trees/TreePlan.swift",
]

let package = Package(
  name: "swift-cp-reflink",
  products: [
    .library(name: "Reflink", targets: ["Reflink"]),
    // URLs, dates and localized errors, for those who use Foundation anyway.
    .library(name: "ReflinkFoundation", targets: ["ReflinkFoundation"]),
    .executable(name: "swift-cp-reflink", targets: ["swift-cp-reflink"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    // Tests and documentation only; no product of this package links them.
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
  ],
  targets: [
    .target(name: "CReflink"),
    .target(
      name: "Reflink",
      dependencies: ["CReflink", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: swiftSettings),
    .target(
      name: "ReflinkFoundation", dependencies: ["Reflink"],
      swiftSettings: swiftSettings),
    .target(
      name: "CCommand",
      cSettings: isStatic
        ? [.define("CCOMMAND_STATIC", .when(platforms: [.linux], configuration: .release))] : []),
    .executableTarget(
      name: "swift-cp-reflink",
      dependencies: [
        "CCommand", "CReflink", "Reflink", .product(name: "SystemPackage", package: "swift-system"),
      ],
      // What it does by itself is little beside the library, and done once.
      swiftSettings: swiftSettings
        + (isStatic
          ? [.unsafeFlags(["-Osize"], .when(platforms: [.linux], configuration: .release))] : []),
      linkerSettings: isStatic
        ? [.unsafeFlags(linkerFlags, .when(platforms: [.linux], configuration: .release))] : []),
    .target(name: "CTestSupport", path: "Tests/CTestSupport"),
    .target(
      name: "TestSupport",
      dependencies: [
        "CReflink", "CTestSupport", .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/TestSupport"),
    .testTarget(
      name: "ReflinkTests",
      dependencies: [
        "Reflink", "ReflinkFoundation", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "swift-cp-reflink", "Reflink", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)

if isFuzzing {
  package.products.removeAll { $0.name == "swift-cp-reflink" }
  package.targets.removeAll { $0.name == "swift-cp-reflink" || $0.isTest }
  for target in package.targets where target.name == "Reflink" || target.name == "CReflink" {
    target.swiftSettings =
      swiftSettings + [.unsafeFlags(["-sanitize=fuzzer,address", "-enable-testing"])]
  }
  for target in package.targets where target.name == "CCommand" {
    target.cSettings = [.define("CCOMMAND_FUZZ")]
  }
  package.targets.append(
    .executableTarget(
      name: "reflink-fuzz",
      dependencies: [
        "CCommand", "CReflink", "Reflink", .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: ".", exclude: ["Sources/swift-cp-reflink/main.swift", "Tests/Fuzz/Seeds"],
      sources: ["Sources/swift-cp-reflink", "Tests/Fuzz"],
      swiftSettings: swiftSettings + [.unsafeFlags(fuzzFlags + ["-Xcc", "-DCCOMMAND_FUZZ"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]))
}

// What is tried of the library in the guest of Scripts/vm-test, which has no Swift.
if Context.environment["REFLINK_GUEST"] != nil {
  package.targets.append(
    .executableTarget(
      name: "library-checks",
      dependencies: ["Reflink", .product(name: "SystemPackage", package: "swift-system")],
      path: "Tests/LibraryChecks", swiftSettings: swiftSettings,
      linkerSettings: [.unsafeFlags(["-static-executable"])]))
}

if isDarwin {
  // Of Synchronization's Mutex.
  package.platforms = [.macOS(.v15)]
  package.products.removeAll { $0.name == "swift-cp-reflink" }
  package.targets.removeAll { !$0.name.hasPrefix("Reflink") || $0.isTest }
  for target in package.targets where target.name == "Reflink" {
    target.dependencies = [.product(name: "SystemPackage", package: "swift-system")]
    target.sources = darwinSources
  }
}
