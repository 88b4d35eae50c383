#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What run_tests.py counts, and how it names the cases to run."""
import json
import os
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import run_tests  # noqa: E402  # pylint: disable=wrong-import-position

PASSED = '<testcase name="A" classname="S" status="run"/>'
FAILED = '<testcase name="B" classname="S" status="run"><failure message="x"/></testcase>'
SKIPPED = '<testcase name="C" classname="S" status="run"><skipped message="x"/></testcase>'
NOT_RUN = '<testcase name="D" classname="S" status="notrun"/>'


class Counting(unittest.TestCase):
    def count(self, result, *cases):
        """Counts one program `p` that ended with `result`; without cases it wrote no result file."""
        with tempfile.TemporaryDirectory() as build:
            if cases:
                with open(os.path.join(build, "p.xml"), "w", encoding="utf-8") as file:
                    file.write("<testsuites><testsuite>" + "".join(cases) + "</testsuite></testsuites>")
            return run_tests.count(build, [{"name": "selvage / p", "result": result}])

    def test_cases_are_counted_one_by_one(self):
        self.assertEqual(self.count("FAIL", PASSED, FAILED, SKIPPED, NOT_RUN), (1, ["S.B"]))

    def test_cases_that_did_not_run_are_no_success(self):
        self.assertEqual(self.count("OK", SKIPPED), (0, []))
        self.assertEqual(self.count("OK", NOT_RUN), (0, []))

    def test_a_program_without_result_file_counts_as_one(self):
        self.assertEqual(self.count("OK"), (1, []))
        self.assertEqual(self.count("FAIL"), (0, ["p"]))

    def test_a_program_that_ends_badly_after_good_cases_has_failed(self):
        self.assertEqual(self.count("FAIL", PASSED), (1, ["p (fail)"]))
        self.assertEqual(self.count("TIMEOUT", SKIPPED), (0, ["p (timeout)"]))


class Filtering(unittest.TestCase):
    def test_a_filter_of_any_length_reaches_the_gtest_programs_alone(self):
        long_filter = ":".join(f"Suite.NameOfACase{i}" for i in range(20_000))
        calls = []

        def meson(command, check):
            del check
            flags = [word for word in command if "flagfile" in word]
            text = ""
            if flags:
                with open(flags[0].split("=", 2)[2], encoding="utf-8") as file:
                    text = file.read()
            calls.append((command[-1], text))
            self.assertLess(max(len(word) for word in command), 4096)
            with open(os.path.join(build, "meson-logs", "testlog.json"), "w", encoding="utf-8") as log:
                log.write(json.dumps({"name": command[-1], "result": "OK"}) + "\n")

        programs = [{"name": "gtest-program", "protocol": "gtest"}, {"name": "script", "protocol": "exitcode"}]
        with tempfile.TemporaryDirectory() as build, mock.patch.object(run_tests.subprocess, "run", meson):
            os.mkdir(os.path.join(build, "meson-logs"))
            results = run_tests.run(build, "1", programs, long_filter)
        self.assertEqual(calls, [("script", ""), ("gtest-program", f"--gtest_filter={long_filter}\n")])
        self.assertEqual([result["name"] for result in results], ["script", "gtest-program"])


if __name__ == "__main__":
    unittest.main()
