import CReflink
import Synchronization
import SystemPackage

/// The directories of a tree: begun, parked where descriptors are short, and ended when
/// nobody works in them any more; the outermost one ends the tree.
extension TreeCopy {
  /// Takes over a directory that was made. Nil where nothing in it is to be copied.
  func begin(_ copy: DirectoryCopy, in parent: DirectoryNode?, isLinked: Bool)
    throws(ReflinkError) -> TreeItem?
  {
    let root = if let parent { parent.ancestry.root } else { try root(of: copy) }
    parent?.retain()
    let node = DirectoryNode(copy, in: parent, isLinked: isLinked, root: root)
    let isShortOfDescriptors = state.withLock { state in
      state.openDirectories += 1
      return state.openDirectories > openDirectoryLimit
    }
    if isShortOfDescriptors { parkOne(above: node) }
    guard copy.isEntered else {
      release(node)
      return nil
    }
    return .directory(node)
  }

  private func root(of copy: DirectoryCopy) throws(ReflinkError) -> Ancestry.Root {
    do throws(SystemError) {
      let root = Ancestry.Root(
        source: copy.source.path.path, destination: copy.destination.path.path,
        identity: try copy.destination.descriptor.status().identity,
        device: copy.status.identity.device)
      state.withLock { state in
        state.root = root
        if copy.publication != nil { state.unpublished = copy }
      }
      return root
    } catch {
      var failure = error.during(
        .examine(.destination), copy.source.path.path, copy.destination.path.path)
      failure.leftover = copy.publication?.discard(copy.destination.descriptor)
      throw failure
    }
  }

  /// Closes the outermost directory that may be closed for a while.
  private func parkOne(above node: DirectoryNode) {
    var candidate: DirectoryNode?
    var next = node.parent
    while let ancestor = next, ancestor.copy != nil {
      candidate = ancestor
      next = ancestor.parent
    }
    // From the outermost inwards.
    while let directory = candidate {
      if directory.park() {
        state.withLock { $0.openDirectories -= 1 }
        return
      }
      candidate = node.nextDescendant(of: directory)
    }
  }

  /// Ends one use of a directory; the last one ends the directory, and so on outwards.
  func release(_ node: DirectoryNode) {
    var next: DirectoryNode? = node
    while let node = next, node.release() {
      let copy = node.copy
      if let copy, !isStopped {
        do throws(ReflinkError) {
          try copy.finish()
        } catch {
          failed(error)
        }
      }
      if let parent = node.parent {
        unpark(parent, from: copy)
        node.close()
        if copy != nil { state.withLock { $0.openDirectories -= 1 } }
      } else {
        node.close()
        publish()
      }
      next = node.parent
    }
  }

  /// Gives a tree its name, once it is complete; else takes it away again.
  private func publish() {
    let (unpublished, root) = state.withLock { ($0.unpublished, $0.root) }
    guard let copy = unpublished, let publication = copy.publication else { return end() }
    if !isStopped {
      do throws(ReflinkError) {
        if entries.options.durability == .fileSystem { try synchronize(copy) }
        try publication.publish(copy.destination.descriptor, root?.source ?? "")
        return end()
      } catch {
        stop(error)
      }
    }
    push(.removal(TreeRemoval(copy.destination, publication)))
  }

  /// Writes out all of a tree before it gets its name.
  private func synchronize(_ copy: DirectoryCopy) throws(ReflinkError) {
    do throws(SystemError) {
      try copy.destination.synchronizeFileSystem()
    } catch {
      throw error.during(.synchronize, copy.source.path.path, copy.destination.path.path)
    }
  }

  /// The tree that was not published is gone, or here it still is.
  func removed(leftover: FilePath?) {
    state.withLock { $0.failure?.leftover = leftover }
    end()
  }

  private func unpark(_ parent: DirectoryNode, from child: DirectoryCopy?) {
    let reopened = parent.unpark(from: child)
    if reopened.isOpened { state.withLock { $0.openDirectories += 1 } }
    if let lost = reopened.lost {
      failed(lost)
      for item in reopened.items { tellLost(item, in: lost) }
    }
    for item in reopened.items.reversed() { push(item) }
  }

  /// Tells each name that will not be copied, of those that were read already.
  private func tellLost(_ item: TreeItem, in directory: ReflinkError) {
    func tell(_ name: OwnedName) {
      var failure = directory
      failure.operation = .examine(.source)
      failure.source.append(name.path.components)
      failure.destination?.append(name.path.components)
      failed(failure)
    }
    switch item {
    case .entry(_, let name): tell(name)
    case .batch(_, let batch, _):
      let names = batch.use { names in
        var rest: [OwnedName] = []
        while names.advance() { rest.append(OwnedName(names.name)) }
        return rest
      }
      for name in names { tell(name) }
    case .directory, .file, .removal: break
    }
  }
}

/// How many directories are open on both sides at a time: a quarter of what the process
/// may open, since it is not ours alone, and 64 at most: each holds its path.
private let openDirectoryLimit = Int(
  min(max((creflink_descriptor_limit() - 12) / 4, 2), 64))
