# SPDX-License-Identifier: Apache-2.0
"""What a hit costs with very many purges in the ledger, none of which matches, beside one with none: two edges in turn. All objects are older
than the purges, and another purge comes before each round, so that each object has to be held against the ledger once more."""
import statistics

from content import SIZES
from fault import Fault
from figures import CPU
from growing.rig import AT_RANDOM, FILE, Hits, ask_for_all, names
from purging.rig import Goal, purged_edge

BOUND = 3  # per cent
NAMES_AT_ONCE = 1_000
OBJECTS = 2_000


def fill(operator, count):
    for first in range(0, count, NAMES_AT_ONCE):
        operator.purge(tags=[f"nobody-{number}" for number in range(first, min(first + NAMES_AT_ONCE, count))])


def measure(rig):
    wanted = names(OBJECTS)
    hits = Hits(wanted, AT_RANDOM)
    with rig.serving({FILE: SIZES[FILE]}), purged_edge(rig, "empty") as (empty, few, _), purged_edge(rig, "full") as (full, many, _):
        for edge in (empty, full):
            ask_for_all(rig, edge, wanted)
            hits.prepare(rig, edge)
        fill(many, rig.scale.entries)
        if (held := full.metric("selvage_purge_entries")) < rig.scale.entries:
            raise Fault(f"the ledger holds {held:.0f} of {rig.scale.entries} entries")
        ratios = []
        for number in range(rig.scale.rounds):
            for operator in (few, many):
                operator.purge(tags=["nobody"])
            # Who is first changes, as what comes later in a round may find another machine.
            pair = (empty, full) if number % 2 == 0 else (full, empty)
            cost = {edge.name: hits.measure(rig, edge, number)[CPU] for edge in pair}
            ratios.append(cost["full"] / cost["empty"])
    more = (statistics.median(ratios) - 1) * 100
    yield Goal(f"hit with {rig.scale.entries:,} purges", f"{more:+.1f} % CPU", f"< {BOUND} %", more < BOUND)
