#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Plays the quickstart's whole story with the programs of a build folder. Usage: quickstart_test.sh BUILD_FOLDER
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)

state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
chmod go+rx "$state"

# Eleven neighbouring ports that nobody listens on.
base=0
for candidate in 6440 7440 8440 9440; do
  free=yes
  for ((port = candidate + 1; port <= candidate + 10; port++)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then free=no; fi
  done
  if [[ $free == yes ]]; then base=$candidate && break; fi
done

"$repository/deploy/quickstart" --check --state "$state" --base-port "$base" --programs "$1" || {
  tail -n 20 "$state"/log/*.log >&2
  exit 1
}

# What the script writes, the services' user cannot; secrets are for its owner and the services only.
open=$(
  find "$state"/{conf,tls,tokens,client,log} -path "$state/log/access" -prune -o ! -user "$(id -un)" -print
  find "$state"/{conf,tls,tokens} -perm /g+w,o+rwx
  find "$state"/{client,log} -maxdepth 0 -perm /g+w,o+rwx
)
if [[ -n $open ]]; then
  echo "open to others:" >&2
  xargs ls -ld >&2 <<<"$open"
  exit 1
fi
