import Foundation
import TestSupport
import Testing

/// A new file is never open to more than its copy will be.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct NarrowCreationTests {
  /// The group's bits of such a file's mode are the mask of its list, not the group's rights.
  /// New files are of that group from the start.
  private func withMasks(_ body: (TestDirectory) async throws -> Void) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir d e; chgrp 65534 e; chmod 2755 e; for i in {1..6}; do
          echo secret > d/f$i; chown 0:65534 d/f$i; chmod 600 d/f$i
          setfacl -m u:1234:r,g::---,m::r d/f$i; done
        """, in: directory.path)
      try await body(directory)
    }
  }

  @Test func filesWithAListAreCreatedForTheirOwnerAlone() async throws {
    try await withMasks { directory in
      let (result, trace) = try await directory.tracedCp(
        ["-e", "trace=openat,open,creat"], ["-a", "-j1", "d/.", "e"])
      #expect(result.status == 0)
      let modes = trace.filter { $0.contains("O_CREAT") }.compactMap {
        $0.firstMatch(of: #/, (0[0-7]*)\)/#).flatMap { Int($0.1, radix: 8) }
      }
      #expect(modes.count == 6)
      #expect(modes.allSatisfy { $0 & 0o077 == 0 }, "\(modes)")
    }
  }

  @Test func nobodyReadsThemMeanwhile() async throws {
    try await withMasks { directory in
      let isFinished = Flag()
      defer { isFinished.set() }
      async let opened = asUser(65534) {
        var opened: [String] = []
        let end = Date.now.addingTimeInterval(60)
        while !isFinished.isSet, Date.now < end {
          for index in 1...6 {
            let file = open(directory["e/f\(index)"], O_RDONLY)
            guard file >= 0 else { continue }
            opened.append("f\(index)")
            close(file)
          }
        }
        return opened.count
      }
      let (result, _) = try await directory.tracedCp(
        [
          "-e",
          "inject=copy_file_range,ioctl,fsetxattr,setxattr,fchmod,?fchmodat2:delay_enter=20000",
        ], ["-a", "-j1", "d/.", "e"])
      isFinished.set()
      #expect(result.status == 0)
      #expect(await opened == 0)
      let lists = try await shell(
        "diff <(cd d; getfacl *) <(cd e; getfacl *)", in: directory.path)
      #expect(lists == "")
    }
  }
}
