# SPDX-License-Identifier: Apache-2.0
"""Objects in the tiers: hits in memory, hits on disk, memory of each, and how long a start takes that finds them on disk."""
from content import SIZES
from growing.rig import AT_RANDOM, FILE, ROOMY, Hits, ask_for_all, cost_of_hits, names, table
from peers.peer import MIB, Setting
from runner import tell
from workloads.workload import cpu_of

NARROW = Setting(memory=8 * MIB, disk=ROOMY.disk, on_disk=True)


def in_memory(rig, wanted, known):
    """Cost of a hit; bytes of memory of each, as the process has them and as the tiers count them; bytes of each on disk; what it costs to
    fetch and store one, and the longest turn meanwhile. The first `known` are on disk."""
    with rig.edge(keep=True) as edge:
        before = edge.memory_bytes()
        ask_for_all(rig, edge, wanted[:known])
        cpu, longest = cpu_of(edge, lambda: ask_for_all(rig, edge, wanted[known:]))
        held = edge.memory_bytes() - before
        counted = edge.metric("selvage_memory_bytes") + edge.metric("selvage_disk_index_bytes")
        on_disk = edge.metric("selvage_disk_file_bytes")
        cost = cost_of_hits(rig, edge, Hits(wanted, AT_RANDOM))
    return [f"{cost.micros:.2f}", *(round(found / len(wanted)) for found in (held, counted, on_disk)),
            f"{cpu / 1000 / (len(wanted) - known):.0f}", f"{1000 * longest:.1f}"]


def on_disk(rig, wanted):
    """Seconds of the start; cost of a hit."""
    with rig.edge(NARROW, keep=True) as edge:
        started = edge.started
        cost = cost_of_hits(rig, edge, Hits(wanted, AT_RANDOM))
        dropped = edge.metric("selvage_disk_dropped_writes_total")
    if dropped:
        tell(f"{dropped:.0f} writes dropped")
    return [f"{started:.2f}", f"{cost.micros:.1f}"]


def measure(rig):
    rows, known = [], 0
    with rig.serving({FILE: SIZES[FILE]}):
        try:
            for count in rig.scale.objects:
                wanted = names(count)
                rows.append([count, *in_memory(rig, wanted, known), *on_disk(rig, wanted)])
                known = count
                tell(f"{count:,} objects")
        finally:
            rig.forget()
    return table("Objects of 1 KiB in both tiers", [
        "objects", "hit in memory, µs of CPU", "bytes of memory each", "as the tiers count", "bytes on disk each",
        "fetch of one, µs of CPU", "longest turn meanwhile, ms", "start, s",
        f"hit on disk, {NARROW.memory // MIB} MiB of memory, µs of CPU"], rows)
