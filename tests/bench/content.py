# SPDX-License-Identifier: Apache-2.0
"""What the origin serves: files made of their names, so that a body tells whose it is and cannot be compressed."""
import hashlib
import os
import random

SEED = 20261129
SIZES = {"1KiB": 1 << 10, "10KiB": 10 << 10, "100KiB": 100 << 10, "1MiB": 1 << 20, "100MiB": 100 << 20}
DISK_OBJECT = 64 << 10


def body(name, size):
    """The first MiB is of the name, longer ones repeat it."""
    block = hashlib.shake_128(name.encode()).digest(min(size, 1 << 20))
    return (block * (size // len(block) + 1))[:size]


def write(folder, sizes):
    """Writes name -> size below folder, as far as they are not there yet."""
    for name, size in sizes.items():
        path = f"{folder}/{name}"
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(body(name, size))


def small_objects(count):
    """1 to 16 KiB each, evenly spread."""
    sizes = random.Random(SEED)
    return {f"small/{number}": sizes.randint(1 << 10, 16 << 10) for number in range(count)}


def disk_objects(count):
    return {f"disk/{number}": DISK_OBJECT for number in range(count)}


def shuffled(names, seed):
    names = list(names)
    random.Random(SEED + seed).shuffle(names)
    return names
