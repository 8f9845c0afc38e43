import SystemPackage

/// The source of an entry: a status, and the open file that this very status is of. Decisions
/// and attributes come from here alone, never from an earlier look at the name.
struct SourceEntry: ~Copyable {
  let status: FileStatus
  /// Open for reading, or a reference (O_PATH) for what is only described; nil after a mere
  /// look at the name.
  var descriptor: Descriptor?
}

/// How a source is opened.
enum SourceAccess {
  /// Its data is read.
  case data
  /// It is only described, or linked.
  case reference
  /// Directories are opened after their copy was made.
  case notYet
}

extension EntryCopier {
  /// A first look at a source: at the open file where the directory's record told that it is
  /// one to be opened, else at the name.
  func look(
    _ source: Location, hint: FileType, follow: Bool, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> SourceLook {
    let access = access(for: hint)
    if hint != .unknown, !(follow && hint == .symbolicLink), access != .notYet {
      do throws(SystemError) {
        return try open(source, access, follow: follow, turn)
      } catch {
        // The record was of another file: a link, a socket. Or it may not be read, which matters
        // only if it is to be. The name tells what is there now.
        if error.errno == .canceled { throw error.during(.open(.source), source.path) }
      }
    }
    do throws(SystemError) {
      return .seen(SourceEntry(status: try source.status(follow: follow), descriptor: nil))
    } catch {
      throw error.during(.examine(.source), source.path)
    }
  }

  /// A source that was looked at, or one that cannot be opened yet.
  enum SourceLook: ~Copyable {
    case seen(SourceEntry)
    case blocked(Wait)
  }

  func access(for type: FileType) -> SourceAccess {
    if type == .directory || type == .unknown { return .notYet }
    // A link to the path alone.
    if options.product == .symbolicLinks { return .notYet }
    if options.product == .hardLinks { return .reference }
    return readsContents(of: type) ? .data : .reference
  }

  /// Opens a source, and describes what was opened.
  func open(
    _ source: Location, _ access: SourceAccess, follow: Bool, _ turn: WorkerTurn?
  ) throws(SystemError) -> SourceLook {
    // Never waiting for a FIFO's writer: reading it waits, where that is asked for.
    var flags: OpenFlags = access == .reference ? .reference : .nonBlocking
    if !follow { flags.insert(.noFollow) }
    while true {
      do throws(SystemError) {
        let file = try source.open(flags)
        return .seen(SourceEntry(status: try file.status(), descriptor: file))
      } catch {
        // Somebody holds a lease of the file (fcntl(2), F_SETLEASE), and gives it back soon.
        guard error.errno == .resourceTemporarilyUnavailable,
          try source.status(follow: follow).type == .regular
        else { throw error }
        let wait = Wait(atMost: Self.openingInterval)
        if activity?.isCancelled ?? false { throw SystemError(call: .open, errno: .canceled) }
        if turn != nil { return .blocked(wait) }
        sleep(for: wait)
      }
    }
  }

  /// After which a file that could not be opened without waiting is tried again.
  static var openingInterval: Duration { .milliseconds(20) }

  private func readsContents(of type: FileType) -> Bool {
    switch type {
    case .regular: true
    case .directory, .symbolicLink: false
    default: options.specialFiles == .readContents
    }
  }
}
