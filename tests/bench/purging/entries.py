# SPDX-License-Identifier: Apache-2.0
"""What a hit costs with very many purges in the ledger, none of which matches, beside one with none: two edges in turn."""
import statistics

from content import SIZES
from figures import CPU
from growing.rig import FILE, Hits
from load import Shape
from purging.rig import Goal, purged_edge

BOUND = 3  # per cent
NAMES_AT_ONCE = 1_000


def fill(operator, count):
    for first in range(0, count, NAMES_AT_ONCE):
        operator.purge(tags=[f"nobody-{number}" for number in range(first, min(first + NAMES_AT_ONCE, count))])


def measure(rig):
    hits = Hits(None, Shape(connections=32, streams=16))
    with rig.serving({FILE: SIZES[FILE]}), purged_edge(rig, "empty") as (empty, _, _), purged_edge(rig, "full") as (full, operator, _):
        fill(operator, rig.scale.entries)
        for edge in (empty, full):
            hits.prepare(rig, edge)
        ratios = []
        for number in range(rig.scale.rounds):
            # Who is first changes, as what comes later in a round may find another machine.
            pair = (empty, full) if number % 2 == 0 else (full, empty)
            cost = {edge.name: hits.measure(rig, edge, number)[CPU] for edge in pair}
            ratios.append(cost["full"] / cost["empty"])
    more = (statistics.median(ratios) - 1) * 100
    yield Goal(f"hit with {rig.scale.entries:,} purges", f"{more:+.1f} % CPU", f"< {BOUND} %", more < BOUND)
