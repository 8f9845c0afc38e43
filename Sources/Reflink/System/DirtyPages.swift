import CReflink

/// What is written to files and not on storage yet, in bytes.
struct DirtyPages: Sendable {
  /// Changed in memory, or on the way to storage.
  var dirty: Int64
  /// Above this the kernel begins to write by itself.
  var background: Int64
  /// Above this nobody writes on.
  var limit: Int64

  /// Above this the kernel makes those sleep who write: the middle of the other two
  /// (dirty_freerun_ceiling in mm/page-writeback.c).
  var ceiling: Int64 { background / 2 + limit / 2 }

  /// Nil where /proc/vmstat does not tell.
  static var now: DirtyPages? {
    var pages = creflink_dirty_pages()
    guard unsafe creflink_get_dirty_pages(&pages) == 0 else { return nil }
    return DirtyPages(dirty: pages.dirty, background: pages.background, limit: pages.limit)
  }
}
