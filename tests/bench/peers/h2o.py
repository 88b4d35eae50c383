# SPDX-License-Identifier: Apache-2.0
"""H2O as a static file server: no cache, so it shows what a hit costs at least; one thread.

Its configuration knows no cipher of TLS 1.3, so OpenSSL's own does it."""
from peers.peer import Peer


class H2o(Peer):
    name = "h2o"
    is_cache = False

    def start(self):
        openssl = self.write("openssl.cnf", f"""
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = server
[server]
Ciphersuites = {self.cipher}
""")
        config = self.write("h2o.conf", f"""
num-threads: 1
max-connections: 20000
http1-request-timeout: {self.idle_seconds}
http2-idle-timeout: {self.idle_seconds}
http2-max-concurrent-requests-per-connection: 128
tcp-fastopen: 0
pid-file: {self.folder}/h2o.pid
error-log: {self.folder}/error.log
listen:
  host: 127.0.0.1
  port: {self.port}
  ssl:
    certificate-file: {self.place.certificate}
    key-file: {self.place.key}
    minimum-version: TLSv1.3
hosts:
  default:
    paths:
      "/":
        file.dir: {self.place.content}
""")
        self.run("h2o", ["h2o", "-m", "worker", "-c", config], environment={"OPENSSL_CONF": openssl})
