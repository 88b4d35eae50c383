# SPDX-License-Identifier: Apache-2.0
"""Varnish behind hitch, which ends TLS and speaks PROXY protocol 2 to it over a Unix socket; a worker of hitch, one thread pool.

A session of HTTP/2 holds a thread of Varnish, hence so many of them."""
import socket
import time

from fault import Fault
from peers.peer import Peer
from place import START_LIMIT


class Varnish(Peer):
    name = "varnish"

    def start(self):
        socket_path = self._socket_path()
        vcl = self.write("bench.vcl", f"""
vcl 4.1;
backend origin {{ .host = "127.0.0.1"; .port = "{self.origin_port}"; }}
sub vcl_backend_response {{ set beresp.grace = 1h; }}
""")
        storage = f"file,{self.storage}/objects,{self.setting.disk}" if self.setting.on_disk else f"malloc,{self.setting.memory}"
        parameters = {"feature": "+http2", "thread_pools": 1, "thread_pool_min": 600, "thread_pool_max": 12000,
                      "thread_pool_timeout": 3000, "thread_queue_limit": 10000, "timeout_idle": self.idle_seconds,
                      "h2_max_concurrent_streams": 128, "listen_depth": 8192}
        varnish = self.run("varnishd", [
            "varnishd", "-F", "-j", "none", "-n", self.place.subfolder("varnish/work"), "-f", vcl, "-a", f"{socket_path},PROXY",
            "-s", storage, *(part for name, value in parameters.items() for part in ("-p", f"{name}={value}"))],
            environment={"TMPDIR": self.folder})
        self._wait_for(socket_path, varnish)
        config = self.write("hitch.conf", f"""
frontend = "[127.0.0.1]:{self.port}"
backend = "{socket_path}"
pem-file = "{self.place.both}"
alpn-protos = "h2, http/1.1"
tls-protos = TLSv1.3
ciphersuites = "{self.cipher}"
write-proxy-v2 = on
workers = 1
backlog = 8192
daemon = off
log-level = 0
syslog = off
""")
        self.run("hitch", ["hitch", f"--config={config}"])

    def _socket_path(self):
        return f"{self.folder}/varnish.sock"

    @staticmethod
    def _wait_for(path, varnish):
        """hitch hangs up on clients until Varnish's child listens there."""
        deadline = time.monotonic() + START_LIMIT
        while True:
            varnish.check_alive()
            with socket.socket(socket.AF_UNIX) as one:
                if one.connect_ex(path) == 0:
                    return
            if time.monotonic() > deadline:
                raise Fault(f"varnishd: nothing listens on {path} after {START_LIMIT} s; its log is {varnish.log}")
            time.sleep(0.02)
