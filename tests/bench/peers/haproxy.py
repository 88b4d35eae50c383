# SPDX-License-Identifier: Apache-2.0
"""HAProxy: its cache section, which is in memory only and joins no requests for one object; one thread."""
from peers.peer import MIB, Peer


class Haproxy(Peer):
    name = "haproxy"
    has_disk = False

    def start(self):
        config = self.write("haproxy.cfg", f"""
global
  nbthread 1
  maxconn 8000
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-bind-ciphersuites {self.cipher}
  tune.ssl.cachesize 20000
  tune.h2.max-concurrent-streams 128
cache c
  total-max-size {self.setting.memory // MIB}
  max-object-size {self.setting.memory // 2}
  max-age 86400
defaults
  mode http
  option dontlog-normal
  timeout connect 10s
  timeout client {self.idle_seconds}s
  timeout server 60s
  timeout http-keep-alive {self.idle_seconds}s
frontend edge
  bind 127.0.0.1:{self.port} ssl crt {self.place.both} alpn h2,http/1.1 backlog 8192
  http-request cache-use c
  http-response cache-store c
  default_backend origin
backend origin
  http-reuse always
  server origin 127.0.0.1:{self.origin_port}
""")
        self.run("haproxy", ["haproxy", "-db", "-f", config])
