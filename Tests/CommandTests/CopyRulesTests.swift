import CReflink
import Testing

@testable import Reflink
@testable import swift_cp_reflink

/// cp's decisions as a table: facts and rules in, an action out. No file is touched.
@Suite struct CopyRulesTests {
  private enum File {
    case file(UInt64)
    case directory(UInt64)
    case link(UInt64)

    var status: FileStatus {
      var raw = creflink_status()
      raw.device = 1
      raw.links = 1
      switch self {
      case .file(let inode): (raw.inode, raw.mode) = (inode, 0o100644)
      case .directory(let inode): (raw.inode, raw.mode) = (inode, 0o040755)
      case .link(let inode): (raw.inode, raw.mode) = (inode, 0o120777)
      }
      return FileStatus(raw)
    }
  }

  private func facts(
    _ source: File, over link: File? = nil, to target: File? = nil,
    _ change: (inout EntryFacts, inout EntryFacts.Existing) -> Void = { _, _ in }
  ) -> EntryFacts {
    var entry = EntryFacts(source: source.status, destination: .unseen, isOperand: true)
    guard let link else { return entry }
    var existing = EntryFacts.Existing(link: link.status, target: (target ?? link).status)
    if case .link = link, target == nil { existing.target = nil }
    change(&entry, &existing)
    entry.destination = .exists(existing)
    return entry
  }

  private func rules(_ change: (inout CopyRules) -> Void = { _ in }) -> CopyRules {
    var rules = CopyRules()
    change(&rules)
    return rules
  }

  @Test func whatIsNotThereIsMade() {
    #expect(rules().decide(facts(.file(1))) == .create)
    #expect(rules().decide(facts(.directory(1))) == .refuse(.directoryOmitted))
    #expect(rules { $0.recursive = true }.decide(facts(.directory(1))) == .create)
  }

  @Test func aFileOverAFile() {
    let pair = facts(.file(1), over: .file(2))
    #expect(rules().decide(pair) == .overwrite(orReplace: false))
    #expect(rules { $0.force = true }.decide(pair) == .overwrite(orReplace: true))
    #expect(rules { $0.removesDestination = true }.decide(pair) == .replace)
    #expect(rules { $0.backups = .numbered }.decide(pair) == .backUp(.numbered))
    #expect(rules { $0.update = .none }.decide(pair) == .skip)
    #expect(rules { $0.update = .noneFail }.decide(pair) == .refuse(.notReplaced))
    #expect(rules { $0.product = .hardLinks }.decide(pair) == .create)
    #expect(
      rules {
        $0.product = .symbolicLinks; $0.force = true
      }.decide(pair) == .replace)
  }

  @Test func aQuestionIsAskedOnce() {
    let rules = rules { $0.asks = true }
    #expect(rules.decide(facts(.file(1), over: .file(2))) == .ask)
    let confirmed = facts(.file(1), over: .file(2)) { entry, _ in entry.isConfirmed = true }
    #expect(rules.decide(confirmed) == .overwrite(orReplace: false))
  }

  @Test(arguments: [(1, 0, true), (0, 1, false), (0, 0, false)])
  func onlyWhatIsNewerUpdates(_ source: Int64, _ there: Int64, _ copies: Bool) {
    let pair = facts(.file(1), over: .file(2)) { entry, existing in
      entry.source.modified = FileStatus.Time(seconds: source, nanoseconds: 5)
      existing.link.modified = FileStatus.Time(seconds: there, nanoseconds: 5)
      existing.target?.modified = existing.link.modified
    }
    let action = rules { $0.update = .older }.decide(pair)
    #expect(action == (copies ? .overwrite(orReplace: false) : .leave))
  }

  @Test func directoriesAndFilesDoNotReplaceEachOther() {
    let recursive = rules { $0.recursive = true }
    #expect(recursive.decide(facts(.directory(1), over: .file(2))) == .refuse(.directoryOverFile))
    #expect(recursive.decide(facts(.file(1), over: .directory(2))) == .refuse(.fileOverDirectory))
    #expect(
      recursive.decide(facts(.directory(1), over: .directory(2))) == .overwrite(orReplace: false))
    let linked = facts(.directory(1), over: .link(2), to: .directory(3))
    #expect(recursive.decide(linked) == .refuse(.directoryOverFile))
    let keeping = rules {
      $0.recursive = true; $0.keepsDirectoryLinks = true
    }
    #expect(keeping.decide(linked) == .overwrite(orReplace: false))
  }

  @Test func danglingLinksAreNotWrittenThrough() {
    let dangling = facts(.file(1), over: .link(2))
    #expect(rules().decide(dangling) == .refuse(.danglingLink))
    let posix = rules { $0.writesThroughDanglingLinks = true }
    #expect(posix.decide(dangling) == .createThroughLink)
    let loop = facts(.file(1), over: .link(2)) { _, existing in existing.isLoop = true }
    #expect(rules { $0.force = true }.decide(loop) == .replace)
  }

  @Test func whatThisCopyMadeIsNotOverwritten() {
    let made = facts(.file(1), over: .file(2)) { _, existing in existing.wasMadeHere = true }
    #expect(rules { $0.removesDestination = true }.decide(made) == .refuse(.justCreated))
    #expect(rules { $0.backups = .numbered }.decide(made) == .backUp(.numbered))
    let through = facts(.file(1), over: .link(2), to: .file(3)) { _, existing in
      existing.wasMadeHere = true
    }
    #expect(rules().decide(through) == .refuse(.throughJustCreatedLink))
  }

  /// The same-file matrix, by how the two names stand to each other.
  @Test func oneFile() {
    let oneName = facts(.file(1), over: .file(1)) { entry, existing in
      existing.sourceLink = entry.source
      existing.isSourcesName = true
    }
    let twoNames = facts(.file(1), over: .file(1)) { entry, existing in
      existing.sourceLink = entry.source
    }
    let throughLink = facts(.file(1), over: .link(2), to: .file(1)) { entry, existing in
      existing.sourceLink = entry.source
    }
    let same = EntryAction.refuse(.sameFile)
    #expect(rules().decide(oneName) == same)
    #expect(rules { $0.removesDestination = true }.decide(oneName) == same)
    #expect(rules { $0.backups = .numbered }.decide(oneName) == same)
    #expect(rules { $0.product = .hardLinks }.decide(oneName) == .leave)
    #expect(rules { $0.product = .symbolicLinks }.decide(oneName) == same)

    #expect(rules().decide(twoNames) == same)
    #expect(rules { $0.removesDestination = true }.decide(twoNames) == .replace)
    #expect(rules { $0.backups = .numbered }.decide(twoNames) == .backUp(.numbered))
    #expect(rules { $0.product = .hardLinks }.decide(twoNames) == .leave)

    #expect(rules().decide(throughLink) == same)
    #expect(rules { $0.removesDestination = true }.decide(throughLink) == .replace)
    #expect(
      rules {
        $0.product = .hardLinks; $0.force = true
      }.decide(throughLink) == .replace)
  }

  @Test func aLinkDoesNotLoseWhatItLeadsTo() {
    let ontoTarget = facts(.link(2), over: .file(1)) { entry, existing in
      existing.sourceLink = entry.source
      existing.sourceTarget = File.file(1).status
    }
    #expect(rules { $0.removesDestination = true }.decide(ontoTarget) == .refuse(.sameFile))
    #expect(rules { $0.backups = .numbered }.decide(ontoTarget) == .backUp(.numbered))
  }

  @Test func otherNamesKeepTheirData() {
    let linked = facts(.file(1), over: .file(2)) { _, existing in
      existing.link.linkCount = 2
      existing.target?.linkCount = 2
    }
    #expect(rules { $0.keepsHardLinks = true }.decide(linked) == .replace)
    #expect(rules().decide(linked) == .overwrite(orReplace: false))
  }
}
