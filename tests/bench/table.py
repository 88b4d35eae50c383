# SPDX-License-Identifier: Apache-2.0
"""Markdown tables: one for each figure, a row for each workload, and beside each peer's value its ratio to Selvage's."""
import figures as kinds
from peers import PEERS

OWN = "selvage"
TITLES = {"selvage": "Selvage", "nginx": "nginx", "haproxy": "HAProxy", "trafficserver": "Traffic Server",
          "varnish": "Varnish with hitch", "h2o": "H2O, static files"}
NONE = "–"


def number(value, digits):
    return f"{value:,.{digits}f}"


def cell(value, own, digits):
    if value is None:
        return NONE
    if not own:
        return number(value, digits)
    return f"{number(value, digits)} ({value / own:.2f})"


def row(runner, figure, workload, peers):
    own = runner.figures.median(figure, workload, OWN)
    cells = [cell(runner.figures.median(figure, workload, peer), own if peer != OWN else None, figure.digits) for peer in peers]
    return f"| {runner.titles[workload]} | " + " | ".join(cells) + " |"


def tables(runner):
    """All of them as one text."""
    peers = [name for name in PEERS if name in {peer.name for peer in runner.peers}]
    parts = []
    for figure in kinds.ALL:
        workloads = runner.figures.workloads(figure)
        if not workloads:
            continue
        lines = [f"### {figure.title}", "", "| workload | " + " | ".join(TITLES[peer] for peer in peers) + " |",
                 "|---|" + "---:|" * len(peers)]
        lines += [row(runner, figure, workload, peers) for workload in workloads]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
