# SPDX-License-Identifier: Apache-2.0
"""What all growths have in common: an edge of any number of loops, hits on many names of one file, a Markdown table."""
import random
import shutil
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace

import content
from figures import CPU, RATE
from load import Shape, h2load
from origin import FileOrigin
from peers.peer import MIB, Setting
from peers.selvage import Selvage
from process import SERVER_CORE
from workloads.workload import Loaded

FILE = "1KiB"
ROOMY = Setting(memory=8192 * MIB, disk=16384 * MIB)
# One connection each: the connections of one h2load go through its list in step, and all but the first would find what they ask for
# in the processor's caches.
AT_RANDOM = Shape(connections=1, streams=64, processes=8)
FILL = Shape(connections=1, streams=32, processes=4)
TURN = "selvage_loop_longest_turn_seconds"
FILL_AT_ONCE = 50_000


@dataclass(frozen=True)
class Scale:
    rounds: int
    seconds: float  # of one round of load, about
    objects: tuple
    connections: tuple
    tagged: int  # objects
    store: int  # objects at most, in the store without an edge


WHOLE = Scale(rounds=5, seconds=1.5, objects=(10_000, 100_000, 1_000_000), connections=(100, 1_000, 5_000, 20_000), tagged=20_000,
              store=1_000_000)
QUICK = Scale(rounds=1, seconds=0.5, objects=(1_000, 10_000), connections=(100, 1_000), tagged=2_000, store=10_000)


@dataclass
class Rig:
    """What a workload needs of a run (workloads/workload.py), and what a growth needs beside it."""
    place: object
    scale: Scale
    programs: str
    origin: object = None

    @contextmanager
    def serving(self, sizes, tags=None):
        """The origin, with files of these sizes."""
        content.write(self.place.content, sizes)
        self.origin = FileOrigin(self.place, tags)
        try:
            yield self.origin
        finally:
            self.origin.stop()

    @contextmanager
    def edge(self, setting=ROOMY, loops=1, cores=SERVER_CORE, keep=False):
        """`keep`: what it has stored stays for the next one."""
        begin = time.monotonic()
        edge = Edge(self.place, setting, self.origin.port, loops, cores)
        try:
            edge.wait()
            edge.started = time.monotonic() - begin
            yield edge
        finally:
            edge.stop()
            if not keep:
                self.forget()

    def forget(self):
        """What edges have stored."""
        shutil.rmtree(f"{self.place.folder}/{Edge.name}", ignore_errors=True)


class Edge(Selvage):
    """An edge with as many loops as wanted, on the cores that are wanted."""

    started = 0.0  # seconds until it did handshakes

    def __init__(self, place, setting, origin_port, loops, cores):
        self.loops, self.cores = loops, cores
        super().__init__(place, setting, origin_port)


def names(count, file=FILE):
    """So many objects of one file: the query is part of the key, and the origin does not look at it."""
    return [f"{file}?n={number}" for number in range(count)]


def ask_for_all(rig, edge, wanted):
    """Each once, from several clients at a time, in pieces that end before the load's limit. Seconds of the edge's longest turn."""
    edge.metric(TURN)  # forgets the turns before
    for first in range(0, len(wanted), FILL_AT_ONCE):
        piece = wanted[first:first + FILL_AT_ONCE]
        each = -(-len(piece) // FILL.processes)
        lists = [piece[at:at + each] for at in range(0, len(piece), each)]
        h2load(rig.place, edge.port, lists, each * len(lists), replace(FILL, processes=len(lists)))
    longest = edge.metric(TURN)
    edge.settle()
    return longest


class Hits(Loaded):
    """Hits on a file or, at random, on many names of it."""

    def __init__(self, wanted, shape, file=FILE):
        super().__init__("hits", "", shape, 4_096)
        self._wanted, self._file = wanted, file

    def names(self, run):
        return [self._file]

    def paths(self, run, number):
        if self._wanted is None:
            return [self._file]
        source = random.Random(content.SEED + number)
        each = self._requests.get(Edge.name, 4_096) // self.shape.processes + 1
        return [source.choices(self._wanted, k=each) for _ in range(self.shape.processes)]


@dataclass(frozen=True)
class Cost:
    """Of a hit: medians of rounds."""
    micros: float
    rate: float


def cost_of_hits(rig, edge, hits):
    hits.prepare(rig, edge)
    rounds = [hits.measure(rig, edge, number) for number in range(rig.scale.rounds)]
    return Cost(*(statistics.median(found[figure] for found in rounds) for figure in (CPU, RATE)))


def table(title, heads, rows):
    """`rows`: of texts and numbers, the first of which is what grows."""
    lines = [f"### {title}", "", "| " + " | ".join(heads) + " |", "|" + "---:|" * len(heads)]
    lines += ["| " + " | ".join(cell if isinstance(cell, str) else f"{cell:,}" for cell in row) + " |" for row in rows]
    return "\n".join(lines)
