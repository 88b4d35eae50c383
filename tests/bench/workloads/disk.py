# SPDX-License-Identifier: Apache-2.0
"""Hits on disk: many more objects than the memory tier holds, with the page cache as it is and emptied before each round."""
import content
import page_cache
from figures import MEMORY
from load import Shape
from workloads.hits import mixed_paths
from workloads.workload import Loaded

SHAPE = Shape(connections=4, streams=4, processes=8)


class OnDisk(Loaded):
    def __init__(self, scale, empty):
        state = "empty" if empty else "warm"
        size = scale.disk_objects * content.DISK_OBJECT >> 20
        super().__init__(f"disk-{state}", f"{size:,} MiB of 64 KiB objects on disk, {scale.disk_memory >> 20} MiB of memory, "
                         f"page cache {state}", SHAPE, 1_024)
        self._empty = empty

    def takes(self, peer):
        return peer.has_disk

    def names(self, run):
        return list(content.disk_objects(run.scale.disk_objects))

    def paths(self, run, number):
        return mixed_paths(self.names(run), number + (100 if self._empty else 0), SHAPE.processes)

    def measure(self, run, peer, number):
        if self._empty:
            page_cache.forget(peer.storage, peer.pids())
        found = super().measure(run, peer, number)
        if not self._empty:
            found[MEMORY] = peer.memory_bytes() / (1 << 20)
        return found

    def requests(self, run, peer):
        return run.scale.empty_requests if self._empty else super().requests(run, peer)
