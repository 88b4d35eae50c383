# SPDX-License-Identifier: Apache-2.0
"""selvage-edge: both tiers, and no purge API unless a subclass names one. Its settings know no cipher: it prefers the one that all use here."""
import re
import time
import urllib.request

from fault import Fault
from place import free_port, wait_for_port
from peers.peer import Peer

WRITE_LIMIT = 120


class Selvage(Peer):
    name = "selvage"
    loops = 1
    fills = 2  # in case its disk tier takes only what is asked for again

    def start(self):
        self._admin = free_port()
        config = self.write("edge.toml", f"""
[edge]
node = "bench"
loops = {self.loops}
drain = "1s"
[[listener]]
address = "127.0.0.1:{self.port}"
[admin]
address = "127.0.0.1:{self._admin}"
[[certificate]]
certificate = "{self.place.certificate}"
key = "{self.place.key}"
[tls]
tls12 = false
[memory]
budget = {self.setting.memory}
[disk]
folder = "{self.storage}"
budget = {self.setting.disk}
[origins.main]
url = "http://127.0.0.1:{self.origin_port}"
[[site]]
name = "bench"
hosts = ["localhost"]
origin = "main"
[limits]
idle = "{self.idle_seconds}s"
[log]
level = "warn"
{self.further_settings()}""")
        self.run("selvage-edge", [f"{self.place.programs}/selvage-edge", "--config", config])

    def further_settings(self):
        """Tables of the configuration, for subclasses."""
        return ""

    def wait(self):
        super().wait()
        wait_for_port(self._admin, self.processes[-1])

    def settle(self):
        """What waits to be written is in memory and would be served from there."""
        deadline = time.monotonic() + WRITE_LIMIT
        while self.metric("selvage_disk_queued_bytes") > 0:
            if time.monotonic() > deadline:
                raise Fault(f"selvage-edge has not written to disk what it fetched after {WRITE_LIMIT} s")
            time.sleep(0.1)

    def metric(self, name):
        """The sum over all labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._admin}/metrics", timeout=10) as answer:
            values = re.findall(rf"^{name}(?:{{\S*}})? (\S+)", answer.read().decode(), re.M)
        return sum(map(float, values))
