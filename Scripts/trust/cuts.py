"""Power cuts: a clone of a mounted image is what a disk holds at one moment that forgets nothing it was
given. Afterwards each clone is mounted, which replays its log, and looked at."""
import os
import random
import subprocess
import threading
import time

import common

SIZE = 150_000


def content(version, size=SIZE):
    return (b"%015d\n" % version) * (size // 16)


def version_of(data, size=SIZE):
    """Which version this is, whole; None for anything else."""
    try:
        version = int(data[:15])
    except ValueError:
        return None
    return version if data == content(version, size) else None


def changed(version):
    """Of the same size, and in its first blocks another for each version."""
    return content(version)[:16384] + content(0)[16384:]


# Seconds since 1970 of the source of version 0 of a second copy.
EPOCH = 1_000_000_000


class Workload:
    """Copies again and again, and knows what was durable when."""

    def __init__(self, mode, inside, directory, outer):
        self.mode = mode
        self.directory = directory
        self.source = directory if inside else outer
        self.durable = []  # (moment, version)
        self.stopped = False
        self.failed = None
        self.thread = threading.Thread(target=self.run)

    def run(self):
        version = 0
        while not self.stopped:
            version += 1
            if self.mode == "tree":
                source = os.path.join(self.source, f"source of {self.mode}")
                os.makedirs(os.path.join(source, "sub"), exist_ok=True)
                for number in range(12):
                    with open(os.path.join(source, "sub" if number % 2 else "", str(number)), "wb") as file:
                        file.write(content(version, 4096 * (number + 1)))
                arguments = ["-a", "-j2", source, os.path.join(self.directory, f"tree{version}")]
            elif self.mode.startswith("second"):
                source = os.path.join(self.source, "source of second copies")
                with open(source, "wb") as file:
                    file.write(changed(version))
                os.utime(source, (EPOCH + version, EPOCH + version))
                names = [os.path.join(self.directory, f"second{number}") for number in (version - 1, version)]
                arguments = ["-p", *([f"--clone-dest={names[0]}"] if version > 1 else []), source, names[1]]
            else:
                source = os.path.join(self.source, f"source of {self.mode}")
                with open(source, "wb") as file:
                    file.write(content(version))
                name = "target" if self.mode == "replace" else f"target{version}"
                arguments = [source, os.path.join(self.directory, name)]
            durable = [] if self.mode == "second copies in haste" else ["--fsync"]
            result = common.command(["--atomic", *durable, *arguments], self.directory)
            if result.status != 0:
                self.failed = result.errors
                return
            self.durable.append((time.monotonic(), version))
            for name in ("target", "second"):
                old = os.path.join(self.directory, f"{name}{version - 30}")
                if os.path.exists(old):
                    os.unlink(old)

    def judge(self, directory, begun, ended):
        """What of a cut is wrong: durable before it began is there, and all that is there is whole."""
        before = [version for moment, version in self.durable if moment < begun]
        last = before[-1] if before else 0
        if self.mode == "replace":
            try:
                with open(os.path.join(directory, "target"), "rb") as file:
                    found = version_of(file.read())
            except FileNotFoundError:
                return "old and new are lost" if last else None
            if found is None:
                return "torn"
            return f"version {found} although {last} was durable" if found < last else None
        present = set()
        for name in os.listdir(directory):
            if name.startswith("target"):
                with open(os.path.join(directory, name), "rb") as file:
                    found = version_of(file.read())
                if found != int(name[6:]):
                    return f"{name} is torn"
                present.add(found)
            elif name.startswith("second"):
                version = int(name[6:])
                path = os.path.join(directory, name)
                with open(path, "rb") as file:
                    is_whole = file.read() == changed(version)
                # Without --fsync only what looks like its source must be what that is: no other copy would be made of it.
                has_time = os.stat(path).st_mtime == EPOCH + version
                # The first one is a copy like any other.
                counts = version > 1 and has_time or self.mode != "second copies in haste"
                if not is_whole and counts:
                    return f"{name} is torn" + (", with its source's time" if has_time else "")
                present.add(version)
            elif name.startswith("tree"):
                version = int(name[4:])
                for number in range(12):
                    path = os.path.join(directory, name, "sub" if number % 2 else "", str(number))
                    if not os.path.exists(path):
                        return f"{name} lacks {number}"
                    with open(path, "rb") as file:
                        if version_of(file.read(), 4096 * (number + 1)) != version:
                            return f"{name}: {number} is torn"
                present.add(version)
        if self.mode == "second copies in haste":
            return None
        expected = before if self.mode == "tree" else [v for v in before if v > last - 25]
        missing = [version for version in expected if version not in present]
        return f"{len(missing)} from {missing[0]} on were durable, and are gone" if missing else None


def campaign(kind, cuts, seed):
    """`cuts` in all, shared by the modes, each with its source inside and outside."""
    generator = random.Random(seed)
    outer = os.path.join(common.WORK, "outer")
    # The image is cloned, so it lies where that is possible.
    common.make_image("xfs", os.path.join(common.WORK, "outer.image"), 12 << 30)
    common.mount(os.path.join(common.WORK, "outer.image"), outer)
    counts = {"cuts": 0, "bad": 0, "copies": 0}
    try:
        modes = ["replace", "new names", "tree", "second copies"]
        # Where nothing is cloned a second copy is a copy.
        if kind != "ext4":
            modes.append("second copies in haste")
        for mode in modes:
            for inside in [True, False]:
                one_round(kind, mode, inside, max(cuts // 2 // len(modes), 1), outer, generator, counts)
    finally:
        common.unmount(outer)
        os.unlink(os.path.join(common.WORK, "outer.image"))
    common.report(f"power cuts on {kind}, seed {seed}", counts)
    return counts["bad"]


def one_round(kind, mode, inside, cuts, outer, generator, counts):
    image = os.path.join(outer, "image")
    common.make_image(kind, image, 1 << 30)
    directory = os.path.join(common.WORK, "cut")
    common.mount(image, directory)
    elsewhere = os.path.join(common.WORK, "elsewhere")
    os.makedirs(elsewhere, exist_ok=True)
    workload = Workload(mode, inside, directory, elsewhere)
    moments = []
    workload.thread.start()
    try:
        for number in range(cuts):
            time.sleep(generator.uniform(0.2, 0.6))
            begun = time.monotonic()
            common.run("cp", "--reflink=always", image, os.path.join(outer, f"cut{number}"))
            moments.append((begun, time.monotonic()))
    finally:
        workload.stopped = True
        workload.thread.join()
        common.unmount(directory)
    if workload.failed or not workload.durable:
        raise common.Failure(f"the workload failed: {workload.failed}")
    counts["copies"] += len(workload.durable)
    # One at a time, and none beside the file system it is a clone of.
    for number, (begun, ended) in enumerate(moments):
        cut = os.path.join(outer, f"cut{number}")
        if kind == "btrfs":
            subprocess.run(["btrfs", "device", "scan", "--forget"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        common.mount(cut, directory, "loop,nouuid" if kind == "xfs" else "loop")
        wrong = workload.judge(directory, begun, ended)
        common.unmount(directory)
        os.unlink(cut)
        counts["cuts"] += 1
        if wrong:
            counts["bad"] += 1
            common.fail(f"{kind}, {mode}, source {'inside' if inside else 'outside'}, cut {number}: {wrong}")
    os.unlink(image)
