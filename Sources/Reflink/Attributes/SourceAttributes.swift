import SystemPackage

/// Extended attributes of a source, listed before its copy is made: an access control list
/// decides how narrow the copy must be from the start.
struct SourceAttributes: Sendable {
  private(set) var names: [AttributeName] = []
  /// Why they could not be listed. The access control lists were asked for by name then.
  private(set) var failure: SystemError?

  /// Nothing is asked where nothing of it is preserved.
  static let none = SourceAttributes()

  private init() {}

  /// Almost every file has none, which flistxattr(2) tells by one call. Of a reference only /proc
  /// tells; where that is missing, `location` does.
  init(
    listing source: borrowing Descriptor, _ type: FileType, at location: Location? = nil,
    for preserving: CopyOptions.Preservation
  ) {
    guard preserving.mode || preserving.extendedAttributes != .ignore else { return }
    do throws(SystemError) {
      names = try source.attributeNames()
    } catch {
      if error.errno == .notSupported {
        // Lists may be there nevertheless, and are asked for by name.
        names = [.accessACL, .defaultACL].filter { source.mayHave($0) }
        return
      }
      // Without /proc nothing is known of what is not opened; a link has no such lists.
      if error.errno == .noSuchFileOrDirectory {
        if type == .symbolicLink { return }
        if let location, Self.areNone(of: source, at: location) { return }
      }
      // A list over 64 KiB (XFS: E2BIG) hides what is nevertheless there.
      failure = error
      names = [.accessACL, .defaultACL, .capability].filter { source.mayHave($0) }
    }
  }

  /// Whether the source is known to have nothing but its mode.
  var areNone: Bool { names.isEmpty && failure == nil }

  private static func areNone(of source: borrowing Descriptor, at location: Location) -> Bool {
    guard let there = try? location.status(), let identity = try? source.status().identity,
      there.identity == identity,
      let has = try? location.directory.descriptor.hasAttributes(location.name)
    else { return false }
    return !has
  }

  /// Without what writing into a file takes away.
  var withoutCapability: SourceAttributes {
    var others = self
    others.names.removeAll { $0 == .capability }
    return others
  }

  func contains(_ name: AttributeName) -> Bool {
    names.contains(name)
  }

  /// Attributes whose bytes alone are copied; see `AttributeName.isCopiedVerbatim`.
  var copiedVerbatim: [AttributeName] {
    // Of what could not be listed only the names asked for are known.
    names.filter(\.isCopiedVerbatim)
  }
}

extension Descriptor {
  /// Whether the file has an attribute, or may have one that cannot be read.
  fileprivate func mayHave(_ name: AttributeName) -> Bool {
    do throws(SystemError) {
      _ = try attribute(name)
      return true
    } catch {
      return error.errno != .noData && error.errno != .notSupported
    }
  }
}

extension AttributeName {
  /// Whether the value can be copied as it is. Not so for access control
  /// lists (part of the mode), capabilities (after the mode), labels and hashes
  /// that the system makes for each file itself.
  var isCopiedVerbatim: Bool {
    switch text {
    case "system.posix_acl_access", "system.posix_acl_default", "security.capability",
      "security.selinux", "security.evm", "security.ima", "system.nfs4_acl",
      // XFS shows its access control lists a second time.
      "trusted.SGI_ACL_FILE", "trusted.SGI_ACL_DEFAULT":
      false
    default: true
    }
  }
}
