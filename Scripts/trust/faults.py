"""A failure of every system call of one job: once, and from then on."""
import random

import common
import kills
import scenarios

# What each call may plausibly answer.
ERRORS = {
    "openat": ["EACCES", "EIO", "EMFILE", "ENOMEM", "ENOENT", "EPERM"],
    "statx": ["EACCES", "EIO", "ENOMEM", "ENOENT"],
    "ioctl": ["EIO", "ENOSPC", "EINVAL", "EOPNOTSUPP", "EPERM", "ETXTBSY"],
    "copy_file_range": ["EIO", "ENOSPC", "EINVAL", "EDQUOT", "EOPNOTSUPP"],
    "pread64": ["EIO"], "preadv2": ["EIO"], "pwrite64": ["EIO", "ENOSPC", "EDQUOT"],
    "pwritev2": ["EIO", "ENOSPC", "EDQUOT"],
    "ftruncate": ["EIO", "EPERM"], "fallocate": ["EIO", "ENOSPC", "EOPNOTSUPP"],
    "lseek": ["EIO", "EINVAL"],
    "fchmod": ["EPERM", "EIO", "EROFS"], "fchmodat2": ["EPERM", "EIO", "ENOSYS"],
    "fchown": ["EPERM", "EIO", "EDQUOT"], "fchownat": ["EPERM", "EIO"],
    "utimensat": ["EPERM", "EIO"],
    "flistxattr": ["EIO", "E2BIG", "ENOMEM", "EOPNOTSUPP", "EPERM"],
    "fgetxattr": ["EIO", "ENOMEM", "EPERM"], "fsetxattr": ["EIO", "ENOSPC", "EPERM", "EDQUOT"],
    "getxattr": ["EIO"], "setxattr": ["EIO", "ENOSPC"], "listxattr": ["EIO", "ENOMEM"],
    "fremovexattr": ["EIO", "EPERM"],
    "linkat": ["EMLINK", "EIO", "EPERM", "ENOSPC"], "renameat": ["EIO", "EACCES", "ENOSPC"],
    "renameat2": ["EIO", "EACCES", "EPERM"], "unlinkat": ["EIO", "EACCES", "EPERM"],
    "mkdirat": ["EIO", "ENOSPC", "EACCES", "EMLINK"], "mknodat": ["EIO", "EPERM", "ENOSPC"],
    "symlinkat": ["EIO", "ENOSPC", "EPERM"], "readlinkat": ["EIO", "EACCES"],
    "getdents64": ["EIO", "EACCES"], "fsync": ["EIO", "ENOSPC"], "syncfs": ["EIO", "ENOSPC"],
    "close": ["EIO", "ENOSPC"], "fcntl": ["EMFILE"], "flock": ["ENOLCK"], "fstatfs": ["EIO"],
    "clone3": ["EAGAIN"], "ppoll": ["EACCES"], "waitid": ["EACCES"],
}


def campaign(kind, directory, stride, seed):
    generator = random.Random(seed)
    counts = {"faults": 0, "bad": 0, "told": 0, "done without": 0}
    for scenario in scenarios.for_file_system(kind):
        before, calls, start, want = scenarios.prepared(scenario, directory)
        points = []
        seen = {}
        for index, name in enumerate(calls):
            seen[name] = seen.get(name, 0) + 1
            if index >= start and name in ERRORS:
                points += [(name, seen[name], error) for error in ERRORS[name]]
        if stride > 1:
            points = generator.sample(points, len(points) // stride + 1)
        for name, when, error in points:
            for suffix in ["", "+"]:
                kills.restore(scenario, directory, before)
                result = common.command(
                    scenario.arguments, directory,
                    ["-e", f"trace={name}", "-e", f"inject={name}:error={error}:when={when}{suffix}"])
                judge(
                    scenario, directory, before, want, result, counts,
                    f"{kind}, {scenario.name}, {name} {when}{suffix} {error}")
    common.report(f"faults on {kind}, seed {seed}", counts)
    return counts["bad"]


def judge(scenario, directory, before, want, result, counts, what):
    counts["faults"] += 1
    after = common.describe(directory)
    wrong = None
    if result.status == "hang":
        wrong = "it does not end"
    elif result.status not in (0, 1):
        wrong = f"it ended with {result.status}"
    elif result.status == 0:
        counts["done without"] += 1
        # A file system that knows no attributes has none to keep; lists are asked for by name.
        knows_none = "listxattr" in what and what.endswith("EOPNOTSUPP")
        wrong = difference(scenario, after, want, knows_none)
        if any(common.is_temporary(name) for name in after):
            wrong = wrong or "a temporary name is left, with status 0"
    else:
        counts["told"] += 1
        # The source, the target, an earlier copy, an earlier clone.
        if not any(f"'{path}" in result.errors for path in ("s", "t", ".", "e'", "p'")):
            wrong = f"the message names nothing: {result.errors!r}"
        for name in after:
            if common.is_temporary(name.split("/")[-1]) and name not in result.errors:
                wrong = f"{name} is left, and not told: {result.errors!r}"
    if wrong is None and result.status == 1:
        # A tree of which something cannot be copied has all the rest, as that is told.
        promise = "atomic" if scenario.promise == "whole" and "--snapshot" not in scenario.arguments else None
        # Where there is no room for both, what is to be removed goes first, as documented.
        if "--remove-destination" in scenario.arguments and what.endswith(("ENOSPC", "EDQUOT")):
            promise = "kept"
        wrong = scenarios.violation(scenario, before, after, want, promise)
    if wrong:
        counts["bad"] += 1
        common.fail(f"{what}: {wrong}")


def difference(scenario, after, want, only_lists=False):
    """What is not right although nothing was told. Plain extended attributes are kept where possible."""
    after, want = scenarios.settled_target(after), scenarios.settled_target(want)
    if after.keys() != want.keys():
        return f"{set(after) ^ set(want)} with status 0"
    for name, facts in want.items():
        found = after[name]
        for key in facts:
            one, other = facts[key], found[key]
            if key == "xattrs" and (only_lists or "--snapshot" not in scenario.arguments):
                one = {k: v for k, v in one.items() if k.startswith("system.posix_acl")}
                other = {k: v for k, v in other.items() if k.startswith("system.posix_acl")}
            if one != other:
                return f"{name}: {key} is {other}, not {one}, with status 0"
    return None
