# SPDX-License-Identifier: Apache-2.0
"""What a workload is: what it does to a running server, and the figures that come of it."""
import os
import subprocess

from fault import Fault
from figures import CPU, P50, P99, RATE
from load import h2load
from place import HOST

CHECKED_OBJECTS = 3
FETCH_LIMIT = 60


def cpu_of(peer, work):
    """CPU nanoseconds of all the server's processes while work() runs, and what it returns."""
    before = peer.cpu_nanoseconds()
    result = work()
    peer.check_alive()
    return peer.cpu_nanoseconds() - before, result


def check_bodies(place, peer, names, http1=False):
    """Some of them must be what the origin has, byte by byte."""
    for name in names[::max(1, len(names) // CHECKED_OBJECTS)][:CHECKED_OBJECTS]:
        body = subprocess.run(
            ["curl", "-sS", "-m", str(FETCH_LIMIT), "--http1.1" if http1 else "--http2", "--cacert", place.certificate,
             "--resolve", f"{HOST}:{peer.port}:127.0.0.1", f"https://{HOST}:{peer.port}/{name}"],
            check=False, capture_output=True)
        if body.returncode != 0:
            raise Fault(f"{name}: {body.stderr.decode().strip()}")
        with open(os.path.join(place.content, name), "rb") as file:
            if body.stdout != file.read():
                raise Fault(f"{name}: another body than the origin's ({len(body.stdout)} bytes)")


class Workload:
    """Measured in rounds that alternate over the peers. Its stage has started the servers and filled the caches."""

    name = ""
    title = ""
    rounds = None  # None: as many as the run has

    def takes(self, peer):  # pylint: disable=unused-argument
        """Whether this kind of peer can do it at all."""
        return True

    def prepare(self, run, peer):
        """Before the rounds, once for each peer: checks and warms up."""

    def measure(self, run, peer, number):
        """One round: Figure -> value."""
        raise NotImplementedError


class Loaded(Workload):
    """h2load sends requests that must all be hits: for `seconds` about, at the rate that the warm-up showed."""

    per_megabyte = 0  # bytes of a body, if the CPU is to be told for MB of them

    def __init__(self, name, title, shape, warm_up):
        self.name, self.title, self.shape, self._warm_up = name, title, shape, warm_up
        self._requests = {}

    def paths(self, run, number):
        """For each process of h2load a path, or a list of them."""
        raise NotImplementedError

    def names(self, run):
        """All objects that it may ask for."""
        raise NotImplementedError

    def prepare(self, run, peer):
        check_bodies(run.place, peer, self.names(run), self.shape.http1)
        warm = h2load(run.place, peer.port, self.paths(run, -1), self._warm_up, self.shape)
        self._requests[peer.name] = int(warm.requests / warm.seconds * run.scale.seconds)

    def measure(self, run, peer, number):
        paths = self.paths(run, number)
        requests = self.requests(run, peer)
        before = run.origin.requests()
        cpu, load = cpu_of(peer, lambda: h2load(run.place, peer.port, paths, requests, self.shape))
        if run.origin.requests() != before:
            raise Fault(f"{run.origin.requests() - before} of {load.requests} requests were no hits")
        each = cpu / 1000 / load.requests
        return {CPU: each * 1e6 / self.per_megabyte if self.per_megabyte else each, RATE: load.requests / load.seconds,
                P50: load.quantile(0.5), P99: load.quantile(0.99)}

    def requests(self, run, peer):  # pylint: disable=unused-argument
        return self._requests[peer.name]
