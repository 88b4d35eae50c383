# SPDX-License-Identifier: Apache-2.0
"""How much is measured: of a whole run and of a quick one."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    rounds: int
    seconds: float  # of one round of load, about
    small_objects: int
    disk_objects: int
    disk_memory: int  # bytes of the memory tier when objects are on disk
    idle_connections: int
    empty_requests: int  # from an empty page cache; few objects are asked for twice


WHOLE = Scale(rounds=3, seconds=1.2, small_objects=20_000, disk_objects=16_384, disk_memory=64 << 20, idle_connections=5_000,
              empty_requests=2_048)
QUICK = Scale(rounds=1, seconds=0.5, small_objects=5_000, disk_objects=4_096, disk_memory=16 << 20, idle_connections=1_000,
              empty_requests=512)
