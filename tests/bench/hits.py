#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU time of a cache hit over HTTP/2 and TLS: selvage-edge beside nginx, in the same run, from the same origin.

Usage: tests/bench/hits.py --programs BUILD_FOLDER [--rounds N] [--factor N] [--rules]
Takes: a release build, nginx, h2load, openssl, curl. Prints a table; the last column is what to quote, since times of a
machine vary but ratios within one run hardly do. Rounds alternate between the two servers; figures are medians.
"""
import argparse
import hashlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

SIZES = {"1KiB": 1 << 10, "100KiB": 100 << 10, "1MiB": 1 << 20}
# What tests/bench/rules.cc decides about: a browser's request.
BROWSER = ("user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
           "accept: */*", "accept-language: en-GB,en;q=0.9,de;q=0.8", "accept-encoding: gzip, deflate, br, zstd",
           "referer: https://www.example.com/", "cookie: session=0123456789abcdef; theme=dark")
REQUESTS = {"1KiB": 40_000, "100KiB": 4_000, "1MiB": 400}  # of a round


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem",
                    "-out", f"{folder}/cert.pem"], check=True, capture_output=True)


class Server:
    """A program and all its children; their CPU time."""

    def __init__(self, command, port, log):
        with open(log, "wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out)
        self.port = port
        wait_for(port)

    def pids(self):
        found = [self.process.pid]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                    if int(file.read().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                        found.append(int(pid))
            except OSError:
                continue
        return found

    def cpu_seconds(self):
        ticks = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def start_origin(programs, folder):
    port = free_port()
    os.makedirs(f"{folder}/content")
    for name, size in SIZES.items():
        with open(f"{folder}/content/{name}", "wb") as file:
            file.write(hashlib.shake_128(name.encode()).digest(size))
    config = write(f"{folder}/origin.toml", f"""
[[listener]]
address = "127.0.0.1:{port}"
[admin]
address = "127.0.0.1:0"
[content]
root = "{folder}/content"
[[rule]]
path = "*"
cache_control = "public, max-age=86400"
[log]
access = "{folder}/origin-access.log"
""")
    return Server([f"{programs}/origin/server/selvage-origin", "--config", config], port, f"{folder}/origin.log")


def start_selvage(programs, folder, origin):
    port = free_port()
    config = write(f"{folder}/edge.toml", f"""
[edge]
node = "bench"
[[listener]]
address = "127.0.0.1:{port}"
[[certificate]]
certificate = "{folder}/cert.pem"
key = "{folder}/key.pem"
[memory]
budget = "64MiB"
[disk]
folder = "{folder}/selvage-cache"
budget = "256MiB"
[origins.main]
url = "http://127.0.0.1:{origin.port}"
[[site]]
name = "bench"
hosts = ["localhost"]
origin = "main"
[log]
access_file = "{folder}/edge-access.log"
""")
    return Server([f"{programs}/edge/node/selvage-edge", "--config", config], port, f"{folder}/edge.log")


def start_nginx(folder, origin):
    port = free_port()
    config = write(f"{folder}/nginx.conf", f"""
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 4096; }}
http {{
  client_body_temp_path {folder}/n1; proxy_temp_path {folder}/n2; fastcgi_temp_path {folder}/n3;
  uwsgi_temp_path {folder}/n4; scgi_temp_path {folder}/n5;
  proxy_cache_path {folder}/nginx-cache keys_zone=c:10m max_size=256m;
  access_log {folder}/nginx-access.log combined buffer=64k flush=1s;
  keepalive_requests 100000000;
  open_file_cache max=1000;
  tcp_nopush on;
  server {{
    listen 127.0.0.1:{port} ssl http2 reuseport;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    location / {{ proxy_pass http://127.0.0.1:{origin.port}; proxy_cache c; proxy_cache_valid 1d; }}
  }}
}}
""")
    return Server(["nginx", "-c", config, "-e", f"{folder}/nginx-error.log"], port, f"{folder}/nginx.log")


def check_body(server, folder, name):
    url = f"https://localhost:{server.port}/{name}"
    for _ in range(2):
        body = subprocess.run(["curl", "-sS", "--http2", "--cacert", f"{folder}/cert.pem", url], check=True,
                              capture_output=True).stdout
        with open(f"{folder}/content/{name}", "rb") as file:
            if body != file.read():
                raise SystemExit(f"{url}: another body than the origin's")


def load(server, name, requests, fields=()):
    """One round: CPU microseconds for a request."""
    before = server.cpu_seconds()
    more = [part for field in fields for part in ("-H", field)]
    output = subprocess.run(["h2load", "-n", str(requests), "-c", "32", "-m", "8", "-t", "1", *more,
                             f"https://localhost:{server.port}/{name}"], check=True, capture_output=True, text=True).stdout
    cpu = server.cpu_seconds() - before
    if f"{requests} succeeded, 0 failed, 0 errored" not in output:
        raise SystemExit(output)
    return cpu * 1e6 / requests


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--factor", type=float, default=1, help="on the number of requests of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rules", action="store_true", help="the share of the HTTP rules in the CPU of a 1 KiB hit")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="selvage-bench-")
    os.chmod(folder, 0o755)  # nginx's workers may be another user
    make_certificate(folder)
    servers = []
    try:
        origin = start_origin(arguments.programs, folder)
        servers.append(origin)
        peers = {"selvage": start_selvage(arguments.programs, folder, origin), "nginx": start_nginx(folder, origin)}
        servers += peers.values()
        rows, rules = {}, []
        fields = BROWSER if arguments.rules else ()
        for size in list(SIZES)[:1] if arguments.rules else SIZES:
            figures = {peer: [] for peer in peers}
            requests = int(REQUESTS[size] * arguments.factor)
            for server in peers.values():
                check_body(server, folder, size)
                load(server, size, requests // 4, fields)
            for _ in range(arguments.rounds):
                for peer, server in peers.items():
                    figures[peer].append(load(server, size, requests, fields))
                if arguments.rules:
                    rules.append(float(subprocess.run([f"{arguments.programs}/tests/bench/rules"], check=True,
                                                      capture_output=True, text=True).stdout) / 1000)
            rows[size] = {peer: statistics.median(values) for peer, values in figures.items()}
    finally:
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(folder)
    if arguments.json:
        print(json.dumps(rows))
        return
    print(f"{'hit of':>8} {'selvage':>10} {'nginx':>10}   selvage/nginx   (CPU µs a request, median of {arguments.rounds} rounds)")
    for size, row in rows.items():
        print(f"{size:>8} {row['selvage']:10.1f} {row['nginx']:10.1f} {row['selvage'] / row['nginx']:10.2f}")
    if arguments.rules:
        own = statistics.median(rules)
        print(f"the HTTP rules of a 1 KiB hit: {own:.2f} µs, {100 * own / rows['1KiB']['selvage']:.1f} % of it")


if __name__ == "__main__":
    main()
