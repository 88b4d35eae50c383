# SPDX-License-Identifier: Apache-2.0
"""The tiers without an edge: tests/bench/store_growth.cc."""
import os
import subprocess

from fault import Fault
from place import temporary_folder
from process import SERVER_CORE
from runner import tell

PARTS = ("memory", "index", "disk")


def measure(rig):
    parts = ["### The tiers without an edge"]
    for part in PARTS:
        run = subprocess.run(["taskset", "-c", SERVER_CORE, f"{rig.programs}/tests/bench/store-growth", part, str(rig.scale.store)],
                             check=False, capture_output=True, text=True, env={**os.environ, "TMPDIR": temporary_folder()})
        if run.returncode != 0:
            raise Fault(f"store-growth {part} ended with {run.returncode}: {run.stderr.strip()}")
        parts.append(run.stdout.strip())
        tell(f"store: {part}")
    return "\n\n".join(parts)
