# SPDX-License-Identifier: Apache-2.0
"""Purges at a steady rate through the API and the edge while the edge serves hits at a steady rate. Rounds with and without purges
alternate, as a machine's speed varies over minutes; the figure is the median of their ratios."""
import re
import statistics
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
    """h2load that purges keys by Fastly's API, in each round others."""

    def __init__(self, rig, api, number):
        self.count = int(PURGES * rig.scale.load)
        base = f"http://127.0.0.1:{api.port}/service/{SITE}/purge/key-{number}-"
        urls = rig.place.write("purges.urls", "".join(f"{base}{key}\n" for key in range(self.count // CONNECTIONS + 1)))
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


def beside_purges(rig, operator, api, measure_hits, number):
    """The hits' p99, and how many purges a second were applied."""
    purging = Purging(rig, api, number)
    found = measure_hits()
    purging.finish()
    begin = time.monotonic()
    while operator.behind():
        if time.monotonic() - begin > CATCH_UP:
            raise Fault(f"the edge is {operator.behind()} purges behind {CATCH_UP} s after the last")
        time.sleep(0.01)
    return found, purging.count / (purging.seconds + time.monotonic() - begin)


def measure(rig):
    hits = Hits(None, HITS)
    rounds = []
    with rig.serving({FILE: SIZES[FILE]}), purged_edge(rig) as (edge, operator, api):
        hits.prepare(rig, edge)
        hits.requests = lambda *_: int(HITS.per_second * rig.scale.load)
        for number in range(rig.scale.loads):
            alone = hits.measure(rig, edge, 2 * number)[P99]
            rounds.append((alone, *beside_purges(rig, operator, api, lambda: hits.measure(rig, edge, 2 * number + 1)[P99], number)))
    alone, beside, rate = (statistics.median(column) for column in zip(*rounds))
    ratio = statistics.median(with_purges / without for without, with_purges, _ in rounds)
    bound = 0.95 * PURGES  # of a generator that is paced, start and end included
    yield Goal("purges a second", f"{rate:,.0f}", f">= {bound:,.0f}", rate >= bound)
    yield Goal("hits meanwhile, p99", f"{beside:,.0f} µs, {ratio:.2f} × of {alone:,.0f} without", f"<= {TIMES} ×", ratio <= TIMES)
