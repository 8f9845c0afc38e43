"""What is full or scarce: no space, a quota, a limit of a file's size, few descriptors; and a file system that
goes away midway."""
import os
import random
import resource
import subprocess
import time

import common
import faults
import kills
import scenarios

SIZES = {"ext4": 64 << 20, "xfs": 320 << 20, "btrfs": 256 << 20}


def campaign(kind, is_short, seed):
    generator = random.Random(seed)
    counts = {"limits": 0, "bad": 0, "told": 0, "done without": 0}
    image, mounted = os.path.join(common.WORK, f"limits.{kind}.image"), os.path.join(common.WORK, f"limits.{kind}")
    common.make_image(kind, image, SIZES[kind])
    common.mount(image, mounted)
    try:
        top = mounted
        if kind == "btrfs":
            top = os.path.join(mounted, "subvolume")
            common.run("btrfs", "-q", "quota", "enable", mounted)
            common.run("btrfs", "-q", "subvolume", "create", top)
        place = os.path.join(top, "place")
        os.mkdir(place)
        for scenario in scenarios.for_file_system(kind):
            before, _, _, want = scenarios.prepared(scenario, place)

            def attempt(what, arguments=(), limits=(), words=()):
                result = common.command([*arguments, *scenario.arguments], place, limits=limits)
                faults.judge(scenario, place, before, want, result, tally, f"{kind}, {scenario.name}, {what}")
                if result.status == 1 and words and not any(word in result.errors for word in words):
                    counts["bad"] += 1
                    common.fail(f"{kind}, {scenario.name}, {what}: says {result.errors!r}")

            tally = {**counts, "faults": counts["limits"]}
            for size in [0, 299, 70000, 131072] if is_short else range(0, 210_000, 7_013):
                kills.restore(scenario, place, before)
                attempt(f"files up to {size}", limits=[(resource.RLIMIT_FSIZE, size)], words=["File too large"])
            is_tree = "-j1" in scenario.arguments
            for count in [16, 20] if is_short else range(16, 40):
                kills.restore(scenario, place, before)
                attempt(f"{count} descriptors", limits=[(resource.RLIMIT_NOFILE, count)])
            # "It goes first where there is no room for both" is what that option promises.
            if scenario.name != "removing first":
                for room in [0, 24, 160] if is_short else range(0, 420, 12):
                    with_room(kind, top, room, lambda: kills.restore(scenario, place, before), lambda: attempt(
                        f"{room} KiB of room", words=["No space left", "quota exceeded"]))
            counts.update({key: tally[key] for key in ("bad", "told", "done without")}, limits=tally["faults"])
            if not is_tree and scenario.name == "one file":
                kills.restore(scenario, place, before)
                # As cp: its three streams and the two files.
                result = common.command(scenario.arguments, place, limits=[(resource.RLIMIT_NOFILE, 5)])
                counts["limits"] += 1
                if result.status != 0:
                    counts["bad"] += 1
                    common.fail(f"{kind}: one file with 5 descriptors: {result.errors!r}")
    finally:
        common.unmount(mounted)
    if kind != "btrfs":
        for _ in range(2 if is_short else 25):
            vanish(kind, image, mounted, counts, generator)
    common.report(f"limits on {kind}, seed {seed}", counts)
    return counts["bad"]


def with_room(kind, top, kibibytes, prepare, body):
    """Runs `body` where so much room is left after `prepare`."""
    if kind == "btrfs":
        # Told by way of the file system's top, which has no limit of its own.
        group = "0/" + subprocess.run(["btrfs", "inspect-internal", "rootid", top], check=True, text=True,
                                      stdout=subprocess.PIPE).stdout.strip()

        def limit(size):
            common.run("btrfs", "-q", "qgroup", "limit", size, group, os.path.dirname(top))

        limit("none")
        prepare()
        common.run("sync", "-f", top)
        shown = subprocess.run(["btrfs", "qgroup", "show", "--raw", "-f", top], check=True, text=True, stdout=subprocess.PIPE)
        referenced = int(shown.stdout.splitlines()[-1].split()[1])
        limit(str(referenced + kibibytes * 1024))
        try:
            body()
        finally:
            limit("none")
        return
    filler = os.path.join(top, "filler")
    prepare()
    common.run("sync", "-f", top)
    free = os.statvfs(top).f_bfree * os.statvfs(top).f_frsize
    with open(filler, "wb") as file:
        size = free - kibibytes * 1024
        while size > 0:
            try:
                os.posix_fallocate(file.fileno(), 0, size)
                break
            except OSError:
                # What describes the blocks takes some of them.
                size -= 16 << 10
    try:
        body()
    finally:
        os.unlink(filler)
        common.run("sync", "-f", top)


def vanish(kind, image, mounted, counts, generator):
    """The file system fails in the middle of a copy: that ends, says so, and the file system is whole."""
    common.mount(image, mounted)
    place = os.path.join(mounted, "place")
    common.clear(place)
    subprocess.run("mkdir s; for i in 1 2 3 4; do head -c 300000 /dev/urandom > s/$i; done; sync -f s",
                   shell=True, cwd=place, check=True)
    process = subprocess.Popen(
        [common.COMMAND, "-a", "--atomic", "--fsync", "--reflink=never", "--limit-rate=1M", "s", "t"], cwd=place,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
    time.sleep(generator.uniform(0.05, 0.8))
    common.run("xfs_io", "-x", "-c", "shutdown", mounted)
    counts["limits"] += 1
    try:
        _, errors = process.communicate(timeout=120)
        if process.returncode != 1 or b"Input/output error" not in errors or b"'" not in errors:
            counts["bad"] += 1
            common.fail(f"{kind}: the file system went away: {process.returncode}, {errors!r}")
    except subprocess.TimeoutExpired:
        process.kill()
        counts["bad"] += 1
        common.fail(f"{kind}: the file system went away, and the copy does not end")
    common.unmount(mounted)
    common.mount(image, mounted)
    if os.path.exists(os.path.join(place, "t")):
        counts["bad"] += 1
        common.fail(f"{kind}: the file system went away, and the target is there")
    common.unmount(mounted)
