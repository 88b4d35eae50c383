# SPDX-License-Identifier: Apache-2.0
"""What connections cost: handshakes in full and resumed, and the memory of those that do nothing."""
import time

import content
from client import Connection, make_context
from fault import Fault
from figures import CPU, IDLE, P50, P99
from load import CIPHER
from workloads.workload import Workload, cpu_of

PATH = "1KiB"


class Handshakes(Workload):
    """One connection after another, each with one request: the client is slow, but the server's CPU is what counts."""

    def __init__(self, resumed):
        self.name = "resumed" if resumed else "handshake"
        self.title = f"new connection, {'resumed' if resumed else 'full'} TLS 1.3 handshake and one request, h2"
        self._resumed = resumed

    def prepare(self, run, peer):
        self._connect(run, peer, time.monotonic() + run.scale.seconds / 4)

    def measure(self, run, peer, number):
        before = run.origin.requests()
        cpu, micros = cpu_of(peer, lambda: self._connect(run, peer, time.monotonic() + run.scale.seconds))
        if run.origin.requests() != before:
            raise Fault("not all requests were hits")
        micros.sort()
        return {CPU: cpu / 1000 / len(micros), P50: micros[len(micros) // 2], P99: micros[int(0.99 * (len(micros) - 1))]}

    def _connect(self, run, peer, until):
        """Microseconds of each, from the connection to the last byte of the answer."""
        context = make_context(run.place.certificate)
        expected = content.body(PATH, content.SIZES[PATH])
        session = self._first_session(peer, context) if self._resumed else None
        micros = []
        while not micros or time.monotonic() < until:
            begin = time.perf_counter()
            connection = Connection(peer.port, context, session)
            try:
                body = connection.get("/" + PATH)
                micros.append((time.perf_counter() - begin) * 1e6)
                self._check(connection, body == expected)
                session = connection.session if self._resumed else None
            finally:
                connection.close()
        return micros

    @staticmethod
    def _first_session(peer, context):
        connection = Connection(peer.port, context)
        try:
            connection.get("/" + PATH)
            return connection.session
        finally:
            connection.close()

    def _check(self, connection, body_is_right):
        if not body_is_right:
            raise Fault("another body than the origin's")
        if connection.resumed != self._resumed:
            raise Fault(f"the session was {'not ' if self._resumed else ''}resumed")
        if connection.cipher != CIPHER:
            raise Fault(f"cipher is {connection.cipher}, must be {CIPHER}")


class Idle(Workload):
    """Memory that connections take which have had one request and wait; the first hundred do not count: pools are grown then."""

    rounds = 1

    def __init__(self, scale):
        self.name = "idle"
        self.title = f"{scale.idle_connections:,} idle h2 connections"

    def measure(self, run, peer, number):
        context = make_context(run.place.certificate)
        connections = []
        try:
            self._open(peer, context, connections, 100)
            before = peer.memory_bytes()
            self._open(peer, context, connections, run.scale.idle_connections)
            return {IDLE: (peer.memory_bytes() - before) / 1024 / run.scale.idle_connections}
        finally:
            for connection in connections:
                connection.close()

    @staticmethod
    def _open(peer, context, connections, count):
        for _ in range(count):
            connections.append(Connection(peer.port, context))
            connections[-1].get("/" + PATH)
