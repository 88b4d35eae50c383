# SPDX-License-Identifier: Apache-2.0
"""Whether this machine can be measured on."""
import os
import resource
import shutil

from fault import Fault
from place import temporary_folder

TOOLS = {"selvage": ("setpriv", "taskset", "h2load", "curl", "openssl"), "nginx": ("nginx",), "haproxy": ("haproxy",),
         "trafficserver": ("traffic_server",), "varnish": ("varnishd", "hitch"), "h2o": ("h2o",)}
OPEN_FILES_NEEDED = 20_000
DISK_NEEDED = 10 << 30


def check_machine(names):
    """Faults that would come late otherwise."""
    for name in names:
        for tool in TOOLS[name]:
            if not shutil.which(tool):
                raise Fault(f"there is no {tool}; deploy/install-packages --bench installs it")
    cores = os.sched_getaffinity(0)
    if not {0, 1} <= cores:
        raise Fault(f"found cores {sorted(cores)}, needed: 0 for the servers and 1 for the load")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < OPEN_FILES_NEEDED:
        raise Fault(f"found a limit of {hard} open files, needed: {OPEN_FILES_NEEDED} (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    free = shutil.disk_usage(temporary_folder()).free
    if free < DISK_NEEDED:
        raise Fault(f"found {free >> 30} GiB free in {temporary_folder()}, needed: {DISK_NEEDED >> 30}; TMPDIR may name another folder")
