# SPDX-License-Identifier: Apache-2.0
"""h2load: on the core that the server is not on, with the times of all requests."""
import os
import re
import subprocess
from dataclasses import dataclass, field

from fault import Fault
from place import HOST

CORE = "1"
CIPHER = "TLS_AES_128_GCM_SHA256"
LIMIT = 180  # seconds for one run


@dataclass(frozen=True)
class Shape:
    """How requests come. h2load's connections all go through a list of URLs in the same order, so several processes with lists of
    their own ask for more different ones."""
    connections: int = 32
    streams: int = 16
    processes: int = 1
    http1: bool = False
    per_second: int = 0  # 0: as fast as answers come
    fields: tuple = ()
    cores: str = CORE


@dataclass
class Outcome:
    requests: int
    seconds: float
    micros: list = field(repr=False)  # of each request, sorted

    def quantile(self, part):
        return self.micros[int(part * (len(self.micros) - 1))]


def h2load(place, port, paths, requests, shape):
    """`paths`: for each process one path, or a list of paths that each connection goes through."""
    each = max(requests // shape.processes // shape.connections * shape.connections, shape.connections)
    running = []
    try:
        for number in range(shape.processes):
            log = f"{place.folder}/h2load-{number}.log"
            if os.path.exists(log):
                os.unlink(log)
            command = _command(place, port, paths[number % len(paths)], number, each, shape) + [f"--log-file={log}"]
            running.append((subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True), log, each))
        return _gather(running, shape)
    finally:
        for process, _, _ in running:
            if process.poll() is None:
                process.kill()
                process.wait()


def _command(place, port, paths, number, requests, shape):
    command = ["taskset", "-c", shape.cores, "h2load", "-t", "1", "-n", str(requests), "-c", str(shape.connections),
               f"--tls13-ciphers={CIPHER}", f"--connect-to=127.0.0.1:{port}"]
    command += ["--h1"] if shape.http1 else ["-m", str(shape.streams)]
    for text in shape.fields:
        command += ["-H", text]
    if shape.per_second:
        command.append(f"--rps={shape.per_second / shape.processes / shape.connections}")
    base = f"https://{HOST}:{port}"
    if isinstance(paths, str):
        return command + [f"{base}/{paths}"]
    reached = paths[:-(-requests // shape.connections)]  # reading more would only take time
    return command + ["-i", place.write(f"h2load-{number}.urls", "".join(f"{base}/{path}\n" for path in reached))]


def _gather(running, shape):
    begin, end, micros = None, None, []
    for process, log, requests in running:
        try:
            output = process.communicate(timeout=LIMIT)[0]
        except subprocess.TimeoutExpired:
            raise Fault(f"h2load has not ended after {LIMIT} s") from None
        _check(output, requests, shape)
        with open(log, encoding="utf-8") as file:
            for line in file:
                start, _, took = line.split()[:3]
                start, took = int(start), int(took)
                begin = start if begin is None else min(begin, start)
                end = start + took if end is None else max(end, start + took)
                micros.append(took)
    return Outcome(requests=len(micros), seconds=max(end - begin, 1) / 1e6, micros=sorted(micros))


def _check(output, requests, shape):
    if f"{requests} succeeded, 0 failed, 0 errored" not in output or f"status codes: {requests} 2xx" not in output:
        raise Fault(f"h2load: not all requests went well: {' '.join(output.split()[-60:])}")
    for what, expected in (("Cipher", CIPHER), ("Application protocol", "http/1.1" if shape.http1 else "h2")):
        found = re.search(rf"^{what}: (\S+)", output, re.M)
        if not found or found.group(1) != expected:
            raise Fault(f"h2load: {what} is {found.group(1) if found else 'unknown'}, must be {expected}")
