# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by quickstart: where things lie, which ports, the build, certificates, tokens and configuration files.
# shellcheck disable=SC2154  # set by quickstart

# name=offset from --base-port
declare -A port=()
for pair in edge-1.https=1 edge-1.http=2 edge-1.admin=3 edge-2.https=4 edge-2.http=5 edge-2.admin=6 \
  origin=7 origin.admin=8 purge=9 purge.admin=10; do
  port[${pair%=*}]=$((base_port + ${pair#*=}))
done

# What callers of those APIs know the sample site by.
cloudflare_zone=023e105f4ecef8ad9ca31a8372d0c353
fastly_service=SU1Z0isxPaozGVKXdv0eY

# Services never run as root: nobody does if root started this, else the user who did.
as_service=(setpriv --no-new-privs --pdeathsig TERM)
if (($(id -u) == 0)); then
  as_service+=(--reuid nobody --regid nogroup --clear-groups)
fi

# Sets $state: a folder that we can write and the services' user can reach.
choose_state() {
  local folder
  local -a candidates=("$state")
  if [[ -z $state ]]; then
    candidates=("${XDG_STATE_HOME:-${HOME:-/nonexistent}/.local/state}/selvage-quickstart" "/tmp/selvage-quickstart-$(id -u)")
    if (($(id -u) == 0)); then candidates=(/var/lib/selvage-quickstart "${candidates[1]}"); fi
  fi
  for folder in "${candidates[@]}"; do
    if mkdir -p "$folder" 2>/dev/null && [[ -w $folder && -O $folder ]]; then
      state=$(cd "$folder" && pwd)
      chmod go+rx "$state"
      "${as_service[@]}" test -x "$state" ||
        fail "the services run as nobody, who cannot reach $state; choose another folder with --state"
      return
    fi
  done
  fail "cannot write to ${candidates[*]}; choose a folder with --state"
}

check_ports() {
  local name
  for name in "${!port[@]}"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/${port[$name]}") 2>/dev/null; then
      fail "port ${port[$name]} (for $name) is in use; choose others with --base-port N (N+1 to N+10 are used)"
    fi
  done
}

build_programs() {
  programs=$state/build
  say "building a release into $programs (some minutes the first time)"
  local log=$state/build.log
  if [[ ! -f $programs/build.ninja ]]; then
    meson setup --buildtype=release -Db_lto=true -Dtests=false -Dwerror=false "$programs" "$repository" >"$log" 2>&1 ||
      { tail -n 40 "$log" >&2; fail "meson setup failed; the whole log is $log"; }
  fi
  ninja -C "$programs" >"$log" 2>&1 || { tail -n 40 "$log" >&2; fail "the build failed; the whole log is $log"; }
}

# A certificate of our own authority for localhost, kept while it is good for another day.
make_certificates() {
  local tls=$state/tls
  mkdir -p "$tls"
  if openssl x509 -checkend 86400 -noout -in "$tls/localhost.pem" >/dev/null 2>&1; then return; fi
  local -a key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  {
    openssl req -x509 "${key[@]}" -days 365 -subj "/CN=Selvage quickstart CA" -keyout "$tls/ca.key" -out "$tls/ca.pem" &&
      openssl req -new "${key[@]}" -subj "/CN=localhost" -keyout "$tls/localhost.key" -out "$tls/localhost.csr" &&
      openssl x509 -req -in "$tls/localhost.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 365 \
        -extfile <(printf 'subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1\n') -out "$tls/localhost.pem"
  } >"$tls/openssl.log" 2>&1 || { cat "$tls/openssl.log" >&2; fail "openssl could not make the certificates"; }
  cp "$tls/ca.pem" "$state/ca.pem" # for anyone to trust
  chmod a+r "$state/ca.pem"
}

# token NAME: the secret of that name, made at the first call.
token() {
  local file=$state/tokens/$1
  if [[ ! -s $file ]]; then
    mkdir -p "$state/tokens"
    (umask 077 && openssl rand -hex 24 >"$file")
  fi
  cat "$file"
}
token_sha256() { token "$1" | tr -d '\n' | sha256sum | cut -d' ' -f1; }

write_origin_config() {
  cat >"$state/conf/origin.toml" <<TOML
[[listener]]
address = "127.0.0.1:${port[origin]}"
[admin]
address = "127.0.0.1:${port[origin.admin]}"
[content]
root = "$state/content"
[[rule]]
path = "/assets/*"
cache_control = "public, max-age=86400"
surrogate_key = "assets"
[[rule]]
path = "*"
cache_control = "public, max-age=3600, stale-while-revalidate=60"
surrogate_key = "site"
[[token]]
name = "upload"
sha256 = "$(token_sha256 upload)"
[log]
access = "$state/log/access/origin.log"
TOML
}

write_purge_config() {
  cat >"$state/conf/purge.toml" <<TOML
[[listener]]
address = "127.0.0.1:${port[purge]}"
tls = true
[[certificate]]
certificate = "$state/tls/localhost.pem"
key = "$state/tls/localhost.key"
[admin]
address = "127.0.0.1:${port[purge.admin]}"
[log_store]
folder = "$state/data/purge"
[[token]]
name = "operator"
sha256 = "$(token_sha256 operator)"
roles = ["purge", "read"]
sites = ["*"]
[[token]]
name = "edges"
sha256 = "$(token_sha256 edges)"
roles = ["node", "purge"]
sites = ["sample"]
[[cloudflare_zone]]
id = "$cloudflare_zone"
site = "sample"
[[fastly_service]]
id = "$fastly_service"
site = "sample"
hosts = ["localhost"]
TOML
}

# write_edge_config NAME
write_edge_config() {
  local name=$1
  cat >"$state/conf/$name.toml" <<TOML
[edge]
node = "$name"
[[listener]]
name = "https"
address = "127.0.0.1:${port[$name.https]}"
tls = true
[[listener]]
name = "http"
address = "127.0.0.1:${port[$name.http]}"
tls = false
[admin]
address = "127.0.0.1:${port[$name.admin]}"
[[certificate]]
certificate = "$state/tls/localhost.pem"
key = "$state/tls/localhost.key"
[memory]
budget = "64MiB"
[disk]
folder = "$state/data/$name/cache"
budget = "512MiB"
[purge]
url = "https://localhost:${port[purge]}"
token = "$(token edges)"
ca_file = "$state/tls/ca.pem"
state_folder = "$state/data/$name/state"
[origins.main]
url = "http://127.0.0.1:${port[origin]}"
[[site]]
name = "sample"
hosts = ["localhost", "127.0.0.1"]
origin = "main"
plain = "redirect"
[site.purge]
tokens_sha256 = ["$(token_sha256 operator)"]
wait_for = "nodes"
[log]
access_file = "$state/log/access/$name.log"
TOML
}

# Folders, certificates, tokens, configuration files. What this script writes or reads as its own lies in folders that the
# services' user cannot change, or that user could lead it elsewhere with a link. Secrets are for nobody else at any time.
lay_out() (
  umask 077
  local folder
  for folder in "$state"/{conf,tls,tokens,client,log}; do
    if [[ ! -O $folder ]]; then rm -rf "$folder"; fi
    mkdir -p "$folder"
  done
  for folder in "$state"/{content,data,run,log/access}; do
    mkdir -p "$folder"
    give_to_services "$folder"
  done
  "${as_service[@]}" mkdir -p "$state"/data/{purge,edge-1,edge-2}
  rm -f "$state"/run/*
  make_certificates
  write_origin_config
  write_purge_config
  write_edge_config edge-1
  write_edge_config edge-2
  let_services_read "$state"/{conf,tls,log}
  let_services_read "$state"/conf/* "$state"/tls/*
)

give_to_services() {
  chmod go-rwx "$1"
  if (($(id -u) == 0)); then chown nobody:nogroup "$1"; fi
}

let_services_read() {
  if (($(id -u) == 0)); then
    chgrp nogroup "$@"
    chmod g+rX "$@"
  fi
}
