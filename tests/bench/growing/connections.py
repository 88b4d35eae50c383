# SPDX-License-Identifier: Apache-2.0
"""Idle connections beside a load of hits."""
import resource
import time

from client import Connection, make_context
from content import SIZES
from growing.rig import FILE, Hits, cost_of_hits, table
from load import Shape
from peers.peer import Setting
from runner import tell
from workloads.workload import cpu_of

RESERVE = 600  # open files beside the idle connections: the load's, the tiers', the programs' own
FIRST = 100  # do not count: pools are grown then
OF_ONE_SOURCE = 5_000
SILENCE = 4  # seconds
BEGINNING = 20  # seconds until the time limits for what a connection begins with have run out


def slab_bytes():
    """What the kernel holds for sockets and the like, of all programs."""
    with open("/proc/meminfo", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Slab:"))


def open_more(edge, context, connections, count):
    while len(connections) < count:
        source = f"127.0.0.{2 + len(connections) // OF_ONE_SOURCE}"
        connections.append(Connection(edge.port, context, source=source))
        connections[-1].get("/" + FILE)


def silence(edge, opened):
    """Milliseconds of CPU in a second without a request, and without timers of connections that were opened lately."""
    time.sleep(max(0, opened + BEGINNING - time.monotonic()))
    cpu, _ = cpu_of(edge, lambda: time.sleep(SILENCE))
    return cpu / 1e6 / SILENCE


def step(rig, edge, count, before):
    """`before`: bytes of the process and of the kernel with the first connections, if more than those are open."""
    opened = time.monotonic()
    now = edge.memory_bytes(), slab_bytes()
    each = [f"{(after - first) / 1024 / (count - FIRST):.1f}" for after, first in zip(now, before)] if count > FIRST else ["–", "–"]
    cost = cost_of_hits(rig, edge, Hits(None, Shape()))
    quiet = silence(edge, opened)
    tell(f"{count:,} connections")
    return [count, *each, f"{quiet:.2f}", f"{cost.micros:.2f}"]


def measure(rig):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVE
    counts = sorted({min(count, limit) for count in rig.scale.connections})
    rows, connections = [], []
    with rig.serving({FILE: SIZES[FILE]}), rig.edge(Setting()) as edge:
        context = make_context(rig.place.certificate)
        try:
            cost_of_hits(rig, edge, Hits(None, Shape()))  # grows what a load grows
            open_more(edge, context, connections, FIRST)
            before = edge.memory_bytes(), slab_bytes()
            for count in counts:
                open_more(edge, context, connections, count)
                rows.append(step(rig, edge, count, before))
        finally:
            for connection in connections:
                connection.close()
    text = table("Idle h2 connections beside 32 that ask for 1 KiB", [
        "idle connections", "KiB of memory each", "KiB of the kernel each, both ends", "without a request, ms of CPU a second",
        "hit, µs of CPU"], rows)
    if limit < max(rig.scale.connections):
        text += f"\n\nOpen files are limited to {limit + RESERVE:,} here (ulimit -Hn), of which {RESERVE} are needed for the rest."
    return text
