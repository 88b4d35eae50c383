# SPDX-License-Identifier: Apache-2.0
"""Purges at a steady rate through the API and the edge while the edge serves hits at a steady rate."""
import re
import subprocess
import threading
import time

from content import SIZES
from fault import Fault
from figures import P99
from growing.rig import FILE, Hits
from load import CORE, Shape
from purging.rig import SITE, TOKEN, Goal, purged_edge

PURGES = 5_000  # a second
CONNECTIONS = 20
HITS = Shape(connections=8, streams=4, per_second=2_000)
TIMES = 2
CATCH_UP = 30  # seconds


class Purging:
    """h2load that purges different keys by Fastly's API."""

    def __init__(self, rig, api):
        self.count = int(PURGES * rig.scale.load)
        base = f"http://127.0.0.1:{api.port}/service/{SITE}/purge/"
        urls = rig.place.write("purges.urls", "".join(f"{base}key-{number}\n" for number in range(self.count // CONNECTIONS + 1)))
        body = rig.place.write("purges.body", "{}")
        self._command = ["taskset", "-c", CORE, "h2load", "--h1", "-t", "1", "-n", str(self.count), "-c", str(CONNECTIONS),
                         f"--rps={PURGES / CONNECTIONS}", "-d", body, "-H", f"Fastly-Key: {TOKEN}", "-H", "Content-Type: application/json",
                         "-i", urls]
        self.seconds, self.failed = 0.0, ""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        begin = time.monotonic()
        done = subprocess.run(self._command, check=False, capture_output=True, text=True)
        self.seconds = time.monotonic() - begin
        if not re.search(rf"status codes: {self.count} 2xx", done.stdout):
            self.failed = " ".join(done.stdout.split()[-60:])

    def finish(self):
        self._thread.join()
        if self.failed:
            raise Fault(f"h2load: not all purges went well: {self.failed}")


def measure(rig):
    hits = Hits(None, HITS)
    with rig.serving({FILE: SIZES[FILE]}), purged_edge(rig) as (edge, operator, api):
        hits.prepare(rig, edge)
        hits.requests = lambda *_: int(HITS.per_second * rig.scale.load)
        alone = hits.measure(rig, edge, 0)[P99]
        purging = Purging(rig, api)
        beside = hits.measure(rig, edge, 1)[P99]
        purging.finish()
        deadline = time.monotonic() + CATCH_UP
        begin = time.monotonic()
        while operator.behind():
            if time.monotonic() > deadline:
                raise Fault(f"the edge is {operator.behind()} purges behind {CATCH_UP} s after the last")
            time.sleep(0.01)
        late = time.monotonic() - begin
    rate = purging.count / (purging.seconds + late)
    bound = 0.95 * PURGES  # of a generator that is paced, start and end included
    yield Goal("purges a second", f"{rate:,.0f}", f">= {bound:,.0f}", rate >= bound)
    yield Goal("hits meanwhile, p99", f"{beside:,.0f} µs, {beside / alone:.2f} × of {alone:,.0f} without", f"<= {TIMES} ×", beside <= TIMES * alone)
