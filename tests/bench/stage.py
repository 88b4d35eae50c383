# SPDX-License-Identifier: Apache-2.0
"""Workloads that share servers and content: starts the servers anew, fills their caches, and lets the workloads measure."""
from dataclasses import dataclass, field

import content
from load import Shape, h2load
from origin import FileOrigin, SlowOrigin
from peers.peer import Setting
from workloads.connections import Handshakes, Idle
from workloads.disk import OnDisk
from workloads.hits import ManyObjects, OneObject, OpenLoop
from workloads.slow_miss import BODY, ORIGIN_SECONDS, SlowMiss

FILL = Shape(connections=1, streams=16)


@dataclass
class Stage:
    workloads: list
    sizes: dict = field(default_factory=dict)  # name -> bytes of the origin's files; all are asked for before the rounds
    setting: Setting = Setting()
    slow_origin: bool = False

    def make_origin(self, place):
        if self.slow_origin:
            return SlowOrigin(ORIGIN_SECONDS, BODY)
        content.write(place.content, self.sizes)
        return FileOrigin(place)

    def fill(self, place, peer):
        if not self.sizes or not peer.is_cache:
            return
        for _ in range(peer.fills):
            h2load(place, peer.port, [list(self.sizes)], len(self.sizes), FILL)
            peer.settle()


def all_stages(scale):
    """In the order in which they are measured."""
    one = Stage([OneObject("1KiB"), OneObject("1KiB", name="http1", http1=True), Handshakes(False), Handshakes(True), Idle(scale)],
                {"1KiB": content.SIZES["1KiB"]})
    sizes = [Stage([OneObject(size)], {size: content.SIZES[size]}) for size in list(content.SIZES)[1:]]
    many = Stage([ManyObjects(scale), OpenLoop(scale)], content.small_objects(scale.small_objects))
    disk = Stage([OnDisk(scale, False), OnDisk(scale, True)], content.disk_objects(scale.disk_objects),
                 Setting(memory=scale.disk_memory, on_disk=True))
    return [one, *sizes, many, disk, Stage([SlowMiss()], slow_origin=True)]
