#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of tidy.py finds what breaks it, and nothing in what does not."""
import unittest

import tidy

TABLE = """
| folder | namespace | what it is | may include |
|---|---|---|---|
| `edge/base` | `base`, `logs` | x | – |
| `edge/http` | `http` | x | base |
| `store/object` | `store` | x | base |
| `store/disk` | `store` | x | base, store/object |
| `edge/node` | `node` | x | all of the above |
"""
HEAD = "// SPDX-License-Identifier: Apache-2.0\n"


def faults(path, body, builds=None):
    folders = tidy.Folders(TABLE)
    folder, _, name = path.rpartition("/")
    builds = {folder: f"'{name}'"} if builds is None else builds
    return [text for _, text in tidy.check_file(path, body, folders, builds)]


class Rules(unittest.TestCase):
    def test_clean_files_have_no_faults(self):
        self.assertEqual(faults("edge/http/a.cc", HEAD + '#include <curl/curl.h>\n#include "edge/base/b.h"\nnamespace http {\n}\n'), [])

    def test_includes_follow_the_table(self):
        self.assertEqual(faults("edge/http/a.cc", HEAD + '#include "store/disk/b.h"\n'), ["edge/http may not include store/disk"])
        self.assertEqual(faults("edge/node/a.cc", HEAD + '#include "store/disk/b.h"\n'), [])
        self.assertEqual(faults("tests/unit/a.cc", HEAD + '#include "store/disk/b.h"\n'), [])

    def test_foreign_headers_stay_at_home(self):
        self.assertIn("belongs in edge/base only", faults("edge/http/a.cc", HEAD + "#include <toml++/toml.h>\n")[0])
        self.assertIn("belongs in store/lmdb only", faults("store/disk/a.cc", HEAD + "#include <lmdb.h>\n")[0])

    def test_heavy_headers_stay_out_of_headers(self):
        text = HEAD + "#pragma once\n#include <nlohmann/json.hpp>\n"
        self.assertIn("costly to compile", faults("edge/http/a.h", text)[0])

    def test_namespaces_follow_the_table(self):
        self.assertIn("allowed here: base, logs", faults("edge/base/a.cc", HEAD + "namespace http {\n}\n")[0])

    def test_long_files_are_faults(self):
        self.assertIn("501 lines", faults("edge/base/a.cc", HEAD + "\n" * 500)[0])

    def test_first_line_is_the_licence(self):
        self.assertIn("SPDX", faults("edge/base/a.cc", "\n")[0])
        self.assertIn("SPDX", faults("deploy/run", "#!/bin/sh\n")[0])

    def test_words(self):
        self.assertIn("do it or file", faults("edge/base/a.cc", HEAD + "// TO" + "DO later\n")[0])
        self.assertIn("path of one machine", faults("docs/a.md", "see /ro" + "ot/x\n")[0])
        self.assertIn("type name ConnectionManager", faults("edge/base/a.cc", HEAD + "class ConnectionManager {};\n")[0])
        self.assertIn("delete this", faults("edge/base/a.cc", HEAD + "void f() { delete this; }\n")[0])

    def test_settings_and_metrics_are_documented(self):
        texts = {"docs/configuration.md": "| `known` | 3 |\n### [limits]\n", "docs/operations.md": "`selvage_a_total`"}
        code = 'root.table("limits"); x->number("known", 3); x->duration(\n    "other", 1s);'
        found = [text for _, text in tidy.check_documented("edge/node/config.cc", code, texts)]
        self.assertEqual(found, ["other is not in docs/configuration.md"])
        found = [text for _, text in tidy.check_documented("edge/node/m.cc", '"selvage_a_total" "selvage_b"', texts)]
        self.assertEqual(found, ["selvage_b is not in docs/operations.md"])

    def test_samples_show_the_documented_defaults(self):
        reference = ("## selvage-edge\n| `queue` | `\"64MiB\"` | x |\n| `linger` | `\"2s\"` | x |\n"
                     "## selvage-purge\n| `[log] queue`, `wait` | `\"3s\"` | x |\n| `key` | needed | x |\n")
        texts = {"docs/configuration.md": reference}

        def found(path, text):
            return [fault for _, fault in tidy.check_sample(path, text, texts)]

        self.assertEqual(found("deploy/edge.toml", '#queue = "64MiB"  # x\n'), [])
        self.assertEqual(found("deploy/edge.toml", 'queue = "1MiB"\n'), [])  # not a default
        self.assertEqual(found("deploy/edge.toml", '#queue = "3s"\n'), ['queue = "3s", docs/configuration.md says "64MiB"'])
        self.assertEqual(found("deploy/purge.toml", '# queue = "3s"\n# wait = "3s"\n#linger = "2s"\n#key = "x"\n'), [])
        self.assertEqual(len(found("deploy/purge.toml", '# wait = "5s"\n#linger = "1s"\n')), 2)

    def test_tests_do_not_sleep(self):
        body = HEAD + "std::this_thread::sleep_for(x);\n"
        self.assertIn("wait for a condition", faults("tests/unit/a.cc", body)[0])
        self.assertEqual(faults("edge/base/a.cc", body), [])

    def test_words_in_comments_and_texts_are_not_code(self):
        self.assertEqual(faults("edge/base/a.cc", HEAD + '// class Manager\nauto x = "class Helper";\n'), [])

    def test_every_source_is_built(self):
        self.assertEqual(faults("edge/base/a.cc", HEAD, {"edge/base": "'b.cc'"}), ["not in edge/base/meson.build"])
        self.assertEqual(faults("tests/fuzz/date_fuzz.cc", HEAD, {"tests/fuzz": "foreach x : ['date']\nx + '_fuzz.cc'"}), [])
        self.assertEqual(faults("tests/support/main.cc", HEAD, {"tests/fuzz": "'../support/main.cc'"}), [])

    def test_function_lengths(self):
        code = "void f() {\n" + "x();\n" * 70 + "}\nint g() { return 1; }\n"
        self.assertEqual(list(tidy.function_lengths(code)), [(1, 72), (73, 1)])
        self.assertEqual(list(tidy.function_lengths("namespace a {\nstruct B {\nint c;\n};\n}\n")), [])


if __name__ == "__main__":
    unittest.main()
