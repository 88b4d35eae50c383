# SPDX-License-Identifier: Apache-2.0
"""Objects in the tiers: hits in memory, hits on disk, memory of each, and how long a start takes that finds them on disk."""
from growing.rig import AT_RANDOM, FILE, ROOMY, Hits, ask_for_all, cost_of_hits, names, table
from content import SIZES
from peers.peer import MIB, Setting
from runner import tell

NARROW = Setting(memory=8 * MIB, disk=ROOMY.disk, on_disk=True)


def in_memory(rig, wanted):
    """Cost of a hit; bytes of memory of each, as the process has them and as the tiers count them; bytes of each on disk."""
    with rig.edge(keep=True) as edge:
        before = edge.memory_bytes()
        ask_for_all(rig, edge, wanted)
        held = edge.memory_bytes() - before
        counted = edge.metric("selvage_memory_bytes") + edge.metric("selvage_disk_index_bytes")
        on_disk = edge.metric("selvage_disk_file_bytes")
        cost = cost_of_hits(rig, edge, Hits(wanted, AT_RANDOM))
    return [f"{cost.micros:.2f}", *(round(found / len(wanted)) for found in (held, counted, on_disk))]


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
    rows = []
    with rig.serving({FILE: SIZES[FILE]}):
        for count in rig.scale.objects:
            wanted = names(count)
            rows.append([count, *in_memory(rig, wanted), *on_disk(rig, wanted)])
            tell(f"{count:,} objects")
        with rig.edge():  # the last one takes away what they have stored
            pass
    return table("Objects of 1 KiB in both tiers", [
        "objects", "hit in memory, µs of CPU", "bytes of memory each", "as the tiers count", "bytes on disk each", "start, s",
        f"hit on disk, {NARROW.memory // MIB} MiB of memory, µs of CPU"], rows)
