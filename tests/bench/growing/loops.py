# SPDX-License-Identifier: Apache-2.0
"""Loops. On two cores there is no room for a load beside two of them: the second row says what sharing does to one, and only the third
beside the second says anything of the loops: whether two cost more for each request than one does."""
from content import SIZES
from growing.rig import FILE, Hits, cost_of_hits, table
from load import CORE, Shape
from peers.peer import Setting
from process import SERVER_CORE
from runner import tell

BOTH = f"{SERVER_CORE},{CORE}"
CASES = ((1, SERVER_CORE, CORE, "a core of its own"), (1, BOTH, BOTH, "both cores, shared with the load"),
         (2, BOTH, BOTH, "both cores, shared with the load"))


def step(rig, loops, cores, load_cores, text):
    with rig.edge(Setting(), loops, cores) as edge:
        cost = cost_of_hits(rig, edge, Hits(None, Shape(connections=16, streams=16, processes=4, cores=load_cores)))
    tell(f"{loops} loops, {text}")
    return [loops, text, f"{cost.rate:,.0f}", f"{cost.micros:.2f}"]


def measure(rig):
    with rig.serving({FILE: SIZES[FILE]}):
        rows = [step(rig, *case) for case in CASES]
    return table("Loops, 64 h2 connections × 16 streams, 1 KiB", ["loops", "on", "requests/s", "hit, µs of CPU"], rows)
