# SPDX-License-Identifier: Apache-2.0
"""A server's processes: started on one core, measured as a tree, ended by their numbers."""
import contextlib
import os
import signal
import subprocess
import time

from fault import Fault

SERVER_CORE = "0"
END_LIMIT = 10  # seconds until a process that was asked to end is made to


def stat_fields(pid):
    """Of /proc/PID/stat, from the third on: state, parent …; None if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def tree(pid):
    """The process and all its descendants."""
    children = {}
    for one in filter(str.isdigit, os.listdir("/proc")):
        fields = stat_fields(one)
        if fields:
            children.setdefault(int(fields[1]), []).append(int(one))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def started(pid):
    """When it was, in ticks since boot; a later process of the same number began later. None if it has ended."""
    fields = stat_fields(pid)
    return fields[19] if fields and fields[0] != "Z" else None


def cpu_nanoseconds(pid):
    """User and system time of all threads of a process, ended ones too, by the scheduler's clock: a clock's number is made of the
    process's as clock_getcpuclockid(3) does."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def memory_bytes(pid):
    """What the process holds in memory that is not backed by a file, shared pages by their share. Pages of files are the kernel's
    to drop, and programs that read() them hold them too, without being seen to."""
    total = 0
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        for line in file:
            if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                total += int(line.split()[1]) * 1024
    return total


class Process:
    """One program and what it starts, on the servers' core and as the user that `place` names."""

    def __init__(self, place, name, command, core=SERVER_CORE, environment=None):
        self.name = name
        self._known = {}  # process -> when it was started
        self.log = f"{place.logs}/{name}.log"
        with open(self.log, "ab") as out:
            self._process = subprocess.Popen(
                [*place.as_server, "taskset", "-c", core, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                cwd=place.folder, start_new_session=True, env={**os.environ, **(environment or {})})

    def pids(self):
        """The tree as it is now. What was ever in it is remembered, as children may outlive who started them."""
        found = tree(self._process.pid)
        self._known.update((pid, started(pid)) for pid in found)
        return found

    def check_alive(self):
        if self._process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                raise Fault(f"{self.name} ended with {self._process.returncode}: {file.read()[-2000:]}")

    def cpu_nanoseconds(self):
        total = 0
        for pid in self.pids():
            try:
                total += cpu_nanoseconds(pid)
            except OSError:
                continue  # has ended
        return total

    def memory_bytes(self):
        return sum(map(memory_bytes, self.pids()))

    def stop(self):
        """Ends the whole tree; what does not end when asked is killed, by number."""
        if self._process.poll() is None:
            self.pids()
            self._process.terminate()
            try:
                self._process.wait(END_LIMIT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        deadline = time.monotonic() + END_LIMIT
        while alive := [pid for pid, start in self._known.items() if start and started(pid) == start]:
            if time.monotonic() > deadline:
                for pid in alive:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.01)
