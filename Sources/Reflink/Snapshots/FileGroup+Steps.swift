import SystemPackage

extension FileGroup {
  /// The three steps in turns at the shared queue.
  func snapshot(
    _ lock: (@Sendable () async -> Void) async throws -> Void
  ) async throws -> [CopyOutcome] {
    let path = pairs.first?.source.path ?? ""
    let ready = try await runAsync(nil, path, self) { group, _ in GroupPreparation(group) }
    do {
      try await lock { await self.clone(ready, path) }
    } catch {
      discardAll(ready)
      throw error
    }
    let files = try clonedFiles(ready)
    return try await runAsync(nil, path, self) { group, _ in
      GroupStep(group, files, to: nil)
    }.outcomes
  }

  private func clone(_ ready: [SuspendedFile], _ path: FilePath) async {
    guard isToClone else { return }
    do throws(ReflinkError) {
      let step = try await runAsync(nil, path, self) { group, _ in
        GroupStep(group, ready, to: .afterData)
      }
      isCloned(.success(step.files))
    } catch {
      isCloned(.failure(error))
    }
  }

  /// The same on the caller's thread.
  func snapshotBlocking(
    _ lock: (() -> Void) throws -> Void
  ) throws -> [CopyOutcome] {
    let ready = try runBlocking(nil, self) { group, _ in GroupPreparation(group) }
    do {
      try lock {
        guard isToClone else { return }
        do throws(ReflinkError) {
          let step = try runBlocking(nil, self) { group, _ in
            GroupStep(group, ready, to: .afterData)
          }
          isCloned(.success(step.files))
        } catch {
          isCloned(.failure(error))
        }
      }
    } catch {
      discardAll(ready)
      throw error
    }
    let files = try clonedFiles(ready)
    return try runBlocking(nil, self) { group, _ in
      GroupStep(group, files, to: nil)
    }.outcomes
  }
}
