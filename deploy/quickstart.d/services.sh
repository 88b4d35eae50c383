# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by quickstart: starting the daemons, waiting until they are ready, stopping them.
# shellcheck disable=SC2154  # set by quickstart and settings.sh

declare -A pid=()

# Where the build puts each program.
program() {
  case $1 in
    selvage-edge) echo "$programs/edge/node/selvage-edge" ;;
    selvage-origin) echo "$programs/origin/server/selvage-origin" ;;
    selvage-purge) echo "$programs/purge/server/selvage-purge" ;;
    selvagectl) echo "$programs/purge/ctl/selvagectl" ;;
  esac
}

# The services' user may not be able to reach the build: run copies of the programs.
copy_programs() {
  local name
  mkdir -p "$state/bin"
  for name in selvage-edge selvage-origin selvage-purge selvagectl; do
    [[ -x $(program "$name") ]] || fail "$(program "$name") is missing"
    cp -f --remove-destination "$(program "$name")" "$state/bin/$name"
  done
  chmod -R go+rX "$state/bin"
}

# start_service NAME PROGRAM: NAME.toml is its configuration.
start_service() {
  local name=$1 program=$2
  "${as_service[@]}" "$state/bin/$program" --config "$state/conf/$name.toml" --ready-file "$state/run/$name.json" \
    </dev/null >>"$state/log/$name.log" 2>&1 &
  pid[$name]=$!
}

show_log() {
  say "the last lines of $state/log/$1.log:" >&2
  tail -n 15 "$state/log/$1.log" >&2
}

wait_ready() {
  local name=$1 deadline=$((SECONDS + 20))
  until [[ -s $state/run/$name.json ]]; do
    if ! kill -0 "${pid[$name]}" 2>/dev/null; then
      show_log "$name"
      fail "$name ended at its start"
    fi
    if ((SECONDS >= deadline)); then
      show_log "$name"
      fail "$name was not ready after 20 s"
    fi
    sleep 0.05
  done
}

# wait_edge NAME: until it has caught up with the purge log.
wait_edge() {
  local name=$1 deadline=$((SECONDS + 20))
  until curl -sf -o "$state/client/ready" "http://127.0.0.1:${port[$name.admin]}/readyz"; do
    if ((SECONDS >= deadline)); then
      show_log "$name"
      fail "$name does not follow the purge log after 20 s"
    fi
    sleep 0.1
  done
}

start_services() {
  say "starting selvage-origin, selvage-purge and two selvage-edge; logs are in $state/log"
  copy_programs
  start_service origin selvage-origin
  start_service purge selvage-purge
  wait_ready origin
  wait_ready purge
  start_service edge-1 selvage-edge
  start_service edge-2 selvage-edge
  wait_ready edge-1
  wait_ready edge-2
  wait_edge edge-1
  wait_edge edge-2
}

# Asks all to end, waits up to 5 s, then makes them.
stop_services() {
  local name deadline=$((SECONDS + 5))
  trap '' INT TERM
  for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null || true; done
  for name in "${!pid[@]}"; do
    while kill -0 "${pid[$name]}" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.05; done
    kill -9 "${pid[$name]}" 2>/dev/null || true
    wait "${pid[$name]}" 2>/dev/null || true
  done
}

# Ends with an error if a daemon has.
check_services() {
  local name
  for name in "${!pid[@]}"; do
    if ! kill -0 "${pid[$name]}" 2>/dev/null; then
      show_log "$name"
      fail "$name has ended"
    fi
  done
}
