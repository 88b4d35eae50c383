# SPDX-License-Identifier: Apache-2.0
"""A client of HTTP/2 over TLS that does what h2load cannot: resume sessions, and hold thousands of connections that do nothing.

It is slow, which does not matter: what is measured is the servers' CPU time and memory.
"""
import socket
import ssl
import struct

from fault import Fault
from place import HOST

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1
LIMIT = 20  # seconds for a step


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def make_context(certificate):
    context = ssl.create_default_context(cafile=certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["h2"])
    return context


def literal(name_index, text):
    """A header field that is not indexed, with a name from HPACK's static table."""
    return bytes([name_index, len(text)]) + text.encode()


class Connection:
    """Handshake when made; then one request after another. The caller closes it. `source`: an address has ports for some 28,000."""

    def __init__(self, port, context, session=None, source="127.0.0.1"):
        raw = socket.create_connection(("127.0.0.1", port), timeout=LIMIT, source_address=(source, 0))
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._tls = context.wrap_socket(raw, server_hostname=HOST, session=session)
            if self._tls.selected_alpn_protocol() != "h2":
                raise Fault("the server does not speak HTTP/2")
        except BaseException:
            raw.close()
            raise
        self._buffer = b""
        self._next_stream = 1
        self._opening = PREFACE + frame(SETTINGS, 0, 0)

    @property
    def resumed(self):
        return self._tls.session_reused

    @property
    def session(self):
        return self._tls.session

    @property
    def cipher(self):
        return self._tls.cipher()[0]

    def get(self, path):
        """The body."""
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        # :method GET and :scheme https are whole entries of the static table, 2 and 7.
        fields = b"\x82\x87" + literal(1, HOST) + literal(4, path)
        self._tls.sendall(self._opening + frame(HEADERS, END_STREAM | END_HEADERS, stream, fields))
        self._opening = b""
        found = []
        while True:
            kind, flags, of, payload = self._read_frame()
            if kind == SETTINGS and not flags & ACK:
                self._tls.sendall(frame(SETTINGS, ACK, 0))
            elif kind == GOAWAY or (kind == RST_STREAM and of == stream):
                raise Fault(f"{path}: the server ended the {'connection' if kind == GOAWAY else 'stream'}")
            elif of == stream:
                if kind == DATA:
                    found.append(payload)
                if flags & END_STREAM and kind in (DATA, HEADERS):
                    return b"".join(found)

    def close(self):
        self._tls.close()

    def _read_frame(self):
        head = self._read(9)
        size = int.from_bytes(head[:3], "big")
        return head[3], head[4], int.from_bytes(head[5:], "big") & 0x7FFFFFFF, self._read(size)

    def _read(self, size):
        while len(self._buffer) < size:
            more = self._tls.recv(65536)
            if not more:
                raise Fault("the server closed the connection")
            self._buffer += more
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken
