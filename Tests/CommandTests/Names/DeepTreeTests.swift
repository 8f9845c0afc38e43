import TestSupport
import Testing

/// A tree whose paths are longer than a system call takes.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct DeepTreeTests {
  @Test(arguments: ["-a", "-r --preserve=links"])
  func hardLinksAreKept(_ options: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      // 420 levels: 4,620 bytes.
      try await shell(
        """
        mkdir s; cd s; echo top > top
        perl -e 'for (1..420) { link("top", "up") if $_ == 1;
          mkdir "n123456789" and chdir "n123456789" or die; next if $_ % 105;
          open(F, ">", "f") or die; print F $_; close F; link("f", "g") or die }
          link("f", "bottom") or die'
        """, in: directory.path)
      let result = try await directory.cp(
        options.split(separator: " ").map(String.init) + ["s", "t"])
      #expect(result.errors == "")
      #expect(result.status == 0)
      let found = try await shell(
        """
        cd t; perl -e 'for (1..420) { chdir "n123456789" or die; next if $_ % 105;
          my @f = stat "f"; my @g = stat "g"; $same++ if $f[1] == $g[1] }
          my @f = stat "f"; my @b = stat "bottom"; print "$same $f[3] ", $f[1] == $b[1]'
        """, in: directory.path)
      #expect(found == "4 3 1")
    }
  }
}
