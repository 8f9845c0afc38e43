"""Somebody exchanges names while they are copied: nothing outside is read, written or given away."""
import ctypes
import errno
import multiprocessing
import os
import stat
import subprocess
import time

import common

LIBC = ctypes.CDLL(None, use_errno=True)
EXCHANGE = 2
CURRENT = -100

SETUP = r"""
mkdir -p outside/in s/d s/z d/s/d
echo secret > outside/secret; echo secret > outside/in/f; echo precious > outside/victim
chmod 600 outside/secret outside/victim; mkfifo -m 600 outside/fifo; mknod -m 600 outside/node c 250 1
# Whatever is replaced, these inodes stay what they are.
mkdir kept; ln outside/{secret,victim,fifo,node} kept; ln outside/in/f kept
for i in $(seq 8); do echo $i > s/d/$i; echo $i > s/z/$i; done
mkdir nodes; mkfifo -m 666 nodes/fifo; mknod -m 666 nodes/node c 250 2; chown -R 1234 nodes
chown -R 1234 s; chmod -R a+rwX s
"""

# name: what is exchanged with what, and which command is run meanwhile.
MODES = {
    "a source file and a link": (["s/d/3", "outside/link:secret"], ["-a", "s", "d"]),
    "a source directory and a link": (["s/d", "outside/link:in"], ["-a", "s", "d"]),
    "the source's parent and a link": (["s", "outside/link:."], ["-a", "s/d", "d"]),
    "a destination directory and a link": (["d/s/d", "outside/link:in"], ["-a", "s", "d"]),
    "the destination's parent and a directory": (["d/s", "outside/in"], ["-aT", "s/d", "d/s/d"]),
    "a replaced file and a link": (
        ["d/s/d/3", "outside/link:victim"], ["-a", "--remove-destination", "s", "d"]),
    "an atomic file and a link": (["d/s/d/3", "outside/link:victim"], ["-a", "--atomic", "s", "d"]),
    "a temporary name and a victim": (["TEMPORARY d", "outside/victim"], ["-a", "--atomic", "s", "d"]),
    "a temporary tree and a directory": (["TEMPORARY .", "outside/in"], ["-a", "--atomic", "s", "new"]),
    "a node and another": (["d/nodes/fifo", "outside/fifo"], ["-a", "nodes", "d"]),
    "a node and a device": (["d/nodes/node", "outside/node"], ["-a", "nodes", "d"]),
}


def exchange(one, other):
    return LIBC.renameat2(CURRENT, os.fsencode(one), CURRENT, os.fsencode(other), EXCHANGE) == 0


def temporary(where):
    for directory, names, files in os.walk(where):
        for name in names + files:
            if common.is_temporary(name):
                return os.path.join(directory, name)
    return None


def swap(directory, one, other, swaps, stopped):
    os.chdir(directory)
    if ":" in other:
        other, target = other.split(":")
        os.symlink(os.path.join(directory, "outside", target), other)
    while not stopped.value:
        if one.startswith("TEMPORARY "):
            name = temporary(one.split()[1])
            if name is None or not exchange(name, other):
                continue
            swaps.value += 1
            # Back again, so that what is outside is compared with what it was.
            exchange(name, other)
            if not os.path.lexists(other):
                break
        elif exchange(one, other):
            swaps.value += 1


def campaign(kind, directory, swaps_wanted):
    counts = {"modes": 0, "swaps": 0, "copies": 0, "bad": 0}
    for title, (names, arguments) in MODES.items():
        # Between the look at a name and its renaming is a moment that no system call closes (SECURITY.md):
        # what the short form says is to depend on nothing like that.
        if swaps_wanted < 1000 and names[0].startswith("TEMPORARY"):
            continue
        counts["modes"] += 1
        common.clear(directory)
        subprocess.run(["bash", "-ec", SETUP], cwd=directory, check=True)
        outside = description(directory)
        # What is older than a copy is told from what the copy made.
        time.sleep(2.1)
        swaps = multiprocessing.Value("l", 0)
        stopped = multiprocessing.Value("b", 0)
        swapper = multiprocessing.Process(target=swap, args=(directory, *names, swaps, stopped))
        swapper.start()
        copies = 0
        end = time.monotonic() + 240
        try:
            while time.monotonic() < end and (swaps.value < swaps_wanted or copies < 10):
                result = common.command(arguments, directory)
                copies += 1
                if result.status not in (0, 1):
                    counts["bad"] += 1
                    common.fail(f"{kind}, {title}: ended with {result.status}")
                # Each copy begins anew; what was exchanged into it stays to be looked at.
                trash = os.path.join(directory, "trash", str(copies))
                os.makedirs(trash)
                if "new" in arguments and os.path.lexists(os.path.join(directory, "new")):
                    os.rename(os.path.join(directory, "new"), os.path.join(trash, "new"))
                if title.startswith("a source") or "nodes" in arguments:
                    os.rename(os.path.join(directory, "d"), os.path.join(trash, "d"))
                    os.makedirs(os.path.join(directory, "d", "s", "d"))
                if copies % 100 == 0:
                    wrong = judge(os.path.join(directory, "trash"), ["d/"], outside)
                    if wrong:
                        counts["bad"] += 1
                        common.fail(f"{kind}, {title}: {wrong}")
                    empty(os.path.join(directory, "trash"), outside)
        finally:
            stopped.value = 1
            swapper.join(30)
            swapper.kill()
        counts["swaps"] += swaps.value
        counts["copies"] += copies
        wrong = judge(directory, names, outside)
        if swaps.value == 0:
            wrong = wrong or "nothing was exchanged"
        if wrong:
            counts["bad"] += 1
            common.fail(f"{kind}, {title}: {wrong}")
    common.report(f"races on {kind}", counts)
    return counts["bad"]


def empty(directory, outside):
    """Removes all but what came from outside."""
    for place, directories, files in os.walk(directory, topdown=False):
        for name in directories + files:
            path = os.path.join(place, name)
            status = os.lstat(path)
            if status.st_ino in outside:
                continue
            try:
                os.rmdir(path) if stat.S_ISDIR(status.st_mode) else os.unlink(path)
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:
                    raise


def description(directory):
    """What is outside, wherever it is now: by inode."""
    found = {}
    for path in ["secret", "victim", "fifo", "node", "in", "in/f"]:
        status = os.lstat(os.path.join(directory, "outside", path))
        content = None
        if path in ("secret", "victim", "in/f"):
            with open(os.path.join(directory, "outside", path), "rb") as file:
                content = file.read()
        found[status.st_ino] = (path, status.st_mode, status.st_uid, status.st_gid, content)
    return found


def judge(directory, names, outside):
    remaining = dict(outside)
    for place, directories, files in os.walk(directory):
        for name in directories + files:
            path = os.path.join(place, name)
            status = os.lstat(path)
            if status.st_ino in outside:
                kind, mode, owner, group, content = outside[status.st_ino]
                remaining.pop(status.st_ino, None)
                if (status.st_mode, status.st_uid, status.st_gid) != (mode, owner, group):
                    return f"{kind} has other rights now"
                if content is not None:
                    with open(path, "rb") as file:
                        if file.read() != content:
                            return f"{kind} was written to"
                # A directory that has the destination's name is the destination.
                is_destination = names == ["d/s", "outside/in"]
                if kind == "in" and not is_destination and sorted(os.listdir(path)) != ["f"]:
                    return f"something was put into {kind}"
            elif name in files and os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    if b"secret" in file.read():
                        return f"the secret was copied to {path}"
    # What had a name in the destination at the wrong moment, put there by whoever exchanges, may have
    # been replaced there as an old file is.
    lost = [facts[0] for facts in remaining.values()]
    in_destination = names[0].startswith(("d/", "TEMPORARY"))
    return f"{lost} are gone" if lost and not in_destination else None
