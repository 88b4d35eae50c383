# SPDX-License-Identifier: Apache-2.0
"""Runs the stages: all servers up, rounds that alternate over them, everything down again."""
import sys
import time

from fault import Fault
from figures import Figures


def tell(text):
    """Progress, beside the result on standard output."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Runner:
    """`peers`: the kinds of servers. A measurement that goes wrong costs that peer this workload only, and stands in `faults`."""

    def __init__(self, place, scale, peers):
        self.place, self.scale, self.peers = place, scale, peers
        self.figures, self.faults, self.titles = Figures(), [], {}
        self.origin = None

    def measure(self, stage):
        begin = time.monotonic()
        self.origin = stage.make_origin(self.place)
        running = []
        try:
            running = self._start(stage)
            filled = time.monotonic() - begin
            for workload in stage.workloads:
                self.titles[workload.name] = workload.title
                self._rounds(workload, [peer for peer in running if workload.takes(type(peer))])
        finally:
            self._stop(running)
        names = ", ".join(workload.name for workload in stage.workloads)
        tell(f"{names}: {time.monotonic() - begin:.0f} s, {filled:.0f} of them to start the servers and fill their caches")

    def _start(self, stage):
        running = []
        try:
            for kind in self.peers:
                if any(workload.takes(kind) for workload in stage.workloads):
                    self._guard(kind.name, stage.workloads, lambda kind=kind: running.append(self._started(kind, stage)))
        except BaseException:
            self._stop(running)
            raise
        return running

    def _started(self, kind, stage):
        peer = kind(self.place, stage.setting, self.origin.port)
        try:
            peer.wait()
            stage.fill(self.place, peer)
        except BaseException:
            peer.stop()
            raise
        return peer

    def _rounds(self, workload, peers):
        able = [peer for peer in peers if self._guard(peer.name, [workload], lambda peer=peer: workload.prepare(self, peer))]
        for number in range(workload.rounds or self.scale.rounds):
            for peer in list(able):
                if not self._guard(peer.name, [workload], lambda peer=peer, number=number: self._round(workload, peer, number)):
                    able.remove(peer)

    def _round(self, workload, peer, number):
        for figure, value in workload.measure(self, peer, number).items():
            self.figures.add(figure, workload.name, peer.name, value)

    def _guard(self, peer, workloads, work):
        """Whether work() went well; if not it is told, and these workloads have no figures of this peer."""
        try:
            work()
            return True
        except (Fault, OSError) as error:
            for workload in workloads:
                self.figures.drop(workload.name, peer)
                self.faults.append(f"{workload.name}, {peer}: {error}")
                tell(self.faults[-1])
            return False

    def _stop(self, running):
        """All of them, whatever goes wrong with one."""
        owners = [*reversed(running), self.origin]
        for owner in owners:
            try:
                owner.stop()
            except (Fault, OSError) as error:
                self.faults.append(str(error))
                tell(self.faults[-1])
        for peer in running:
            peer.remove()
