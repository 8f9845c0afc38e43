"""SIGKILL at every system call of one job, and at random times with several threads."""
import random
import subprocess
import time

import common
import scenarios


def campaign(kind, directory, stride, random_kills, seed):
    counts = {"kills": 0, "came too late": 0, "bad": 0, "leftovers": 0}
    for scenario in scenarios.for_file_system(kind):
        before, calls, start, want = scenarios.prepared(scenario, directory)
        # strace counts the calls of each name.
        points = [(name, calls[:index + 1].count(name)) for index, name in enumerate(calls)]
        for name, when in points[start::stride]:
            restore(scenario, directory, before)
            result = common.command(
                scenario.arguments, directory,
                ["-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={when}"])
            counts["came too late"] += result.status != -9
            judge(scenario, directory, before, want, counts, f"{kind}, {scenario.name}, {name} {when}")
    generator = random.Random(seed)
    for scenario in [s for s in scenarios.for_file_system(kind) if "-j1" in s.arguments]:
        several = scenarios.Scenario(
            scenario.name, scenario.setup + MANY,
            ["-j4" if word == "-j1" else word for word in scenario.arguments], scenario.promise)
        common.clear(directory)
        several.prepare(directory)
        before = common.describe(directory)
        begun = time.monotonic()
        common.command(several.arguments, directory)
        took = time.monotonic() - begun
        want = common.describe(directory)
        for number in range(random_kills):
            restore(several, directory, before)
            process = subprocess.Popen(
                [common.COMMAND, *several.arguments], cwd=directory, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            time.sleep(generator.uniform(0, 1.2 * took))
            process.kill()
            counts["came too late"] += process.wait() != -9
            judge(several, directory, before, want, counts, f"{kind}, {several.name}, at random {number}")
    if 2 * counts["came too late"] > counts["kills"]:
        raise common.Failure("most kills came too late")
    common.report(f"kills on {kind}, seed {seed}", counts)
    return counts["bad"]


MANY = "for i in $(seq 200); do head -c $((i * 91)) /dev/urandom > s/d/$i; done\n"


def restore(scenario, directory, before):
    """Everything but the source, which must stay as it is anyway."""
    subprocess.run("rm -rf t t~ .reflink-*", shell=True, cwd=directory, check=True)
    target = scenario.setup.split(scenarios.SOURCE, 1)[1].replace(MANY, "")
    subprocess.run(["bash", "-ec", target], cwd=directory, check=True)
    if "cp -a s t" in target:
        subprocess.run("rm -f t/d/[0-9]*", shell=True, cwd=directory, check=True)


def judge(scenario, directory, before, want, counts, what):
    counts["kills"] += 1
    after = common.describe(directory)
    wrong = scenarios.violation(scenario, before, after, want)
    counts["leftovers"] += sum(1 for name in after if common.is_temporary(name.split("/")[-1]))
    if wrong is None and "--atomic" in scenario.arguments:
        # The next run makes it complete, and takes away what this one left.
        if "t" in after and scenario.promise == "whole":
            pass
        else:
            # Of two names of one file, one that is left may be gone only after another run.
            common.command(scenario.arguments, directory)
            common.command(scenario.arguments, directory)
            again = common.describe(directory)
            # What has another name may be wanted, and is left.
            if any(common.is_temporary(name) and facts.get("links", 1) == 1
                   for name, facts in again.items()):
                wrong = "the next run leaves what the killed one left"
            elif not scenarios.same(scenarios.settled_target(again), scenarios.settled_target(want)):
                wrong = "the next run does not complete it"
    if wrong:
        counts["bad"] += 1
        common.fail(f"{what}: {wrong}")
