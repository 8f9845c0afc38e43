#if canImport(Darwin)
  import SystemPackage

  // What macOS has no call for. It is refused before anything is made, and named.

  extension ReflinkError {
    /// That something is not there on macOS.
    static func unsupported(
      _ operation: Operation, _ what: String, _ source: FilePath, _ destination: FilePath? = nil
    ) -> ReflinkError {
      ReflinkError(
        code: .notSupported(.notSupported), operation: operation, source: source,
        destination: destination, errno: .notSupported, reason: "\(what) (macOS)")
    }
  }

  extension CopyOptions {
    /// Throws where options exclude each other, or promise what cannot be kept here.
    func checkOnDarwin(_ source: FilePath, _ destination: FilePath) throws(ReflinkError) {
      try check(source, destination)
      guard let unsupported else { return }
      throw .unsupported(.prepare, unsupported, source, destination)
    }

    /// The first option that cannot be kept, and why.
    private var unsupported: String? {
      if slices != .whole { return "slices: clonefile(2) clones a file whole" }
      if holes == .detect { return "holes: runs of zeros are not looked for" }
      if specialFiles == .readContents { return "specialFiles: their contents are not read" }
      if durability != .none { return "durability: nothing is written out" }
      if sourceChanges == .refused { return "sourceChanges: a change is told, not mended" }
      if replacedAttributes == .kept { return "replacedAttributes: a new file has its own" }
      if pace.priority != .normal { return "pace: there are no threads that stand back" }
      if pace.bytesPerSecond != nil { return "pace: fcopyfile(3) keeps to no rate" }
      if cloning == .required, !isKeptByClone {
        return "preserving: clonefile(2) keeps permissions, times and extended attributes"
      }
      return nil
    }

    /// Whether all that clonefile(2) keeps of its source is wanted.
    var isKeptByClone: Bool {
      preserving.mode && preserving.times && preserving.extendedAttributes != .ignore
    }
  }

  /// A file that a caller named, or holds open, and that is not opened: no call here wants it.
  struct Operand: Sendable {
    let path: FilePath

    init(_ path: FilePath, _: ReflinkError.Side = .source) throws(ReflinkError) {
      self.path = path
    }

    init(_ file: FileDescriptor, _: ReflinkError.Side = .source) throws(ReflinkError) {
      path = OpenFile.path(of: file)
    }

    /// Another descriptor of what the caller holds open.
    struct OpenFile: Sendable {
      let descriptor: Descriptor
      let path: FilePath

      init(_ file: FileDescriptor, _ side: ReflinkError.Side) throws(ReflinkError) {
        path = Self.path(of: file)
        do throws(Errno) {
          descriptor = try Descriptor(duplicating: file.rawValue)
        } catch {
          throw error.during(.open(side), path)
        }
      }

      /// As it is told in errors.
      static func path(of file: FileDescriptor) -> FilePath {
        FilePath("descriptor \(file.rawValue)")
      }
    }
  }

  /// FIEMAP.
  struct ExtentScan: Operation {
    let file: Operand

    init(_ file: Operand, _: Activity?) throws(ReflinkError) { self.file = file }

    func run() throws(ReflinkError) -> ExtentMap {
      throw .unsupported(.inspect, "extents: nothing tells where data lies", file.path)
    }
  }

  /// Two of them, compared.
  struct SharingScan: Operation {
    let files: (Operand, Operand)

    init(_ first: Operand, _ second: Operand, _: Activity?) throws(ReflinkError) {
      files = (first, second)
    }

    func run() throws(ReflinkError) -> SharingReport {
      throw .unsupported(
        .inspect, "sharing: nothing tells where data lies", files.0.path, files.1.path)
    }
  }

  /// The maps of a file and of an earlier clone.
  struct ChangeScan: Operation {
    let files: (Operand, Operand)

    init(of file: Operand, since snapshot: Operand, _: Activity?) throws(ReflinkError) {
      files = (file, snapshot)
    }

    func run() throws(ReflinkError) -> ChangedRanges {
      throw .unsupported(
        .inspect, "changedRanges: nothing tells where data lies", files.0.path, files.1.path)
    }
  }

  /// FIDEDUPERANGE.
  struct Deduplication: Operation {
    let files: (Operand, Operand)

    init(_ file: Operand, with source: Operand, _: Activity?) throws(ReflinkError) {
      files = (source, file)
    }

    func run() throws(ReflinkError) -> DeduplicationOutcome {
      throw .unsupported(
        .deduplicate, "deduplicate: nothing shares what is there", files.0.path, files.1.path)
    }
  }

  /// A clone of a part into a file without a name.
  struct ProbeTrial: Operation {
    let files: (Operand, Operand)

    init(_ source: Operand, _ directory: Operand, _: Activity?) { files = (source, directory) }

    func run() throws(ReflinkError) -> ProbeReport {
      throw .unsupported(
        .inspect, "probe: there are no files without a name to try it with", files.0.path,
        files.1.path)
    }
  }

  /// FICLONERANGE, copy_file_range(2).
  struct RangeCopy: Operation {
    let files: (Operand, Operand)

    init(
      from source: Operand, _: Range<Int64>, to destination: Operand, at _: Int64,
      _: CopyOptions.Cloning, _: Activity?
    ) throws(ReflinkError) {
      files = (source, destination)
    }

    func run() throws(ReflinkError) -> CopyOutcome {
      throw .unsupported(
        .prepare, "ranges: clonefile(2) and copyfile(3) take files whole", files.0.path,
        files.1.path)
    }
  }

  /// Leftovers are told from what is being made by locks, which no copy takes here.
  struct LeftoverSweep: Operation {
    let directory: OwnedName

    init(
      _ directory: OwnedName, recursively _: Bool, removes _: Bool, _: Activity?
    ) throws(ReflinkError) {
      self.directory = directory
    }

    func run() throws(ReflinkError) -> [FilePath] {
      throw .unsupported(
        .readDirectory, "leftovers: what is being made is not locked", directory.path)
    }
  }

  /// A snapshot that a file system makes by itself.
  struct FileSystemSnapshot: Operation {
    private let paths: (FilePath, FilePath)
    private let method: SnapshotMethod

    init(
      _ source: Location, _ destination: Location, _: SnapshotPreservation,
      _ method: SnapshotMethod, _: Activity?
    ) {
      paths = (source.path, destination.path)
      self.method = method
    }

    /// False: by clones.
    func run() throws(ReflinkError) -> Bool {
      if method == .clones { return false }
      throw .unsupported(.snapshot, "method: there are no subvolumes", paths.0, paths.1)
    }
  }

  /// Several files that are cloned at one moment. There is none, and so nothing to clone.
  struct FileGroup {
    init(
      _ sources: [FilePath], _ names: [FilePath], _: SnapshotPreservation, _: Activity?
    ) throws(ReflinkError) {
      throw .unsupported(
        .snapshot, "snapshots of several files: clonefile(2) makes none without a name",
        sources.first ?? "", names.first)
    }

    func snapshot(
      _: (@Sendable () async -> Void) async throws -> Void
    ) async throws -> [CopyOutcome] { [] }

    func snapshotBlocking(_: (() -> Void) throws -> Void) throws -> [CopyOutcome] { [] }
  }
#endif
