# SPDX-License-Identifier: Apache-2.0
"""Hits in memory: of one object, and of many."""
import content
from figures import MEMORY, P50, P99
from load import Shape
from workloads.workload import Loaded

TITLES = {"1KiB": "1 KiB", "10KiB": "10 KiB", "100KiB": "100 KiB", "1MiB": "1 MiB", "100MiB": "100 MiB"}
SHAPES = {"1MiB": Shape(connections=16, streams=4), "100MiB": Shape(connections=4, streams=1)}
WARM_UP = {"1KiB": 4_096, "10KiB": 2_048, "100KiB": 512, "1MiB": 64, "100MiB": 4}
MANY = Shape(connections=4, streams=16, processes=8)
OPEN_LOOP_RATE = 8_000


class OneObject(Loaded):
    def __init__(self, size, name=None, http1=False):
        shape = SHAPES.get(size, Shape(http1=http1))
        how = "HTTP/1.1" if http1 else "h2"
        streams = "" if http1 or shape.streams == 1 else f" × {shape.streams} streams"
        super().__init__(name or size, f"{TITLES[size]}, {how}, {shape.connections} connections{streams}", shape, WARM_UP[size])
        self._size = size
        self.per_megabyte = content.SIZES[size] if content.SIZES[size] >= 1 << 20 else 0

    def paths(self, run, number):
        return [self._size]

    def names(self, run):
        return [self._size]

    def measure(self, run, peer, number):
        found = super().measure(run, peer, number)
        if not self.shape.http1:  # else more than this workload has grown the server
            found[MEMORY] = peer.memory_bytes() / (1 << 20)
        return found


def mixed_paths(names, number, processes):
    """For each process an order of its own, another one in each round."""
    return [content.shuffled(names, number * processes + process) for process in range(processes)]


class ManyObjects(Loaded):
    def __init__(self, scale, warm_up=8_192):
        title = f"{scale.small_objects:,} objects of 1–16 KiB, h2, 32 connections × 16 streams"
        super().__init__("objects", title, MANY, warm_up)

    def names(self, run):
        return list(content.small_objects(run.scale.small_objects))

    def paths(self, run, number):
        return mixed_paths(self.names(run), number, MANY.processes)

    def measure(self, run, peer, number):
        return {**super().measure(run, peer, number), MEMORY: peer.memory_bytes() / (1 << 20)}


class OpenLoop(ManyObjects):
    """Requests come when they come, whether earlier ones are answered or not: the latency that clients see at a moderate load."""

    def __init__(self, scale):
        super().__init__(scale, warm_up=1_024)
        self.name = "open-loop"
        self.title = f"{OPEN_LOOP_RATE:,} requests/s over {scale.small_objects:,} objects, h2, 32 connections, open loop"
        self.shape = Shape(connections=4, streams=100, processes=8, per_second=OPEN_LOOP_RATE)

    def requests(self, run, peer):
        return int(OPEN_LOOP_RATE * run.scale.seconds * 1.5)

    def measure(self, run, peer, number):
        found = super().measure(run, peer, number)
        return {P50: found[P50], P99: found[P99]}
