# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by quickstart: uploading, the welcome, the live line, and the story that --check plays.
# shellcheck disable=SC2154  # set by quickstart, settings.sh and services.sh

origin_url() { echo "http://127.0.0.1:${port[origin]}"; }
edge_url() { echo "https://localhost:${port[$1.https]}"; }
purge_url() { echo "https://localhost:${port[purge]}"; }

# fetch EDGE PATH [curl options …]: head into $state/client/head, body into $state/client/body.
fetch() {
  local edge=$1 path=$2
  shift 2
  curl -sS --max-time 20 --cacert "$state/ca.pem" -D "$state/client/head" -o "$state/client/body" "$@" "$(edge_url "$edge")$path"
}

# header NAME: its value in the last head.
header() { tr -d '\r' <"$state/client/head" | sed -n "s/^$1: //Ip" | head -n 1; }

# put FILE PATH
put() {
  curl -sSf --max-time 60 -o "$state/client/answer" -H "Authorization: Bearer $(token upload)" -T "$1" "$(origin_url)$2"
}

# ctl TOKEN ARGUMENTS …: selvagectl with that token.
ctl() {
  local name=$1
  shift
  SELVAGE_TOKEN=$(token "$name") SELVAGE_API=$(purge_url) SELVAGE_CA=$state/ca.pem "$state/bin/selvagectl" "$@"
}

upload_site() {
  ctl upload put "$1" "$(origin_url)/" || fail "the sample site could not be uploaded"
}

# purge ARGUMENTS …: waits until both edges have applied it; the answer is in $state/client/answer.
purge() { ctl operator purge --site sample --wait 5s --json "$@" >"$state/client/answer"; }

# In the way of other CDNs' callers; they do not wait for the edges.
purge_like() {
  local -a ask=(curl -sSf --max-time 20 --cacert "$state/ca.pem" -o "$state/client/answer")
  case $1 in
    cloudflare)
      "${ask[@]}" "$(purge_url)/client/v4/zones/$cloudflare_zone/purge_cache" -H "Authorization: Bearer $(token operator)" \
        -H "Content-Type: application/json" -d '{"tags":["site"]}'
      ;;
    fastly) "${ask[@]}" -X POST "$(purge_url)/service/$fastly_service/purge/site" -H "Fastly-Key: $(token operator)" ;;
    varnish) "${ask[@]}" -X PURGE "$(edge_url edge-2)/check.txt" -H "X-Purge-Token: $(token operator)" ;;
  esac
}

# until_page EDGE TEXT: up to 5 s.
until_page() {
  local deadline=$((SECONDS + 5))
  until fetch "$1" /check.txt && [[ $(<"$state/client/body") == "$2" ]]; do
    if ((SECONDS >= deadline)); then return 1; fi
    sleep 0.05
  done
}

show_welcome() {
  cat <<TEXT

The site, from either edge:
  $(edge_url edge-1)/      (in a browser: trust $state/ca.pem, or accept the warning)
  $(edge_url edge-2)/
Metrics: http://127.0.0.1:${port[edge-1.admin]}/metrics and http://127.0.0.1:${port[edge-2.admin]}/metrics

Try, in another terminal:
  curl --cacert $state/ca.pem -sI $(edge_url edge-1)/ | grep -i -e cache-status -e age
  SELVAGE_TOKEN=$(token upload) $state/bin/selvagectl put README.md $(origin_url)/readme.md
  SELVAGE_TOKEN=$(token operator) $state/bin/selvagectl purge --api $(purge_url) --ca $state/ca.pem \\
    --site sample --everything --wait 5s

The same in the way of other CDNs' callers (docs/purging.md):
  curl --cacert $state/ca.pem $(purge_url)/client/v4/zones/$cloudflare_zone/purge_cache \\
    -H "Authorization: Bearer $(token operator)" -H "Content-Type: application/json" -d '{"tags":["site"]}'
  curl --cacert $state/ca.pem -X POST $(purge_url)/service/$fastly_service/purge/site -H "Fastly-Key: $(token operator)"
  curl --cacert $state/ca.pem -X PURGE $(edge_url edge-1)/ -H "X-Purge-Token: $(token operator)"

Ctrl-C stops everything.
TEXT
}

# Requests so far and those answered from the cache, of both edges.
count_requests() {
  local edge
  for edge in edge-1 edge-2; do
    curl -sf --max-time 2 "http://127.0.0.1:${port[$edge.admin]}/metrics" || true
  done | awk '
    /^selvage_requests_total\{/ {
      all += $NF
      if ($0 ~ /outcome="(hit|stale|revalidated|collapsed)"/) hits += $NF
    }
    END { printf "%d %d\n", all, hits }'
}

show_live_line() {
  local all hits old_all old_hits ratio tail=""
  read -r old_all old_hits < <(count_requests)
  while true; do
    sleep 1 &
    wait $! # so that Ctrl-C is answered at once
    check_services
    read -r all hits < <(count_requests)
    ratio="-"
    if ((all > old_all)); then ratio=$((100 * (hits - old_hits) / (all - old_all)))%; fi
    printf -v tail '%s  %d requests/s  hit ratio %s  (since start: %d requests, %d from cache)' \
      "$(date +%T)" $((all - old_all)) "$ratio" "$all" "$hits"
    if [[ -t 1 ]]; then printf '\r\033[K%s' "$tail"; else say "$tail"; fi
    old_all=$all old_hits=$hits
  done
}

failures=0
# expect WHAT FOUND PATTERN: one step of the story.
expect() {
  # shellcheck disable=SC2053  # a pattern is what is wanted
  if [[ $2 == $3 ]]; then
    say "ok    $1"
  else
    say "FAIL  $1: found \"$2\", expected \"$3\""
    failures=$((failures + 1))
  fi
}

# succeed WHAT COMMAND …
succeed() {
  local what=$1
  shift
  if "$@"; then expect "$what" good good; else expect "$what" bad good; fi
}

# expect_page WHAT EDGE TEXT CACHE_STATUS [curl options …]
expect_page() {
  local what=$1 edge=$2 text=$3 status=$4
  shift 4
  if fetch "$edge" /check.txt "$@"; then
    expect "$what: content" "$(cat "$state/client/body")" "$text"
    expect "$what: Cache-Status" "$(header cache-status)" "$status"
  else
    expect "$what" "no answer" "an answer"
  fi
}

expect_site() {
  local folder=$1 file
  while IFS= read -r -d '' file; do
    fetch edge-1 "/$file" || true
    succeed "sample site: /$file byte for byte" cmp -s "$folder/$file" "$state/client/body"
  done < <(cd "$folder" && find . -type f -printf '%P\0')
}

play_story() {
  local old new
  old="old $(openssl rand -hex 8)"
  new="new $(openssl rand -hex 8)"
  upload_site "$deploy/sample-site"
  expect_site "$deploy/sample-site"

  printf '%s\n' "$old" >"$state/client/upload"
  succeed "upload" put "$state/client/upload" /check.txt
  # What an earlier run left behind must not look like a hit.
  succeed "purge of everything" purge --everything
  expect_page "edge-1, first request over HTTP/2" edge-1 "$old" "*fwd=*miss*" --http2
  expect "edge-1 speaks HTTP/2" "$(head -n 1 "$state/client/head")" "HTTP/2 200*"
  expect_page "edge-1, second request" edge-1 "$old" "*; hit*" --http2
  expect_page "edge-1, over HTTP/1.1" edge-1 "$old" "*; hit*" --http1.1
  expect "edge-1 speaks HTTP/1.1" "$(head -n 1 "$state/client/head")" "HTTP/1.1 200*"
  expect_page "edge-2, first request" edge-2 "$old" "*fwd=*miss*"
  expect_page "edge-2, second request" edge-2 "$old" "*; hit*"

  printf '%s\n' "$new" >"$state/client/upload"
  succeed "new upload" put "$state/client/upload" /check.txt
  expect_page "edge-1, new upload but no purge" edge-1 "$old" "*; hit*"
  succeed "purge by URL" purge --url "$(edge_url edge-1)/check.txt"
  expect "purge by URL: applied by" "$(<"$state/client/answer")" "*edge-1*edge-2*"
  expect_page "edge-1, after the purge" edge-1 "$new" "*fwd=*"
  expect_page "edge-2, after the purge" edge-2 "$new" "*fwd=*"
  expect_page "edge-1, cached again" edge-1 "$new" "*; hit*"

  local caller
  for caller in cloudflare fastly varnish; do
    new="$caller $(openssl rand -hex 8)"
    printf '%s\n' "$new" >"$state/client/upload"
    succeed "new upload" put "$state/client/upload" /check.txt
    succeed "purge as of $caller" purge_like "$caller"
    succeed "edge-1, after the purge as of $caller" until_page edge-1 "$new"
    succeed "edge-2, after the purge as of $caller" until_page edge-2 "$new"
  done

  curl -s -o /dev/null -D "$state/client/head" "http://localhost:${port[edge-1.http]}/check.txt" || true
  expect "plain HTTP is redirected" "$(header location)" "https://localhost*"
  if ((failures > 0)); then fail "$failures steps failed; logs are in $state/log"; fi
  say "the whole story went well"
}
