# SPDX-License-Identifier: Apache-2.0
"""A purge of a tag that very many objects have beside one of a tag that one object has: how long until no request sees what it names."""
import random
import statistics
import subprocess

import content
from content import SIZES
from fault import Fault
from growing.rig import FILE, ask_for_all, names
from place import HOST
from purging.rig import Goal, purged_edge

MANY, ONE = f"many/{FILE}", f"one/{FILE}"
PURGES = 20
LOOKED_AT = 20
BOUND = 1.25  # of two medians of times that differ by as much by chance


def hits_among(rig, edge, wanted):
    """How many of them are answered from the cache now."""
    urls = [f"https://{HOST}:{edge.port}/{name}" for name in wanted]
    done = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-D", "-", "-Z", "--http2", "--cacert", rig.place.certificate, "--resolve",
                           f"{HOST}:{edge.port}:127.0.0.1", *[part for url in urls for part in ("-o", "/dev/null", url)]],
                          check=False, capture_output=True, text=True)
    states = [line for line in done.stdout.splitlines() if line.lower().startswith("cache-status:")]
    if done.returncode != 0 or len(states) != len(urls):
        raise Fault(f"curl: {len(states)} of {len(urls)} answers; {done.stderr.strip()}")
    return sum("; hit" in state for state in states)


def measure(rig):
    chance = random.Random(content.SEED)
    many, one = names(rig.scale.objects, MANY), [ONE]
    sizes = {name: SIZES[FILE] for name in (MANY, ONE)}
    times = {"many": [], "one": []}
    with rig.serving(sizes, {"/many/*": ["many"], "/one/*": ["one"]}), purged_edge(rig) as (edge, operator, _):
        ask_for_all(rig, edge, many)
        ask_for_all(rig, edge, one)
        held = edge.metric("selvage_memory_objects")
        if held < rig.scale.objects:
            raise Fault(f"the edge holds {held:.0f} of {rig.scale.objects} objects")
        for _ in range(PURGES):
            for tag, wanted in (("many", chance.sample(many, LOOKED_AT)), ("one", one)):
                hits_among(rig, edge, wanted)  # they are there, if they were not
                times[tag].append(operator.purge(tags=[tag]))
                if seen := hits_among(rig, edge, wanted):
                    raise Fault(f"{seen} of {len(wanted)} objects were served after the purge of tag \"{tag}\"")
    found, single = (statistics.median(times[tag]) * 1000 for tag in ("many", "one"))
    yield Goal(f"tag of {rig.scale.objects:,} objects", f"{found:.1f} ms, of one object {single:.1f} ms, {found / single:.2f} ×",
               f"<= {BOUND} ×", found <= BOUND * single)
