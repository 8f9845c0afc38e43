"""Runs the campaigns; see Scripts/check-trust."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

import common
import cuts
import faults
import kills
import limits
import races
import scenarios

KINDS = ["ext4", "xfs", "btrfs"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--command", default=".build/release/swift-cp-reflink")
    parser.add_argument("--file-system", action="append", choices=KINDS)
    parser.add_argument("--scenario", action="append", default=[])
    parser.add_argument("campaigns", nargs="*")
    options = parser.parse_args()
    scenarios.CHOSEN.extend(options.scenario)
    chosen = options.campaigns or ["kills", "faults", "limits", "cuts", "races"]
    seed = int(os.environ.get("REFLINK_SEED", time.time_ns() % 1_000_000))
    common.WORK = tempfile.mkdtemp(prefix="reflink-trust-")
    mounted = []
    bad = 0
    try:
        common.COMMAND = os.path.join(common.WORK, "swift-cp-reflink")
        shutil.copy(options.command, common.COMMAND)
        for kind in options.file_system or KINDS:
            if "kills" in chosen or "faults" in chosen or "races" in chosen:
                image = os.path.join(common.WORK, f"{kind}.image")
                common.make_image(kind, image, 1 << 30)
                directory = os.path.join(common.WORK, kind)
                common.mount(image, directory)
                mounted.append(directory)
                place = os.path.join(directory, "place")
                os.mkdir(place)
                if "kills" in chosen:
                    bad += kills.campaign(
                        kind, place, *((7, 6) if options.short else (1, 70)), seed)
                if "faults" in chosen:
                    bad += faults.campaign(kind, place, 40 if options.short else 1, seed)
                if "races" in chosen:
                    bad += races.campaign(kind, place, 300 if options.short else 10_000)
                mounted.remove(directory)
                common.unmount(directory)
            if "limits" in chosen:
                bad += limits.campaign(kind, options.short, seed)
            if "cuts" in chosen:
                bad += cuts.campaign(kind, 6 if options.short else 600, seed)
    finally:
        for directory in mounted:
            common.unmount(directory)
        shutil.rmtree(common.WORK, ignore_errors=True)
    if bad:
        print(f"check-trust: {bad} promises did not hold", file=sys.stderr)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
