# SPDX-License-Identifier: Apache-2.0
"""What was measured: values of all rounds, by figure, workload and peer."""
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`digits` after the point in tables."""
    name: str
    title: str
    digits: int


CPU = Figure("cpu", "CPU, µs per request (bodies of 1 MiB and more: µs per MB)", 1)
RATE = Figure("rate", "Requests per second", 0)
P50 = Figure("p50", "Latency, p50, µs", 0)
P99 = Figure("p99", "Latency, p99, µs", 0)
MEMORY = Figure("memory", "Resident memory without the page cache, MiB", 0)
IDLE = Figure("memory of each", "Memory per idle connection, KiB", 1)
ORIGIN_REQUESTS = Figure("requests to the origin", "Requests to the origin", 0)
DONE = Figure("time", "Time until the last client has its answer, s", 3)
ALL = (CPU, RATE, P50, P99, MEMORY, IDLE, ORIGIN_REQUESTS, DONE)


class Figures:
    def __init__(self):
        self._values = {}

    def add(self, figure, workload, peer, value):
        self._values.setdefault((figure, workload, peer), []).append(value)

    def drop(self, workload, peer):
        """Of a measurement that went wrong in a later round."""
        for key in [key for key in self._values if key[1:] == (workload, peer)]:
            del self._values[key]

    def median(self, figure, workload, peer):
        """None if it was not measured."""
        values = self._values.get((figure, workload, peer))
        return statistics.median(values) if values else None

    def workloads(self, figure):
        """In the order in which they were measured."""
        return list(dict.fromkeys(workload for one, workload, _ in self._values if one == figure))
