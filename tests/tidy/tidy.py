#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of this repository that no compiler checks. Prints one line per fault; exit code 1 if there is any.

Who may include whom is the table in docs/architecture.md: this script reads it there.
"""
import os
import re
import subprocess
import sys

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60

# Foreign headers that stay in one place (tests may use all of them). First match counts.
CONFINED = [
    (r"uv\.h|uv/", ["edge/loop"]),
    (r"openssl/(ssl|x509|pem|bio|err)", ["edge/loop"]),
    (r"nghttp2/|curl/|boost/beast|boost/asio", ["edge/http"]),
    (r"lmdb\.h", ["store/lmdb"]),
    (r"nats/|nats\.h", ["purge/nats"]),
    (r"toml\+\+/|toml\.hpp|spdlog/|fmt/|prometheus/", ["edge/base"]),
    (r"magic\.h", ["origin/server"]),
    (r"brotli/|zstd\.h|zlib\.h", ["edge/coding"]),
]
# Headers that are costly to compile: in .cc files only; json_fwd.hpp only declares.
HEAVY = r"nlohmann/(?!json_fwd)|CLI/|CLI11|toml\+\+/|spdlog/|boost/beast|prometheus/"

BANNED_TYPES = r"\b(?:class|struct|enum(?: class)?|using)\s+(\w*(?:[Uu]pstream|[Dd]ownstream|[Hh]elper|[Mm]anager)\w*)"
BANNED_MARKS = r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"
MACHINE_PATHS = r"(?<![\w.])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me/\w+)/"
SLEEPS = r"\b(?:sleep|usleep|nanosleep|sleep_for|sleep_until)\s*\("
WAITERS = "tests/support/"  # where waiting for a condition is written


# What users see must stand in its reference, in backticks: settings as read, metrics as given out.
SETTING = (r"(?:\.|->)(?:required_text|texts?|named_texts|number|bytes|duration|flag|choice<\w+>|tables?|named_tables)"
           r"\(\s*\"(\w+)\"|\b(?:count|size|seconds)\((?:\w+, )?\"(\w+)\"")
METRIC = r"\"(selvage_\w+)\""
REFERENCES = [
    (r"(?:edge|origin|purge)/\w+/\w*(?:config|settings)\w*\.cc", SETTING, "docs/configuration.md"),
    (r"(?:edge|origin|purge)/\w+/\w+\.cc", METRIC, "docs/operations.md"),
]


class Folders:
    """The table of docs/architecture.md: which namespaces a folder has and what it may include."""

    def __init__(self, text):
        self.namespaces = {}
        self.allowed = {}
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            match = re.fullmatch(r"`((?:edge|store|origin|purge)/\w+)`", cells[0])
            if not match or len(cells) != 4:
                continue
            folder = match.group(1)
            above = list(self.allowed)
            self.namespaces[folder] = re.findall(r"`(\w+)`", cells[1])
            self.allowed[folder] = {folder} | self._may_include(cells[3], above)

    @staticmethod
    def _may_include(cell, above):
        if cell == "all of the above":
            return set(above)
        names = re.findall(r"[a-z]+(?:/[a-z]+)?", re.sub(r"\(.*?\)", "", cell))
        return {name if "/" in name else "edge/" + name for name in names}


def folder_of(path):
    return "/".join(path.split("/")[:2])


def is_cpp(path):
    return path.endswith((".cc", ".h"))


def is_script(path, text):
    return path.endswith((".py", ".sh")) or text.startswith("#!")


def blank_out(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def without_comments_and_texts(text):
    """The same text with comments, string and character literals blanked; lines stay where they are."""
    pattern = r'R"(\w*)\((?:.|\n)*?\)\1"|//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'(?!\w)'
    return re.sub(pattern, blank_out, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def check_includes(path, text, folders):
    folder = folder_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        own = re.match(r'\s*#include "([^"]+)"', line)
        if own and folder in folders.allowed:
            target = folder_of(own.group(1))
            if target not in folders.allowed[folder]:
                yield number, f"{folder} may not include {target}"
        foreign = re.match(r"\s*#include <([^>]+)>", line)
        if foreign and not path.startswith("tests/"):
            yield from check_foreign(path, folder, number, foreign.group(1))


def check_foreign(path, folder, number, header):
    for pattern, homes in CONFINED:
        if re.match(pattern, header):
            if folder not in homes:
                yield number, f"<{header}> belongs in {' or '.join(homes)} only"
            break
    if path.endswith(".h") and re.match(HEAVY, header):
        yield number, f"<{header}> is costly to compile: include it in .cc files only"


def check_namespace(path, text, folders):
    allowed = folders.namespaces.get(folder_of(path))
    if not allowed or path.endswith("/main.cc"):
        return
    for match in re.finditer(r"^namespace (\w+)(?:::\w+)* \{", text, re.M):
        if match.group(1) not in allowed + ["std"]:
            yield line_of(text, match.start()), f"namespace {match.group(1)}, allowed here: {', '.join(allowed)}"


def check_words(path, text, code):
    for match in re.finditer(BANNED_MARKS, text):
        yield line_of(text, match.start()), f"{match.group(0)}: do it or file an issue"
    for match in re.finditer(MACHINE_PATHS, text):
        yield line_of(text, match.start()), f"path of one machine: {match.group(0)}"
    if not is_cpp(path):
        return
    for match in re.finditer(BANNED_TYPES, code):
        yield line_of(text, match.start()), f"type name {match.group(1)}: say what it is (client, origin, …)"
    for match in re.finditer(r"\bdelete this\b", code):
        yield line_of(text, match.start()), "delete this: somebody else must own it"
    if path.startswith("tests/") and not path.startswith(WAITERS):
        for match in re.finditer(SLEEPS, code):
            yield line_of(text, match.start()), f"{match.group(0).strip('( ')}: wait for a condition with a deadline"


def check_head(path, text):
    first = text.split("\n", 2)
    if is_cpp(path):
        if first[0] != "// SPDX-License-Identifier: Apache-2.0":
            yield 1, "the first line must be // SPDX-License-Identifier: Apache-2.0"
        if path.endswith(".h") and "#pragma once" not in text:
            yield 1, "#pragma once is missing"
    elif is_script(path, text) and not any(line == "# SPDX-License-Identifier: Apache-2.0" for line in first[:2]):
        yield 1, "the first or second line must be # SPDX-License-Identifier: Apache-2.0"


def check_length(path, text):
    lines = text.count("\n")
    if (is_cpp(path) or is_script(path, text)) and lines > MAX_FILE_LINES:
        yield lines, f"{lines} lines, allowed: {MAX_FILE_LINES}; which noun in it wants a file of its own?"


def function_lengths(code):
    """(first line, lines) of what looks like a function body: a brace that follows a parameter list."""
    opened = []
    for match in re.finditer(r"[{}]", code):
        if match.group(0) == "{":
            head = code[max(0, match.start() - 300):match.start()]
            head = re.split(r"[;{}]", head)[-1]
            opens_function = ")" in head and not re.search(r"^\s*(?:else\s+)?(?:if|for|while|switch|catch|do)\b|\[", head) \
                and not re.search(r"=\s*$", head) and not re.search(r"\b(?:namespace|class|struct|enum)\b", head)
            opened.append((line_of(code, match.start()), opens_function))
        elif opened:
            line, is_function = opened.pop()
            if is_function:
                yield line, line_of(code, match.start()) - line + 1


def is_built(path, builds):
    folder, _, name = path.rpartition("/")
    if any(re.search(rf"[/']{re.escape(name)}'", text) for text in builds.values()):
        return True
    # foreach x : ['date', …] … x + '_fuzz.cc'
    own = builds.get(folder, "")
    cuts = [match.start() for match in re.finditer("_", name)]
    return any(f"'{name[:cut]}'" in own and f"'{name[cut:]}'" in own for cut in cuts)


def check_in_build(path, builds):
    if path.endswith(".cc") and not is_built(path, builds):
        yield 1, f"not in {os.path.dirname(path)}/meson.build"


def check_documented(path, text, texts):
    for paths, pattern, reference in REFERENCES:
        if not re.fullmatch(paths, path):
            continue
        for match in re.finditer(pattern, text):
            name = next(group for group in match.groups() if group)
            if not re.search(rf"[`\[ ]{name}[`\] .]", texts.get(reference, "")):
                yield line_of(text, match.start()), f"{name} is not in {reference}"


def documented_defaults(reference):
    """For each program, what docs/configuration.md gives as defaults of a key, whatever its table."""
    programs = {}
    defaults = {}
    for line in reference.splitlines():
        heading = re.match(r"## (selvage-\w+)", line)
        if heading:
            defaults = programs.setdefault(heading.group(1), {})
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) == 3:
            for key in re.findall(r"(\w+)`", cells[0]):
                defaults.setdefault(key, set()).add(cells[1].strip("`"))
    return programs


def check_sample(path, text, texts):
    """The defaults in the commented lines of deploy/NAME.toml are those of docs/configuration.md."""
    name = re.fullmatch(r"deploy/(\w+)\.toml", path)
    if not name:
        return
    programs = documented_defaults(texts.get("docs/configuration.md", ""))
    own = programs.get("selvage-" + name.group(1), {})
    for number, line in enumerate(text.splitlines(), 1):
        setting = re.match(r"# ?(\w+) = (\"[^\"]*\"|\S+)", line)
        if not setting:
            continue
        key, value = setting.groups()
        elsewhere = {"needed", "–", "as above"}
        known = own.get(key, set()) - elsewhere or programs.get("selvage-edge", {}).get(key, set()) - elsewhere
        if known and value not in known:
            yield number, f"{key} = {value}, docs/configuration.md says {' or '.join(sorted(known))}"


def check_file(path, text, folders, builds):
    """Faults of one file as (line, text)."""
    yield from check_head(path, text)
    yield from check_length(path, text)
    yield from check_words(path, text, without_comments_and_texts(text) if is_cpp(path) else "")
    if is_cpp(path):
        yield from check_includes(path, text, folders)
        yield from check_namespace(path, text, folders)
        yield from check_in_build(path, builds)


def tracked_files(root):
    try:
        listing = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                                 check=True, capture_output=True, text=True).stdout.splitlines()
        if listing:
            return sorted(set(listing))
    except (OSError, subprocess.CalledProcessError):
        pass  # a source archive, without git
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(("build", ".git", "node_modules"))]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def read_texts(root):
    texts = {}
    for path in tracked_files(root):
        try:
            with open(os.path.join(root, path), encoding="utf-8") as file:
                texts[path] = file.read()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # binary, or deleted but still in the index
    return texts


def main(root):
    texts = read_texts(root)
    folders = Folders(texts["docs/architecture.md"])
    builds = {os.path.dirname(path): text for path, text in texts.items() if os.path.basename(path) == "meson.build"}
    faults = 0
    warnings = 0
    for path, text in texts.items():
        found = [*check_file(path, text, folders, builds), *check_documented(path, text, texts),
                 *check_sample(path, text, texts)]
        for line, fault in found:
            print(f"{path}:{line}: {fault}")
            faults += 1
        if path.endswith(".cc"):
            for line, lines in function_lengths(without_comments_and_texts(text)):
                if lines > MAX_FUNCTION_LINES:
                    print(f"{path}:{line}: warning: function of {lines} lines, aim: {MAX_FUNCTION_LINES}")
                    warnings += 1
    print(f"{len(texts)} files, {faults} faults, {warnings} warnings")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else os.getcwd()))
