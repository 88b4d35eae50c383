# SPDX-License-Identifier: Apache-2.0
"""nginx: proxy_cache on disk with its files kept open, so that the page cache serves them; one worker."""
from peers.peer import Peer


class Nginx(Peer):
    name = "nginx"

    def start(self):
        folder = self.folder
        config = self.write("nginx.conf", f"""
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 12000; multi_accept on; }}
http {{
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  proxy_cache_path {self.storage} levels=1:2 keys_zone=c:64m max_size={self.setting.disk} inactive=1d use_temp_path=off;
  open_file_cache max=18000 inactive=1d;
  open_file_cache_valid 1d;
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout {self.idle_seconds};
  keepalive_requests 1000000000;
  http2_max_concurrent_streams 128;
  http2_chunk_size 16k;
  output_buffers 2 128k;
  ssl_protocols TLSv1.3;
  ssl_conf_command Ciphersuites {self.cipher};
  ssl_session_cache shared:s:16m;
  ssl_session_tickets on;
  upstream origin {{ server 127.0.0.1:{self.origin_port}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{self.port} ssl http2 reuseport backlog=8192;
    server_name localhost;
    ssl_certificate {self.place.certificate};
    ssl_certificate_key {self.place.key};
    location / {{
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache c;
      proxy_cache_valid 1d;
      proxy_cache_lock on;
    }}
  }}
}}
""")
        self.run("nginx", ["nginx", "-c", config, "-e", f"{folder}/error.log"])
