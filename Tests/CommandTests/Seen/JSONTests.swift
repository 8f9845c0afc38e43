import Foundation
import TestSupport
import Testing

@testable import swift_cp_reflink

/// `--json`: every line an object of the schema, and every name as it is.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct JSONTests {
  private static let schema = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../Schemas/json.schema.json").standardizedFileURL.path

  /// Runs the command with `--json`; each line of its output, held against the schema and parsed.
  private func records(
    _ arguments: String, in directory: TestDirectory, status: Int = 0
  ) async throws -> [[String: Any]] {
    let text = try await shell(
      """
      '\(BuiltCommand.path)' --json \(arguments) >lines 2>errors; [ $? = \(status) ] || exit 1
      /usr/bin/python3 -c '
      import json, sys
      from jsonschema import Draft202012Validator
      def unique(pairs):
          assert len({key for key, _ in pairs}) == len(pairs), pairs
          return dict(pairs)
      validator = Draft202012Validator(json.load(open(sys.argv[1])))
      for line in open("lines", encoding="utf-8", newline="\\n"):
          assert line.endswith("\\n")
          validator.validate(json.loads(line, object_pairs_hook=unique))
      ' '\(Self.schema)'
      cat lines
      """, in: directory.path)
    return try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test(arguments: TestFileSystem.main)
  func accountsForEveryEntry(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir -p s/d; head -c 100000 /dev/urandom >s/a; ln s/a s/b; ln -s a s/l; mkfifo s/f; : >s/d/e
        mkdir -p t/s; echo old >t/s/a; touch -d 2000-01-01 t/s/a; truncate -s 1M s/h; touch -d 2030-01-01 t/s/h
        """, in: directory.path)
      let records = try await records("-ab --backup=numbered -u s t", in: directory)
      func only(_ destination: String, _ action: String) throws -> [String: Any] {
        let found = records.filter {
          $0["destination"] as? String == destination && $0["action"] as? String == action
        }
        return try #require(found.count == 1 ? found[0] : nil, "\(destination) \(action)")
      }
      let cloned = system == .ext4 ? "offloaded" : "cloned"
      let copy = records.first {
        ($0["action"] as? String) == "copied" && $0["type"] as? String == "file"
          && ($0["bytes"] as? [String: Int])?[cloned] == 100_000
      }
      #expect(copy?["method"] as? String == cloned)
      #expect((copy?["seconds"] as? Double ?? -1) > 0)
      #expect(
        (copy?["fallback"] as? [String: String])?["errno"] == (system == .ext4 ? "EOPNOTSUPP" : nil)
      )
      #expect(try only("t/s", "entered")["type"] as? String == "directory")
      #expect(try only("t/s/d", "made")["type"] as? String == "directory")
      #expect(try only("t/s/l", "made")["type"] as? String == "symbolicLink")
      #expect(try only("t/s/f", "made")["type"] as? String == "special")
      #expect(try only("t/s/h", "skipped")["type"] as? String == "file")
      #expect(try only("t/s/a", "backedUp")["backup"] as? String == "t/s/a.~1~")
      let summary = try #require(records.last)
      #expect(summary["record"] as? String == "summary" && summary["succeeded"] as? Bool == true)
      #expect(summary["files"] as? Int == 2 && summary["hardLinks"] as? Int == 1)
      #expect((summary["bytes"] as? [String: Int])?["skipped"] == 1 << 20)
    }
  }

  @Test func errorsAreObjectsToo() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir t; echo x >a", in: directory.path)
      let records = try await records("a gone t", in: directory, status: 1)
      let error = try #require(records.first { $0["record"] as? String == "error" })
      #expect(error["source"] as? String == "gone" && error["errno"] as? String == "ENOENT")
      #expect(error["message"] as? String == "cannot stat 'gone': No such file or directory")
      #expect(
        records.last?["failures"] as? Int == 1 && records.last?["succeeded"] as? Bool == false)
      #expect(
        try await shell("cat errors", in: directory.path).hasSuffix(
          "cannot stat 'gone': No such file or directory\n"))
      // Of what the operands mean, too.
      let refused = try await self.records("a a nowhere", in: directory, status: 1)
      #expect(refused.map { $0["record"] as? String } == ["error", "summary"])
    }
  }

  /// The command line itself is wrong, for getopt, for an option's argument, or in its operands, in
  /// front of `--json` or behind it.
  @Test(
    arguments: [
      "--nonsense", "-y", "--sparse=odd", "--jobs=0 a b", "--exclude= a b",
      "--reflink --sparse=always a b",
      "", "a", "--preserve=context a b", "--probe a", "--sharing a b c", "-t",
      "--exclude-from=gone a b",
    ])
  func wrongOptionsAreObjectsToo(_ arguments: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("echo x >a", in: directory.path)
      // What wants an argument takes what follows.
      let lines = arguments == "-t" ? [arguments] : [arguments, "\(arguments) --json"]
      for line in lines {
        let records = try await records(line, in: directory, status: 1)
        #expect(records.map { $0["record"] as? String } == ["error", "summary"])
        #expect(records.first?["message"] as? String != "")
        #expect(try await shell("cat errors", in: directory.path) != "")
      }
      let plain = try await directory.cp("--nonsense", "--", "--json")
      #expect(plain.output == "" && plain.status == 1)
    }
  }

  @Test func anOperandThatIsRepeatedHasARecord() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir t; echo x >a", in: directory.path)
      let records = try await records("a a t", in: directory)
      #expect(records.map { $0["action"] as? String } == ["copied", "repeated", nil])
      #expect(records.map { $0["source"] as? String } == ["a", "a", nil])
      #expect(records.last?["files"] as? Int == 1)
    }
  }

  @Test func whatWasDeclinedIsTold() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("echo x >a; echo old >b", in: directory.path)
      let records = try await records("-i a b", in: directory, status: 1)
      #expect(records.map { $0["record"] as? String } == ["error", "summary"])
      #expect(records.first?["destination"] as? String == "b")
      #expect(records.last?["failures"] as? Int == 1)
    }
  }

  @Test func linesForPeopleGoToStandardError() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell("echo x >a", in: directory.path)
      _ = try await records("--debug a b", in: directory)
      let errors = try await shell("cat errors", in: directory.path)
      #expect(errors.hasPrefix("'a' -> 'b'\ncopy offload: yes"))
    }
  }

  /// Any byte but NUL and the slash may be in a name.
  @Test func namesAreLossless() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var generator = SeededGenerator(state: seed)
    var names: Set<[UInt8]> = []
    while names.count < 1500 {
      let count = Int.random(in: 1...40, using: &generator)
      var name = generator.bytes(count)
      // Half of them in UTF-8, with what JSON and terminals mind.
      if Bool.random(using: &generator) {
        let scalars = "aé日🗂\u{1b}\n\"\\\u{7f}\u{2028}\u{202e}\u{0}/".unicodeScalars
        name = (0..<count / 4 + 1).flatMap { _ in
          Array(String(Character(scalars.randomElement(using: &generator) ?? "a")).utf8)
        }
      }
      name.removeAll { $0 == 0 || $0 == UInt8(ascii: "/") }
      if name.isEmpty || name == Array(".".utf8) || name == Array("..".utf8) { continue }
      names.insert(name)
    }
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir s", in: directory.path)
      for name in names {
        let path = Array(directory["s/"].utf8) + name + [0]
        let file = path.withUnsafeBufferPointer { bytes in
          bytes.withMemoryRebound(to: CChar.self) {
            open($0.baseAddress!, O_CREAT | O_WRONLY, 0o600)
          }
        }
        try #require(file >= 0)
        close(file)
      }
      let records = try await records("-r s t", in: directory)
      var told: Set<[UInt8]> = []
      for record in records where record["type"] as? String == "file" {
        let text = try #require(record["source"] as? String)
        let encoded = record["sourceBase64"] as? String
        let bytes = encoded.map { [UInt8](Data(base64Encoded: $0) ?? Data()) } ?? Array(text.utf8)
        #expect((encoded == nil) == (String(validating: bytes, as: UTF8.self) != nil))
        told.insert(Array(bytes.dropFirst(2)))
      }
      #expect(told == names)
    }
  }

  @Test(arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar"])
  func base64IsThatOfTheStandard(_ text: String) {
    #expect(Base64.encode(Array(text.utf8)) == Array(Data(text.utf8).base64EncodedString().utf8))
  }

  @Test(arguments: TestFileSystem.main)
  func probesAndSharingsAreObjects(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 1 << 17)
      let clones = system != .ext4
      let probe = try await records("--probe a .", in: directory, status: clones ? 0 : 1)
      #expect(probe.count == 1 && probe[0]["canClone"] as? Bool == clones)
      let sharing = try await records("--verify-sharing a b", in: directory)
      #expect(
        sharing.map { $0["record"] as? String } == [
          "entry", "sharing", "sharingSummary", "summary",
        ])
      #expect(sharing[1]["verdict"] as? String == (clones ? "shared" : "notShared"))
      #expect((sharing[2]["bytes"] as? [String: Int])?["exclusive"] == (clones ? 0 : 1 << 17))
    }
  }
}
