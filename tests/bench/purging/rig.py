# SPDX-License-Identifier: Apache-2.0
"""A purge API and edges that follow it, and what a client of the API does."""
import hashlib
import http.client
import json
import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass

from fault import Fault
from growing.rig import ROOMY, Edge
from place import START_LIMIT, free_port, wait_for_port
from process import SERVER_CORE, Process

PURGE = "purge/server/selvage-purge"
SITE = "bench"
TOKEN = "bench-operator"
NODE_TOKEN = "bench-node"
WAIT = "10s"
IDLE = 5  # seconds


@dataclass(frozen=True)
class Scale:
    rounds: int  # of hits beside hits
    seconds: float  # of one round of load, about
    purges: int  # one after the other, for their times
    objects: int  # with one tag
    entries: int  # in the ledger
    load: float  # seconds of purges at a fixed rate, and how often
    loads: int
    days: int  # of the simulation, 300 operations each


WHOLE = Scale(rounds=21, seconds=1.0, purges=2_000, objects=1_000_000, entries=100_000, load=5, loads=7, days=3_400)
QUICK = Scale(rounds=3, seconds=0.3, purges=100, objects=10_000, entries=5_000, load=2, loads=1, days=40)


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


class Api:
    """selvage-purge with its log on the disk, on the servers' core; plain HTTP."""

    def __init__(self, place, programs, name="purge"):
        self.port, self._place = free_port(), place
        folder = place.subfolder(name)
        program = f"{place.programs}/selvage-purge"
        if not os.path.exists(program):
            os.chmod(shutil.copy(f"{programs}/{PURGE}", place.programs), 0o755)
        config = place.write(f"{name}/purge.toml", f"""
[[listener]]
address = "127.0.0.1:{self.port}"
tls = false
[log_store]
folder = "{place.subfolder(f'{name}/log')}"
[[token]]
name = "operator"
sha256 = "{digest(TOKEN)}"
roles = ["purge", "read"]
sites = ["*"]
[[token]]
name = "nodes"
sha256 = "{digest(NODE_TOKEN)}"
roles = ["node"]
[[fastly_service]]
id = "{SITE}"
site = "{SITE}"
[fastly]
purge_rate = 100000
purge_burst = 1000000
[log]
level = "warn"
""")
        self._folder = folder
        self._process = Process(place, name, [program, "--config", config], core=SERVER_CORE)
        try:
            wait_for_port(self.port, self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


class Operator:
    """One connection to the API, one request after the other."""

    def __init__(self, api):
        self._connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
        self._used = time.monotonic()
        self._fields = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    def ask(self, method, path, body=None):
        """Its JSON, and how many seconds it took."""
        text = json.dumps(body) if body is not None else None
        if time.monotonic() - self._used > IDLE:
            self._connection.close()  # the API may have done so too; the next request opens it anew
        self._used = time.monotonic()
        begin = time.perf_counter()
        self._connection.request(method, path, text, self._fields)
        answer = self._connection.getresponse()
        found = answer.read()
        took = time.perf_counter() - begin
        if answer.status not in (200, 202):
            raise Fault(f"selvage-purge answered {method} {path} with {answer.status}: {found.decode(errors='replace')}")
        return json.loads(found), took

    def purge(self, **selector):
        """Until all edges have applied it; how many seconds that took."""
        found, took = self.ask("POST", f"/v1/purges?wait={WAIT}", {"site": SITE, **selector})
        if found["pending"] or found["away"] or not found["nodes"]:
            raise Fault(f"a purge was not applied by every edge: {found}")
        return took

    def wait_for_edge(self):
        deadline = time.monotonic() + START_LIMIT
        while not any(node["live"] for node in self.ask("GET", "/v1/nodes")[0]["nodes"]):
            if time.monotonic() > deadline:
                raise Fault("no edge follows the log")
            time.sleep(0.05)

    def behind(self):
        """Entries that edges have not acknowledged."""
        return max(node["behind"] for node in self.ask("GET", "/v1/nodes")[0]["nodes"])


class PurgedEdge(Edge):
    """An edge that follows an API's log."""

    def __init__(self, place, origin_port, api, name):
        self.name, self._api = name, api
        super().__init__(place, ROOMY, origin_port, 1, SERVER_CORE)

    def further_settings(self):
        return f"""
[purge]
url = "http://127.0.0.1:{self._api.port}"
token = "{NODE_TOKEN}"
state_folder = "{self.place.subfolder(f'{self.name}/state')}"
"""


@contextmanager
def purged_edge(rig, name="selvage"):
    """(edge, operator): with an API of its own, and nothing purged."""
    api = Api(rig.place, rig.programs, f"purge-of-{name}")
    try:
        edge = PurgedEdge(rig.place, rig.origin.port, api, name)
        try:
            edge.wait()
            operator = Operator(api)
            operator.wait_for_edge()
            yield edge, operator, api
        finally:
            edge.stop()
            edge.remove()
    finally:
        api.stop()


@dataclass(frozen=True)
class Goal:
    name: str
    found: str
    bound: str
    met: bool

    def __str__(self):
        return f"goal {self.name}: {self.found} (goal {self.bound}) {'met' if self.met else 'missed'}"
