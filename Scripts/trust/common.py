"""What the campaigns share: file systems on loop devices, descriptions of trees, runs of the command."""
import hashlib
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import time

COMMAND = None  # an installed copy
WORK = None  # a directory that goes away at the end

MKFS = {
    "xfs": ["mkfs.xfs", "-q", "-f", "-m", "reflink=1"],
    "btrfs": ["mkfs.btrfs", "-q", "-f"],
    "ext4": ["mkfs.ext4", "-q", "-F"],
}


class Failure(Exception):
    pass


def run(*arguments, **options):
    return subprocess.run(arguments, check=True, **options)


def make_image(kind, path, size):
    with open(path, "wb") as image:
        image.truncate(size)
    run(*MKFS[kind], path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def mount(image, directory, options="loop,noatime"):
    os.makedirs(directory, exist_ok=True)
    run("mount", "-o", options, image, directory)


def unmount(directory):
    # A process that was killed may still hold something for a moment.
    for _ in range(100):
        if subprocess.run(["umount", directory], stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.1)
    raise Failure(f"{directory} stays busy: {holders(directory)}")


def holders(directory):
    """Which processes have something open below a directory, or mapped, or work in it."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        base = f"/proc/{process}"
        held = []
        try:
            links = [f"{base}/{name}" for name in ("cwd", "root", "exe")]
            links += [f"{base}/fd/{name}" for name in os.listdir(f"{base}/fd")]
            with open(f"{base}/maps") as maps:
                held += [line.split(maxsplit=5)[-1].strip() for line in maps]
        except OSError:
            continue
        for link in links:
            try:
                held.append(os.readlink(link))
            except OSError:
                pass
        found += [f"process {process}: {path}" for path in held if path.startswith(directory)]
    return "; ".join(found) or "nobody"


def attributes(path):
    found = {}
    for name in os.listxattr(path, follow_symlinks=False):
        # XFS shows its lists a second time.
        if not name.startswith("trusted.SGI_ACL"):
            found[name] = os.getxattr(path, name, follow_symlinks=False)
    return found


def describe(root, with_times=False):
    """Everything below a directory that a copy is to bring along: {relative path: facts}."""
    found = {}

    def add(path, name):
        status = os.lstat(path)
        kind = stat.S_IFMT(status.st_mode)
        facts = {
            "type": kind, "mode": status.st_mode & 0o7777, "owner": (status.st_uid, status.st_gid),
            "xattrs": attributes(path),
        }
        if kind != stat.S_IFDIR:
            facts["links"] = status.st_nlink
        if with_times:
            facts["time"] = status.st_mtime_ns
        if kind == stat.S_IFREG:
            with open(path, "rb") as file:
                facts["content"] = hashlib.sha1(file.read()).hexdigest()
        elif kind == stat.S_IFLNK:
            facts["content"] = os.readlink(path)
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            facts["content"] = status.st_rdev
        found[name] = facts
        if kind == stat.S_IFDIR:
            for entry in sorted(os.listdir(path)):
                add(os.path.join(path, entry), os.path.join(name, entry) if name else entry)

    if os.path.lexists(root):
        add(root, "")
    return found


def is_temporary(name):
    return any(re.fullmatch(r"\.reflink-[0-9a-z]{1,13}", part) for part in name.split("/"))


def settled(description):
    """Without what has a temporary name."""
    return {name: facts for name, facts in description.items() if not is_temporary(name)}


class Result:
    def __init__(self, status, errors):
        self.status = status
        self.errors = errors


def command(arguments, directory, tracing=(), timeout=60, limits=()):
    """Runs the command, under strace where there is something to inject, and under limits of the process:
    pairs of one of resource's RLIMIT_ and a number."""
    line = [COMMAND, *arguments]
    if tracing:
        line = ["strace", "-f", "-qq", "-o", os.path.join(WORK, "trace"), *tracing, *line]
    process = subprocess.Popen(
        line, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        start_new_session=True,
        preexec_fn=lambda: [resource.setrlimit(which, (value, value)) for which, value in limits] if limits else None)
    try:
        _, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return Result("hang", "")
    return Result(process.returncode, errors.decode(errors="replace"))


def trace_of(arguments, directory):
    """The calls of a run in order, from the first that is the command's own work."""
    result = command(arguments, directory, ["-e", "trace=all"])
    calls = []
    for line in open(os.path.join(WORK, "trace"), errors="replace"):
        match = re.match(r"(?:\d+ +)?([a-z_0-9]+)\(", line)
        if match:
            calls.append((match[1], line))
    start = next(i for i, (_, line) in enumerate(calls) if "SIGXFSZ" in line) + 1
    return result, [name for name, _ in calls], start


def clear(directory):
    for entry in os.listdir(directory):
        path = os.path.join(directory, entry)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def report(title, counts):
    print(f"{title}: " + ", ".join(f"{value} {name}" for name, value in counts.items()), flush=True)


def fail(message):
    print(f"FAILED: {message}", file=sys.stderr, flush=True)
