#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of a build folder through Meson and counts single test cases, not programs."""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--patience", default="1", help="factor on all time limits")
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--filter", default="")
    parser.add_argument("--counts", default="")
    return parser.parse_args()


def known_tests(build):
    output = subprocess.run(["meson", "introspect", "--tests", build], check=True, capture_output=True, text=True)
    return json.loads(output.stdout)


def gtest_names(command):
    """All Suite.Name of a GoogleTest program."""
    listing = subprocess.run(command + ["--gtest_list_tests"], check=True, capture_output=True, text=True).stdout
    names = []
    suite = ""
    for line in listing.splitlines():
        word = line.split("#")[0].rstrip()
        if word.startswith("  "):
            names.append(suite + word.strip())
        elif word.endswith("."):
            suite = word
    return names


def select(tests, suites, regex):
    """The programs to run, and the GoogleTest filter for all of them ("" if they run whole)."""
    chosen = [test for test in tests
              if not suites or any(suite.split(":")[-1] in suites for suite in test["suite"])]
    if not regex:
        return chosen, ""
    pattern = re.compile(regex)
    programs, cases, partly = [], [], False
    for test in chosen:
        names = gtest_names(test["cmd"]) if test["protocol"] == "gtest" else []
        whole = pattern.search(test["name"]) is not None
        matching = names if whole else [name for name in names if pattern.search(name)]
        if whole or matching:
            programs.append(test)
            cases += matching
            partly = partly or len(matching) < len(names)
    return programs, ":".join(cases) if partly else ""


def run_programs(build, patience, programs, arguments):
    log = os.path.join(build, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.remove(log)
    command = ["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", "--timeout-multiplier", patience]
    subprocess.run(command + arguments + [test["name"] for test in programs], check=False)
    with open(log, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def run(build, patience, programs, gtest_filter):
    for old in glob.glob(os.path.join(build, "**", "*.xml"), recursive=True):
        os.remove(old)  # of an earlier run: a program that crashes now writes none
    if not gtest_filter:
        return run_programs(build, patience, programs, [])
    others = [test for test in programs if test["protocol"] != "gtest"]
    results = run_programs(build, patience, others, []) if others else []
    # In a file: the kernel takes no argument and no variable of more than 128 KiB.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write("--gtest_filter=" + gtest_filter + "\n")
        file.flush()
        filtered = [test for test in programs if test["protocol"] == "gtest"]
        return results + run_programs(build, patience, filtered, ["--test-args=--gtest_flagfile=" + file.name])


def cases_of(build, program):
    """The single test cases of a GoogleTest program that ran, as (name, failed); None if it wrote no result."""
    cases = None
    for path in glob.glob(os.path.join(build, "**", glob.escape(program) + ".xml"), recursive=True):
        cases = cases or []
        for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
            if case.get("status") == "notrun" or case.find("skipped") is not None:
                continue
            failed = case.find("failure") is not None or case.find("error") is not None
            cases.append((case.get("classname") + "." + case.get("name"), failed))
    return cases


def count(build, results):
    """How many passed, and the names of those that failed."""
    passed, failed = 0, []
    for result in results:
        if result["result"] == "SKIP":
            continue
        program = result["name"].split(" / ")[-1]
        good = result["result"] == "OK"
        cases = cases_of(build, program)
        if cases is None:
            cases = [(program, not good)]
        bad = [name for name, has_failed in cases if has_failed]
        passed += len(cases) - len(bad)
        if not bad and not good:
            bad = [f"{program} ({result['result'].lower()})"]  # ended after its last case
        failed += bad
    return passed, failed


def main():
    arguments = parse_arguments()
    programs, gtest_filter = select(known_tests(arguments.build), arguments.suite, arguments.filter)
    if not programs:
        print("no test matches", file=sys.stderr)
        return 1
    results = run(arguments.build, arguments.patience, programs, gtest_filter)
    passed, failed = count(arguments.build, results)
    for name in failed:
        print("failed: " + name)
    if arguments.counts:
        with open(arguments.counts, "w", encoding="utf-8") as file:
            file.write(f"{passed} {len(failed)}\n")
    else:
        print(f"{passed} passed, {len(failed)} failed", flush=True)
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
