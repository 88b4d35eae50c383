# SPDX-License-Identifier: Apache-2.0
"""From the request of a purge to "applied by every edge", one purge after the other: durable in the API's log and at the edge."""
import statistics

from content import SIZES
from growing.rig import FILE
from purging.rig import Goal, purged_edge

BOUNDS = ((0.5, 5), (0.99, 20))  # milliseconds beyond the round trip


def measure(rig):
    with rig.serving({FILE: SIZES[FILE]}), purged_edge(rig) as (_, operator, _):
        trips = sorted(operator.ask("GET", "/v1/nodes")[1] for _ in range(200))
        times = sorted(operator.purge(tags=[f"tag-{number}"]) for number in range(rig.scale.purges))
    trip = statistics.median(trips)
    for part, bound in BOUNDS:
        beyond = (times[int(part * (len(times) - 1))] - trip) * 1000
        yield Goal(f"answer to applied, p{part * 100:.0f}", f"{beyond:.1f} ms", f"< {bound} ms", beyond < bound)
