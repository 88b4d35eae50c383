# SPDX-License-Identifier: Apache-2.0
"""Many clients want one object that no cache has, from an origin that takes a second."""
from figures import DONE, ORIGIN_REQUESTS
from load import Shape, h2load
from workloads.workload import Workload

CLIENTS = 500
ORIGIN_SECONDS = 1
BODY = 10 << 10


class SlowMiss(Workload):
    name = "slow-miss"
    title = f"{CLIENTS} clients, one cold object, origin takes {ORIGIN_SECONDS} s"

    def takes(self, peer):
        return peer.is_cache

    def measure(self, run, peer, number):
        before = run.origin.requests()
        load = h2load(run.place, peer.port, [f"slow/{peer.name}-{number}"], CLIENTS, Shape(connections=CLIENTS, streams=1))
        return {ORIGIN_REQUESTS: run.origin.requests() - before, DONE: load.seconds}
