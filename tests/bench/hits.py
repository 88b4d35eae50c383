#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU time of Selvage's 1 KiB hit when a browser asks, and with --rules the share of it that the HTTP rules take.

Usage: tests/bench/hits.py --programs BUILD_FOLDER [--rules] [--rounds N]
Takes: a release build, with --rules one with tests/bench/rules; h2load, openssl, curl. Selvage beside its peers is tests/bench/run.
"""
import argparse
import dataclasses
import os
import statistics
import subprocess
import sys

import content
from fault import Fault
from figures import CPU
from peers import PEERS
from place import Place
from runner import Runner
from scale import QUICK
from stage import Stage
from workloads.hits import OneObject

# What tests/bench/rules.cc decides about: a browser's request.
BROWSER = ("user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
           "accept: */*", "accept-language: en-GB,en;q=0.9,de;q=0.8", "accept-encoding: gzip, deflate, br, zstd",
           "referer: https://www.example.com/", "cookie: session=0123456789abcdef; theme=dark")
SIZE = "1KiB"


class BrowserHit(OneObject):
    """Measures the rules too in each round, as the machine's speed varies over time."""

    def __init__(self, rules):
        super().__init__(SIZE)
        self.shape = dataclasses.replace(self.shape, fields=BROWSER)
        self._rules, self.micros = rules, []

    def measure(self, run, peer, number):
        if self._rules:
            output = subprocess.run(["taskset", "-c", "0", self._rules], check=True, capture_output=True, text=True).stdout
            self.micros.append(float(output) / 1000)
        return super().measure(run, peer, number)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--rules", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rules = f"{arguments.programs}/tests/bench/rules"
    if arguments.rules and not os.path.exists(rules):
        parser.error(f"--rules: found no {rules}, build it with: ninja -C {arguments.programs} tests/bench/rules")
    hit = BrowserHit(rules if arguments.rules else None)
    place = Place(arguments.programs)
    try:
        runner = Runner(place, dataclasses.replace(QUICK, rounds=arguments.rounds), [PEERS["selvage"]])
        runner.measure(Stage([hit], {SIZE: content.SIZES[SIZE]}))
    finally:
        place.close()
    cpu = runner.figures.median(CPU, SIZE, "selvage")
    if cpu is None:
        return 1
    print(f"a 1 KiB hit: {cpu:.2f} µs of CPU, median of {arguments.rounds} rounds")
    if arguments.rules:
        own = statistics.median(hit.micros)
        print(f"the HTTP rules of it: {own:.2f} µs, {100 * own / cpu:.1f} %")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Fault as fault:
        sys.exit(f"hits.py: {fault}")
