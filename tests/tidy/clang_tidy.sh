#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy over the sources: all of them, or those named. Usage: tests/tidy/clang_tidy.sh [-b BUILD_FOLDER] [FILE.cc …]
set -euo pipefail
cd "$(dirname "$0")/../.."

build=build
if [[ ${1:-} == -b ]]; then
  build=$2
  shift 2
fi
if [[ ! -f $build/compile_commands.json ]]; then
  echo "clang_tidy: $build/compile_commands.json is missing; run: meson setup $build" >&2
  exit 2
fi
tidy=$(command -v clang-tidy-19 || true)
if [[ -z $tidy ]]; then
  echo "clang_tidy: clang-tidy-19 is missing; run: apt-get install clang-tidy-19" >&2
  exit 2
fi

if (($# > 0)); then
  files=("$@")
else
  mapfile -t files < <(git ls-files 'edge/*.cc' 'store/*.cc' 'origin/*.cc' 'purge/*.cc')
fi
# g++ flags that clang does not know are no finding.
printf '%s\0' "${files[@]}" |
  nice xargs -0 -n 1 -P "$(nproc)" "$tidy" -p "$build" --quiet --extra-arg=-Wno-unknown-warning-option
