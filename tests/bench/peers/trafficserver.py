# SPDX-License-Identifier: Apache-2.0
"""Traffic Server with a run root of its own: memory and disk cache, readers join a fetch that runs, one event thread."""
import shutil

from peers.peer import Peer

CONFIG_FOLDER = "/etc/trafficserver"  # of the package: the files that are not written here


class TrafficServer(Peer):
    name = "trafficserver"
    fills = 2  # what is stored comes into memory when it is read

    def start(self):
        self._lay_out()
        self.run("traffic_server", ["traffic_server", f"--run-root={self.folder}"])

    def _lay_out(self):
        folder = self.folder
        shutil.copytree(CONFIG_FOLDER, f"{folder}/etc", dirs_exist_ok=True)
        folders = {name: self.place.subfolder(f"{self.name}/{name}") for name in ("var", "run", "log")}
        self.write("runroot.yaml", f"""
prefix: {folder}
exec_prefix: {folder}
bindir: /usr/bin
sbindir: /usr/bin
sysconfdir: {folder}/etc
datadir: {folder}/var
includedir: {folder}/var
libdir: /usr/lib/trafficserver
libexecdir: /usr/lib/trafficserver/modules
localstatedir: {folders['var']}
runtimedir: {folders['run']}
logdir: {folders['log']}
cachedir: {self.storage}
""")
        self.write("etc/storage.config", f"{self.storage} {self.setting.disk}\n")
        self.write("etc/remap.config", f"map / http://127.0.0.1:{self.origin_port}/\n")
        self.write("etc/ssl_multicert.config", f"dest_ip=* ssl_cert_name={self.place.certificate} ssl_key_name={self.place.key}\n")
        self.write("etc/records.config", "".join(f"CONFIG proxy.config.{name} {self._kind(value)} {value}\n"
                                                 for name, value in self._records().items()))

    @staticmethod
    def _kind(value):
        return {str: "STRING", int: "INT", float: "FLOAT"}[type(value)]

    def _records(self):
        idle = self.idle_seconds
        return {
            "exec_thread.autoconfig": 0, "exec_thread.limit": 1, "exec_thread.affinity": 0, "accept_threads": 0, "task_threads": 1,
            "http.server_ports": f"{self.port}:ssl:ip-in=127.0.0.1", "net.listen_backlog": 8192,
            "admin.user_id": "#-1",  # stays who starts it
            "log.logging_enabled": 0, "diags.output.diag": "E",
            "cache.ram_cache.size": self.setting.memory, "cache.ram_cache_cutoff": 256 << 20, "cache.min_average_object_size": 8000,
            "cache.threads_per_disk": 4, "cache.ram_cache.use_seen_filter": 0, "cache.enable_read_while_writer": 1, "cache.max_doc_size": 0,
            # Many clients, one fetch: wait for who fetches, then read what has come.
            "http.cache.open_read_retry_time": 10, "http.cache.max_open_read_retries": 300, "http.cache.open_write_fail_action": 5,
            "http.background_fill_active_timeout": 0, "http.background_fill_completed_threshold": 0.0,
            "http.cache.required_headers": 0, "http.insert_request_via_str": 0, "url_remap.pristine_host_hdr": 0,
            "http.keep_alive_no_activity_timeout_in": idle, "http.transaction_no_activity_timeout_in": idle,
            "net.default_inactivity_timeout": idle, "http.accept_no_activity_timeout": idle,
            "http2.no_activity_timeout_in": idle, "http2.max_concurrent_streams_in": 128, "http2.stream_priority_enabled": 0,
            # Its guards against abuse, far above what the load does.
            "http2.max_settings_frames_per_minute": 1 << 30, "http2.max_ping_frames_per_minute": 1 << 30,
            "http2.max_priority_frames_per_minute": 1 << 30, "http2.min_avg_window_update": 0.0,
            "net.max_connections_in": 30000, "net.connections_throttle": 30000, "net.max_requests_in": 0,
            "ssl.server.cipher_suite": "ECDHE-ECDSA-AES128-GCM-SHA256", "ssl.server.TLSv1_3.cipher_suites": self.cipher,
            "ssl.TLSv1": 0, "ssl.TLSv1_1": 0, "ssl.TLSv1_2": 0, "ssl.TLSv1_3": 1, "ssl.session_cache": 2,
            "ssl.server.session_ticket.enable": 1,
        }
