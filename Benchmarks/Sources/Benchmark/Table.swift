/// The results as a Markdown table: what was compared, both figures, the goal, and
/// whether it was reached.
struct Table {
  private var rows: [String] = []

  mutating func add(
    _ what: String, _ ours: String, _ theirs: String, _ ratio: Double?, goal: Double?,
    unit: String = ""
  ) {
    let shown = ratio.map { format($0) + unit } ?? ""
    let aim = goal.map { "≤ \(format($0))\(unit)" } ?? ""
    var verdict = ""
    if let ratio, let goal { verdict = ratio <= goal ? "yes" : "**no**" }
    let row = "| \(what) | \(ours) | \(theirs) | \(shown) | \(aim) | \(verdict) |"
    note(row)
    rows.append(row)
  }

  var text: String {
    """
    | what | ours | compared with | ratio or figure | goal | met |
    |---|---|---|---|---|---|
    \(rows.joined(separator: "\n"))
    """
  }
}

func format(_ value: Double) -> String {
  let digits = value < 10 ? 1000.0 : value < 100 ? 100.0 : 10.0
  return "\((value * digits).rounded() / digits)"
}

func milliseconds(_ seconds: Double) -> String { format(seconds * 1000) + " ms" }
