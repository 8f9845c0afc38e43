#if canImport(Darwin)
  import SystemPackage

  /// What a verb about entries asks for: one entry or, where that is a directory, a tree.
  struct CopyRequest: Sendable {
    /// What is copied where, opened at the call.
    enum Files: Sendable {
      case named(Location, Location)
      case openToName(Operand.OpenFile, Location)
      case open(Operand.OpenFile, Operand.OpenFile)
    }

    /// What became of it: as the account of one file, and of a tree.
    struct Outcome: Sendable {
      var file = CopyOutcome()
      var account = TreeOutcome()
    }

    let files: Files
    let options: CopyOptions
    let decide: EntryPolicy
    var parts = TreeParts()
    var isTree = false
    /// Entries are looked at, and nothing is made.
    var isCounting = false

    func expect(_ controller: CopyController?) {
      guard let controller, !isCounting, isTree else { return }
      guard let plan = parts.plan else { return controller.expectUnknown() }
      // One file tells its size itself.
      if plan.directories > 0 { controller.expect(bytes: plan.bytes, files: plan.files) }
    }

    func run(_ activity: Activity?) throws(ReflinkError) -> Outcome {
      var copy = TreeCopy(self, activity)
      switch files {
      case .named(let source, let destination):
        do throws(ReflinkError) {
          try copy.copy(source, to: destination)
        } catch {
          guard parts.onFailure.absorbs(error, in: &copy.outcome.account) else { throw error }
          parts.onFailure.tell(error)
        }
      case .openToName(let source, let destination): try copy.copy(source, to: destination)
      case .open(let source, let destination): try copy.copy(source, into: destination)
      }
      return copy.outcome
    }
  }

  extension CopyBasis {
    /// Throws: there are no clones to be written into.
    func checkOnDarwin(_ source: FilePath, _ destination: FilePath) throws(ReflinkError) {
      throw .unsupported(
        .prepare, "basedOn: clonefile(2) clones into no file that is there", source, destination)
    }
  }

  // MARK: - What each verb asks for

  extension CopyRequest {
    /// A copy of one file that is not a directory, by names.
    static func file(
      _ source: FilePath, _ destination: FilePath, _ options: CopyOptions, _ rule: ExistingRule,
      _ basis: CopyBasis? = nil
    ) throws(ReflinkError) -> CopyRequest {
      try basis?.checkOnDarwin(source, destination)
      let pair = try OperandPair(source, destination, options)
      return CopyRequest(
        files: .named(pair.source, pair.destination), options: options,
        decide: rule.decideOnFile(options))
    }

    /// A copy of the data of one open file.
    static func file(
      _ source: FileDescriptor, _ destination: FileDescriptor, _ options: CopyOptions
    ) throws(ReflinkError) -> CopyRequest {
      let paths = (Operand.OpenFile.path(of: source), Operand.OpenFile.path(of: destination))
      try options.checkOnDarwin(paths.0, paths.1)
      guard options.cloning != .required else {
        throw .unsupported(
          .clone, "clonefile(2) makes a new file, and clones into none that is open", paths.0,
          paths.1)
      }
      return CopyRequest(
        files: .open(
          try Operand.OpenFile(source, .source), try Operand.OpenFile(destination, .destination)),
        options: options, decide: ExistingRule.replace.decideOnFile(options))
    }

    /// A copy of an entry and, where that is a directory, of all that is in it.
    static func tree(
      _ source: FilePath, _ destination: FilePath, _ options: CopyOptions, _ rule: ExistingRule,
      _ parts: TreeParts, _ basis: CopyBasis? = nil
    ) throws(ReflinkError) -> CopyRequest {
      try basis?.checkOnDarwin(source, destination)
      let pair = try OperandPair(source, destination, options)
      return CopyRequest(
        files: .named(pair.source, pair.destination), options: options,
        decide: rule.decide(options), parts: parts, isTree: true)
    }

    /// A copy of what is in an open directory.
    static func tree(
      _ source: FileDescriptor, _ destination: FileDescriptor, _ options: CopyOptions,
      _ rule: ExistingRule, _ parts: TreeParts
    ) throws(ReflinkError) -> CopyRequest {
      let from = try Operand.OpenFile(source, .source)
      let to = try Operand.OpenFile(destination, .destination)
      try options.checkOnDarwin(from.path, to.path)
      return CopyRequest(
        files: .named(
          Location(".", in: from.descriptor, path: from.path),
          Location(".", in: to.descriptor, path: to.path)),
        options: options, decide: rule.decideInOpenDirectory(options), parts: parts, isTree: true)
    }

    /// The counting of what a copy would copy. The source stands for both sides.
    static func counting(
      _ source: FilePath, _ options: CopyOptions, _ filter: EntryFilter, _ onFailure: FailureRule
    ) throws(ReflinkError) -> CopyRequest {
      do throws(Errno) {
        let location = try Location(resolving: source)
        return CopyRequest(
          files: .named(location, location), options: options, decide: { _ in .create },
          parts: TreeParts(filter: filter, onFailure: onFailure), isTree: true, isCounting: true)
      } catch {
        throw error.during(.examine(.source), source)
      }
    }

    /// A clone of an open file.
    static func snapshot(
      _ source: FileDescriptor, _ name: FilePath, _ preserving: SnapshotPreservation
    ) throws(ReflinkError) -> CopyRequest {
      let file = try Operand.OpenFile(source, .source)
      let options = CopyOptions.snapshot(preserving)
      try options.checkOnDarwin(file.path, name)
      do throws(Errno) {
        return CopyRequest(
          files: .openToName(file, try Location(resolving: name)), options: options,
          decide: decideOnSnapshotOfFile)
      } catch {
        throw error.during(.createFile, file.path, name)
      }
    }
  }

  /// The two locations of a copy.
  struct OperandPair: Sendable {
    let source: Location
    let destination: Location

    /// - Parameter here: What relative paths begin at; without one, the current directory.
    init(
      _ source: FilePath, _ destination: FilePath, _ options: CopyOptions,
      from here: Descriptor? = nil
    ) throws(ReflinkError) {
      try options.checkOnDarwin(source, destination)
      do throws(Errno) {
        self.source = try Location(resolving: source, from: here)
      } catch {
        throw error.during(.examine(.source), source, destination)
      }
      do throws(Errno) {
        self.destination = try Location(resolving: destination, from: here)
      } catch {
        throw error.during(.examine(.destination), source, destination)
      }
    }

    /// Of a snapshot.
    static func snapshot(
      _ source: FilePath, _ name: FilePath, _ preserving: SnapshotPreservation
    ) throws(ReflinkError) -> OperandPair {
      try OperandPair(source, name, .snapshot(preserving))
    }
  }

  /// What a batch needs of its caller: its options, checked, and the current directory.
  struct BatchRequest: Sendable {
    let pairs: [(source: FilePath, destination: FilePath)]
    let options: CopyOptions
    let rule: ExistingRule
    let parts: TreeParts
    let here: Descriptor

    init(
      _ pairs: [(source: FilePath, destination: FilePath)], _ options: CopyOptions,
      _ rule: ExistingRule, _ parts: TreeParts
    ) throws(ReflinkError) {
      let first = pairs.first ?? ("", "")
      try options.checkOnDarwin(first.source, first.destination)
      self.pairs = pairs
      self.options = options
      self.rule = rule
      self.parts = parts
      do throws(Errno) {
        here = try .current()
      } catch {
        throw error.during(.prepare, first.source)
      }
    }

    func begin(_ activity: Activity?) -> BatchCopy {
      BatchCopy(request: self, activity: activity)
    }
  }

  /// Many files, one after the other.
  struct BatchCopy: Operation {
    let request: BatchRequest
    let activity: Activity?

    func run() throws(ReflinkError) -> TreeOutcome {
      var account = TreeOutcome()
      for (source, destination) in request.pairs {
        do throws(ReflinkError) {
          let pair = try OperandPair(source, destination, request.options, from: request.here)
          let one = CopyRequest(
            files: .named(pair.source, pair.destination), options: request.options,
            decide: request.rule.decideOnFile(request.options),
            parts: TreeParts(listener: request.parts.listener))
          account.add(try one.run(activity).account)
        } catch {
          guard request.parts.onFailure.absorbs(error, in: &account) else { throw error }
          request.parts.onFailure.tell(error)
        }
      }
      return account
    }
  }
#endif
