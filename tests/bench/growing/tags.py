# SPDX-License-Identifier: Apache-2.0
"""Tags of each object. No purge comes: what one costs then is tests/bench/micro's `verdict`."""
from content import SIZES
from growing.rig import AT_RANDOM, FILE, Hits, ask_for_all, cost_of_hits, names, table
from runner import tell

COUNTS = (0, 10, 200)


def step(rig, count):
    file = f"tags{count}/{FILE}"
    wanted = names(rig.scale.tagged, file)
    with rig.edge() as edge:
        before = edge.memory_bytes()
        ask_for_all(rig, edge, wanted)
        held = edge.memory_bytes() - before
        counted = edge.metric("selvage_memory_bytes") + edge.metric("selvage_disk_index_bytes")
        on_disk = edge.metric("selvage_disk_bytes")
        cost = cost_of_hits(rig, edge, Hits(wanted, AT_RANDOM, file))
    tell(f"{count} tags")
    return [count, f"{cost.micros:.2f}", *(round(found / len(wanted)) for found in (held, counted, on_disk))]


def measure(rig):
    tags = {f"/tags{count}/*": [f"product-{number:06}" for number in range(count)] for count in COUNTS}
    sizes = {f"tags{count}/{FILE}": SIZES[FILE] for count in COUNTS}
    with rig.serving(sizes, tags):
        rows = [step(rig, count) for count in COUNTS]
    return table(f"Tags of each of {rig.scale.tagged:,} objects of 1 KiB (of 14 bytes)", [
        "tags", "hit in memory, µs of CPU", "bytes of memory each", "as the tiers count", "bytes on disk each"], rows)
