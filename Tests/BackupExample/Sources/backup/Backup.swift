import Foundation
import Reflink
import SystemPackage

/// Copies a tree as it is now to another place: a snapshot of it first, so that nobody who
/// writes to the tree has to wait for the copy, then a copy of the snapshot, which is
/// compared with it. Whatever ends this early, nothing half done is left.
func backUp(_ source: FilePath, to destination: FilePath) async throws {
  let snapshotPath = FilePath("\(source).snapshot-\(getpid())")
  let made = try await snapshot(source, as: snapshotPath)
  defer { try? FileManager.default.removeItem(atPath: snapshotPath.string) }
  if case .clones(let contents) = made {
    print("snapshot: \(contents.files) files, \(contents.cloned) bytes shared")
  }

  let plan = try await planTree(snapshotPath)
  let controller = CopyController()
  let watcher = Task {
    for await progress in controller.updates(every: .milliseconds(200)) {
      let percent = Int((progress.fraction ?? 0) * 100)
      print("\(percent) % \(progress.filesDone)/\(plan.files) files")
    }
  }
  defer { watcher.cancel() }
  // Under its name it is there once all of it is.
  let copied = try await copyTree(
    snapshotPath, to: destination, options: CopyOptions(publication: .temporary), plan: plan,
    controller: controller)
  print("copied: \(copied.total) bytes, \(copied.hardLinks) hard links")

  do {
    try await verify(destination, against: snapshotPath)
  } catch {
    try? FileManager.default.removeItem(atPath: destination.string)
    throw error
  }
  print("verified")
}

/// Compares every file of two trees.
func verify(_ copy: FilePath, against original: FilePath) async throws {
  let names = FileManager.default.enumerator(atPath: original.string)?.allObjects ?? []
  for case let name as String in names {
    try Task.checkCancellation()
    let (a, b) = ("\(original)/\(name)", "\(copy)/\(name)")
    guard FileManager.default.contentsEqual(atPath: a, andPath: b) else {
      throw VerificationFailure(name: name)
    }
  }
}

struct VerificationFailure: Error {
  var name: String
}

@main struct Backup {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count == 3 else {
      print("usage: backup SOURCE DESTINATION")
      exit(2)
    }
    // ^C cancels the task; what it was at cleans up after itself.
    signal(SIGINT, SIG_IGN)
    let task = Task { try await backUp(FilePath(arguments[1]), to: FilePath(arguments[2])) }
    let interrupts = DispatchSource.makeSignalSource(signal: SIGINT)
    interrupts.setEventHandler { task.cancel() }
    interrupts.resume()
    do {
      try await task.value
    } catch let error as ReflinkError where error.code == .cancelled {
      print("interrupted after \(error.bytesDone) bytes")
      exit(130)
    } catch is CancellationError {
      print("interrupted")
      exit(130)
    } catch {
      print("backup: \(error)")
      exit(1)
    }
  }
}
