"""What is copied in the campaigns: each scenario makes its own source and destination."""
import subprocess

import common

SOURCE = r"""
mkdir -p s/d/e s/empty
head -c 70001 /dev/urandom > s/file; head -c 300 /dev/urandom > s/d/small
ln s/file s/d/hard; ln -s ../file s/d/link; mkfifo s/d/fifo
: > s/d/e/none; truncate -s 200000 s/d/e/sparse
printf x | dd of=s/d/e/sparse bs=1 seek=131072 conv=notrunc status=none
setfattr -n user.a -v b s/file; chmod 4750 s/file; chown 11:12 s/file; chmod 640 s/d/small
setfacl -m u:21:rw,g:22:rx s/d/small 2>/dev/null || true
chown 13 s/d/e; chmod 2751 s/d/e; touch -d 2001-02-03 s/d/small s/d s/file
"""

# The same names with other content, and one of its own.
EXISTING = r"""
cp -a s t; echo old > t/file; echo old > t/d/small; rm t/d/link t/d/fifo
ln -s elsewhere t/d/link; mkfifo -m 600 t/d/fifo; echo keep > t/own; echo old > t/d/e/none
"""


# A clone p of the source, a copy e of that, and then a change; once.
EARLIER = r"""
[ -e p ] || {
  cp -a s p; sleep 0.02; cp -a p e
  printf new | dd of=s/file bs=1 seek=40000 conv=notrunc status=none; truncate -s 150000 s/d/e/sparse
}
"""


class Scenario:
    def __init__(self, name, setup, arguments, promise):
        self.name = name
        self.setup = setup
        self.arguments = arguments
        # "atomic": each name is old or new; "whole": the target is there whole or not at all;
        # "kept": only names that are to be replaced change.
        self.promise = promise

    def prepare(self, directory):
        subprocess.run(["bash", "-ec", self.setup], cwd=directory, check=True)


ALL = [
    Scenario("one file", SOURCE, ["s/file", "t"], "kept"),
    Scenario("one file over another", SOURCE + "echo old > t", ["s/file", "t"], "kept"),
    Scenario("removing first", SOURCE + "echo old > t", ["--remove-destination", "s/file", "t"], "atomic"),
    Scenario("with a backup", SOURCE + "echo old > t", ["-b", "s/file", "t"], "kept"),
    Scenario("tree", SOURCE, ["-a", "-j1", "s", "t"], "kept"),
    Scenario("tree over a tree", SOURCE + EXISTING, ["-aT", "-j1", "s", "t"], "kept"),
    Scenario("atomic file", SOURCE, ["--atomic", "-a", "s/file", "t"], "atomic"),
    Scenario("atomic file over another", SOURCE + "echo old > t; chmod 604 t; chown 31 t",
             ["--atomic", "s/file", "t"], "atomic"),
    Scenario("atomic tree", SOURCE, ["--atomic", "-aT", "-j1", "s", "t"], "whole"),
    Scenario("atomic tree over a tree", SOURCE + EXISTING, ["--atomic", "-aT", "-j1", "s", "t"], "atomic"),
    Scenario("durable file over another", SOURCE + "echo old > t", ["--atomic", "--fsync", "s/file", "t"],
             "atomic"),
    Scenario("durable tree over a tree", SOURCE + EXISTING,
             ["--atomic", "--fsync", "-aT", "-j1", "s", "t"], "atomic"),
    Scenario("tree based on an earlier copy", SOURCE + EARLIER,
             ["-aT", "-j1", "--clone-dest=e", "--since=p", "s", "t"], "atomic"),
    Scenario("tree brought up to date", SOURCE + EARLIER + "cp -a e t\n",
             ["-aT", "-j1", "--clone-dest=t", "s", "t"], "atomic"),
]
SNAPSHOTS = [
    Scenario("snapshot of a file", SOURCE, ["--snapshot", "s/file", "t"], "whole"),
    Scenario("snapshot of a tree", SOURCE, ["--snapshot", "-j1", "s", "t"], "whole"),
]


def prepared(scenario, directory):
    """Makes the scenario and runs it once. Returns what was there before, the run's system calls, which of
    them is the first of the command's own work, and what is wanted."""
    common.clear(directory)
    scenario.prepare(directory)
    before = common.describe(directory)
    _, calls, start = common.trace_of(scenario.arguments, directory)
    return before, calls, start, common.describe(directory)


# Only scenarios of these names, where there are any.
CHOSEN = []


def for_file_system(kind):
    every = ALL + (SNAPSHOTS if kind != "ext4" else [])
    return [scenario for scenario in every if not CHOSEN or scenario.name in CHOSEN]


def violation(scenario, before, after, want, promise=None):
    """What of a scenario's promise does not hold, `before`, `after` and `want` being descriptions of the
    directory that holds source and target; None where all holds."""
    promise = promise or scenario.promise
    source = lambda description: {n: f for n, f in description.items() if n == "s" or n.startswith("s/")}
    if source(before) != source(after):
        return "the source has changed"
    after = settled_target(after)
    before_target, wanted = settled_target(before), settled_target(want)
    for name in before_target:
        if name not in after and not (promise == "kept" and name + "~" in wanted):
            return f"{name} is gone"
    if promise == "whole":
        if after and not same(after, wanted):
            return "the target is there and not whole"
        return None
    for name, facts in after.items():
        old, new = before_target.get(name), wanted.get(name)
        if old is None and new is None:
            return f"{name} was never asked for"
        if promise == "atomic" and facts["type"] == 0o100000:
            if not any(other and same_entry(facts, other) for other in (old, new)):
                return f"{name} is neither old nor new"
        elif facts["type"] not in [other["type"] for other in (old, new) if other]:
            return f"{name} has another type"
    return None


def settled_target(description):
    return {n: f for n, f in common.settled(description).items() if n and n != "s" and not n.startswith("s/")}


def same_entry(one, other):
    # How many names it has depends on the others; -a keeps plain attributes where possible.
    def compared(facts):
        lists = {k: v for k, v in facts["xattrs"].items() if k.startswith("system.posix_acl")}
        return {**facts, "xattrs": lists, "links": None}
    return compared(one) == compared(other)


def same(one, other):
    return one.keys() == other.keys() and all(same_entry(one[name], other[name]) for name in one)
