# SPDX-License-Identifier: Apache-2.0
"""What all servers beside each other have in common: processes of their own, one TLS port, a cache folder."""
import shutil
import time
from dataclasses import dataclass

from client import Connection, make_context
from fault import Fault
from place import START_LIMIT, free_port, wait_for_port
from process import SERVER_CORE, Process

MIB = 1 << 20


@dataclass(frozen=True)
class Setting:
    """How large the caches are in a workload. `on_disk`: memory holds a small part, the rest lies on disk."""
    memory: int = 512 * MIB
    disk: int = 3072 * MIB
    on_disk: bool = False


class Peer:
    """A running server. A subclass says in `start` what it consists of; the last process to start listens on `port`."""

    name = ""
    is_cache = True  # false: serves files, knows no origin
    has_disk = True
    fills = 1  # how often each object is asked for until it is where it is to be
    cipher = "TLS_AES_128_GCM_SHA256"
    cores = SERVER_CORE
    idle_seconds = 600  # longer than any workload keeps a connection waiting

    def __init__(self, place, setting, origin_port):
        self.place, self.setting, self.origin_port = place, setting, origin_port
        self.port = free_port()
        self.folder = place.subfolder(self.name)
        self.storage = place.subfolder(f"{self.name}/cache") if self.is_cache else place.content  # where bodies lie on disk
        self.processes = []
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def start(self):
        """Starts the processes, in the order in which they need each other."""
        raise NotImplementedError

    def run(self, name, command, environment=None):
        process = Process(self.place, name, command, core=self.cores, environment=environment)
        self.processes.append(process)
        return process

    def write(self, name, text):
        return self.place.write(f"{self.name}/{name}", text)

    def wait(self):
        """Returns when it does handshakes: some listen before they know whether they can start."""
        wait_for_port(self.port, self.processes[-1])
        deadline = time.monotonic() + START_LIMIT
        while True:
            self.check_alive()
            try:
                Connection(self.port, make_context(self.place.certificate)).close()
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise Fault(f"{self.name}: no handshake after {START_LIMIT} s: {error}") from None
                time.sleep(0.02)

    def stop(self):
        while self.processes:
            self.processes.pop().stop()

    def remove(self):
        """What it has stored: the next stage begins with empty caches."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self):
        return [pid for process in self.processes for pid in process.pids()]

    def cpu_nanoseconds(self):
        return sum(process.cpu_nanoseconds() for process in self.processes)

    def memory_bytes(self):
        return sum(process.memory_bytes() for process in self.processes)

    def check_alive(self):
        for process in self.processes:
            process.check_alive()

    def settle(self):
        """Returns when what was fetched is where it is to be; for servers that write behind."""
