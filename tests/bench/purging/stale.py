# SPDX-License-Identifier: Apache-2.0
"""Random requests, uploads, purges of all kinds, crashes, faults of disk and origin, held against a model: the simulation (tests/sim)."""
import os
import re
import subprocess

from fault import Fault
from purging.rig import Goal

SIM = "tests/sim/sim"
PLAYS = ("PurgesAgainstFillsAndRevalidations", "CrashesAndRestarts", "DiskIsFullAndFails", "OriginFails")
OPERATIONS = 300  # of a day
LIMIT = 1_800


def measure(rig):
    days = rig.scale.days // len(PLAYS)
    done = subprocess.run([f"{rig.programs}/{SIM}", "--gtest_filter=" + ":".join(f"Sim.{play}" for play in PLAYS)], check=False,
                          capture_output=True, text=True, timeout=LIMIT, env={**os.environ, "SELVAGE_SIM_SEEDS": str(days)})
    if not re.search(rf"\[==========\] {len(PLAYS)} tests", done.stdout):
        raise Fault(f"{SIM} did not end as expected: {done.stdout[-500:]}{done.stderr[-500:]}")
    complaints = len(re.findall(r"Failure", done.stdout))
    count = days * len(PLAYS) * OPERATIONS
    yield Goal("stale answers and other complaints", f"{complaints} in {count:,} operations", "0", complaints == 0 and done.returncode == 0)
