# SPDX-License-Identifier: Apache-2.0
"""The programs that are measured, built as deploy/quickstart builds them."""
import os
import subprocess

from fault import Fault
from runner import tell

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = ("edge/node/selvage-edge", "origin/server/selvage-origin")


def build(programs):
    """A release as deploy/quickstart makes it; with the tests' folders, so that the programs beside this one can be built there."""
    folder, log = os.path.join(REPOSITORY, "build-release"), os.path.join(REPOSITORY, "build-release.log")
    tell(f"building a release into {folder} (some minutes the first time)")
    with open(log, "w", encoding="utf-8") as out:
        commands = [["ninja", "-C", folder, *programs]]
        if not os.path.exists(f"{folder}/build.ninja"):
            commands.insert(0, ["meson", "setup", "--buildtype=release", "-Db_lto=true", "-Dwerror=false", folder, REPOSITORY])
        for command in commands:
            if subprocess.run(command, stdout=out, stderr=out, check=False).returncode != 0:
                raise Fault(f"{command[0]} failed; the whole log is {log}")
    os.unlink(log)
    return folder
