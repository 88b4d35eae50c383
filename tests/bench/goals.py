# SPDX-License-Identifier: Apache-2.0
"""What Selvage is to reach, and whether it did: one line for each goal.

A goal has a name and a judge(figures). Those about hit ratios are not here: they are no matter of speed, and take no peers running."""
from dataclasses import dataclass

from figures import CPU, DONE, IDLE, ORIGIN_REQUESTS, P50, P99
from peers import PEERS
from table import OWN, TITLES


@dataclass(frozen=True)
class Ratio:
    """At most `factor` times what a peer takes."""
    workload: str
    peer: str
    factor: float
    figure: object = CPU

    @property
    def name(self):
        return f"{self.workload}, {self.figure.name} beside {TITLES[self.peer]}"

    def judge(self, figures):
        """(what was found, the bound, whether it is met), or None if it was not measured."""
        own, peer = (figures.median(self.figure, self.workload, name) for name in (OWN, self.peer))
        if own is None or not peer:
            return None
        return f"{own / peer:.2f} ×", f"<= {self.factor:.2f} ×", own <= self.factor * peer


@dataclass(frozen=True)
class OfFigure:
    """A goal for one figure of a workload."""
    workload: str
    figure: object

    @property
    def name(self):
        return f"{self.workload}, {self.figure.name}"


@dataclass(frozen=True)
class Best(OfFigure):
    """No more than the best of the peers."""

    def judge(self, figures):
        own = figures.median(self.figure, self.workload, OWN)
        found = {peer: figures.median(self.figure, self.workload, peer) for peer in PEERS if peer != OWN}
        found = {peer: value for peer, value in found.items() if value is not None}
        if own is None or not found:
            return None
        best = min(found, key=found.get)
        return f"{own:,.0f} µs", f"<= {found[best]:,.0f} µs of {TITLES[best]}", own <= found[best]


@dataclass(frozen=True)
class Bound(OfFigure):
    """At most so much, whatever peers do."""
    bound: float
    unit: str

    def judge(self, figures):
        own = figures.median(self.figure, self.workload, OWN)
        if own is None:
            return None
        digits = self.figure.digits
        return f"{own:.{digits}f}{self.unit}", f"<= {self.bound:.{digits}f}{self.unit}", own <= self.bound


GOALS = (
    Ratio("1KiB", "haproxy", 0.75), Ratio("1KiB", "nginx", 0.25),
    Ratio("10KiB", "nginx", 0.6), Ratio("10KiB", "h2o", 1.1),
    Ratio("100KiB", "nginx", 0.9), Ratio("100KiB", "h2o", 1.0),
    *(Ratio(size, peer, factor) for size in ("1MiB", "100MiB")
      for peer, factor in (("nginx", 0.9), ("trafficserver", 0.9), ("h2o", 1.0))),
    Ratio("objects", "nginx", 0.65), Ratio("objects", "h2o", 1.0),
    Ratio("http1", "nginx", 0.9), Ratio("http1", "h2o", 1.05),
    Ratio("handshake", "nginx", 1.0),
    Ratio("disk-empty", "trafficserver", 0.9), Ratio("disk-warm", "nginx", 0.9),
    Bound("idle", IDLE, 12, " KiB"),
    Bound("slow-miss", ORIGIN_REQUESTS, 1, ""), Bound("slow-miss", DONE, 1.05, " s"),
    Best("open-loop", P50), Best("open-loop", P99),
)


def lines(figures):
    """Goals of workloads and peers that were left out have none."""
    for goal in GOALS:
        judged = goal.judge(figures)
        if judged:
            found, bound, met = judged
            yield f"goal {goal.name}: {found} (goal {bound}) {'met' if met else 'missed'}"
