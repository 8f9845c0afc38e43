import Reflink
import SystemPackage
import TestSupport
import Testing

@testable import swift_cp_reflink

/// What the line about progress says, at any width.
@Suite struct ProgressLineTests {
  private static let progress = CopyProgress(
    bytesDone: 3 << 30, bytesExpected: 10 << 30, filesDone: 17, filesExpected: 2000,
    currentPath: "a/long/way/to/the/file", method: .cloned)

  @Test func saysAllWhereThereIsRoom() {
    let line = ProgressLine(progress: Self.progress, rate: 268_435_456)
    #expect(
      line.text(columns: 120)
        == " 30%  3.0 GiB of 10 GiB  17/2000 files  256 MiB/s  0:28 left  cloning a/long/way/to/the/file"
    )
    #expect(line.text() == line.text(columns: 120))
  }

  @Test func leavesOutWhatMattersLess() {
    let line = ProgressLine(progress: Self.progress, rate: 268_435_456)
    #expect(line.text(columns: 39) == " 30%  3.0 GiB  256 MiB/s  0:28 left")
    #expect(line.text(columns: 20) == " 30%  3.0 GiB")
    #expect(line.text(columns: 3) == "")
    let cut = ProgressLine(progress: Self.progress, rate: 268_435_456, isUTF8: true).text(
      columns: 86)
    #expect(cut.hasSuffix("  cloning …ay/to/the/file"))
  }

  /// Bytes are known before anybody has counted the whole.
  @Test func promisesNothingThatNobodyCounted() {
    let progress = CopyProgress(bytesDone: 5000, filesDone: 3)
    #expect(ProgressLine(progress: progress, rate: nil).text(columns: 80) == "4.8 KiB  3 files")
  }

  /// Links, or attributes alone: the files tell how far it is.
  @Test func whereNoDataMovesFilesAreCounted() {
    let progress = CopyProgress(bytesExpected: 0, filesDone: 3, filesExpected: 12)
    #expect(ProgressLine(progress: progress, rate: 0).text(columns: 80) == " 25%  3/12 files")
    #expect(
      ProgressLine(progress: CopyProgress(filesDone: 3), rate: 0).text(columns: 80) == "3 files")
  }

  /// What was read to be compared with an earlier copy, and what of it was written.
  @Test func aSecondCopySaysWhatItReadsAndWrites() {
    let progress = CopyProgress(
      bytesDone: 1 << 30, bytesExpected: 4 << 30, bytesCompared: 5 << 20, bytesUpdated: 1 << 20)
    #expect(
      ProgressLine(progress: progress, rate: nil).text(columns: 80)
        == " 25%  1.0 GiB of 4.0 GiB  5.0 MiB read, 1.0 MiB written")
  }

  @Test func isNotFullBeforeTheEnd() {
    let progress = CopyProgress(bytesDone: 99_999, bytesExpected: 100_000)
    #expect(ProgressLine(progress: progress, rate: nil).text(columns: 80).hasPrefix(" 99%"))
  }

  private func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
    let category = scalar.properties.generalCategory
    return category != .control && category != .format
  }

  /// Names of wide, combining, invalid and controlling characters, at every width.
  @Test func namesNeitherBreakTheLineNorTheTerminal() {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var generator = SeededGenerator(state: seed)
    let scalars: [[UInt8]] =
      ["日", "🗂", "e\u{301}", "\u{202e}", "\u{200b}", "\u{1b}[2J", "\n", "\r", "\u{9b}", "a", "'"]
      .map { Array($0.utf8) } + [[0xFF], [0xC3], [0x80], [0x07]]
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 1...60, using: &generator)).flatMap { _ in
        scalars.randomElement(using: &generator) ?? []
      }
      let path = OwnedName(bytes.map(CChar.init(bitPattern:))).path
      let progress = CopyProgress(
        bytesDone: .random(in: 0 ... .max, using: &generator),
        bytesExpected: .random(in: 0 ... .max, using: &generator), currentPath: path,
        method: .copied)
      let columns = Int.random(in: 0...150, using: &generator)
      for isUTF8 in [true, false] {
        let line = ProgressLine(progress: progress, rate: 1e300, isUTF8: isUTF8)
          .text(columns: columns)
        #expect(TextWidth.columns(line) <= columns, "seed \(seed)")
        #expect(line.unicodeScalars.allSatisfy(isHarmless), "seed \(seed)")
      }
    }
  }

  @Test(
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10239, "9.9 KiB"), (10240, "10 KiB"),
      (1 << 20, "1.0 MiB"), (Int64.max, "7.9 EiB"), (-5, "0 B"),
    ] as [(Int64, String)])
  func bytesAreShort(_ count: Int64, _ text: String) {
    #expect(Units.bytes(count) == text)
  }

  @Test(
    arguments: [
      (0, "0:00"), (0.2, "0:01"), (61, "1:01"), (3661, "1:01:01"), (1e30, "99:59:59"),
      (.infinity, "99:59:59"),
    ] as [(Double, String)])
  func timesAreShort(_ seconds: Double, _ text: String) {
    #expect(Units.time(seconds) == text)
  }

  @Test func theRateFollowsWhatCameLately() {
    var rate = RateEstimate()
    rate.add(0, at: 0)
    #expect(rate.rate == nil)
    rate.add(1000, at: 1)
    #expect(rate.rate == 1000)
    for second in 2...60 { rate.add(Int64(1000 + (second - 1) * 100), at: Double(second)) }
    #expect((100..<101).contains(rate.rate ?? 0))
  }
}
