# SPDX-License-Identifier: Apache-2.0
"""What the caches fetch from: selvage-origin with generated files, and an origin that takes its time."""
import asyncio
import re
import threading
import urllib.request

from content import body
from place import free_port, wait_for_port
from process import Process

CORE = "1"  # the load's, which waits while the origin is asked


class FileOrigin:
    """selvage-origin; counts its answers. `tags`: path pattern -> the tags of what lies there."""

    def __init__(self, place, tags=None):
        self.port, self._admin = free_port(), free_port()
        config = place.write("origin.toml", f"""
[[listener]]
address = "127.0.0.1:{self.port}"
[admin]
address = "127.0.0.1:{self._admin}"
[content]
root = "{place.content}"
{self._rules(tags or {})}
[[rule]]
path = "*"
cache_control = "public, max-age=86400"
[limits]
idle = "10m"
[log]
access = ""
""")
        self._process = Process(place, "selvage-origin", [f"{place.programs}/selvage-origin", "--config", config], core=CORE)
        try:
            wait_for_port(self.port, self._process)
            wait_for_port(self._admin, self._process)
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def _rules(tags):
        return "".join(f"""
[[rule]]
path = "{path}"
surrogate_key = "{' '.join(names)}"
cache_control = "public, max-age=86400"
""" for path, names in tags.items())

    def requests(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self._admin}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return sum(int(float(value)) for value in re.findall(r"^selvage_origin_responses_total\S* (\S+)", text, re.M))

    def stop(self):
        self._process.stop()


class SlowOrigin:
    """Answers each request after `delay` seconds with `size` bytes of the path's name that may be cached."""

    def __init__(self, delay, size):
        self.port = None
        self._delay, self._size, self._count = delay, size, 0
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()

    def requests(self):
        return self._count

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, started):
        async def start():
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            return server
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(start())
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self._count += 1
                await asyncio.sleep(self._delay)
                answer = body(head.split(b" ", 2)[1].decode().lstrip("/"), self._size)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nCache-Control: public, max-age=86400\r\n"
                             b"Content-Length: %d\r\n\r\n" % len(answer) + answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
