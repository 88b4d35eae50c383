# SPDX-License-Identifier: Apache-2.0
"""Where a run of the bench lives: a temporary folder with a certificate, the origin's content, and each server's own folder."""
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

from fault import Fault

HOST = "localhost"
START_LIMIT = 30


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def temporary_folder():
    """Not /tmp, which may be in memory: the disk workload takes a disk."""
    return os.environ.get("TMPDIR", "/var/tmp")


def wait_for_port(port, process):
    """Returns once something listens there; a Fault if the process ends or time is up."""
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        process.check_alive()
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise Fault(f"{process.name}: nothing listens on port {port} after {START_LIMIT} s; its log is {process.log}")


class Place:
    """Owns the folder; close() removes it. Servers never run as root: as nobody if root runs the bench."""

    def __init__(self, programs):
        self.folder = tempfile.mkdtemp(prefix="selvage-bench-", dir=temporary_folder())
        self.as_server = ["setpriv", "--no-new-privs", "--pdeathsig", "TERM"]
        self._owner = None
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._owner = (nobody.pw_uid, nobody.pw_gid)
            self.as_server += ["--reuid", str(nobody.pw_uid), "--regid", str(nobody.pw_gid), "--clear-groups"]
        self._own(self.folder)
        self.logs = self.subfolder("logs")
        self.content = self.subfolder("content")
        self._copy_programs(programs)
        self._make_certificate()

    def _own(self, path):
        if self._owner:
            os.chown(path, *self._owner)

    def _copy_programs(self, build):
        """The servers' user may not be able to reach the build folder."""
        self.programs = self.subfolder("programs")
        for path in ("edge/node/selvage-edge", "origin/server/selvage-origin"):
            if not os.path.exists(f"{build}/{path}"):
                raise Fault(f"{build} has no {path}; allowed: a Meson build folder with the programs built")
            os.chmod(shutil.copy(f"{build}/{path}", self.programs), 0o755)

    def _make_certificate(self):
        self.key, self.certificate = f"{self.folder}/key.pem", f"{self.folder}/cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", self.key,
                        "-out", self.certificate], check=True, capture_output=True)
        self.both = self.write("both.pem", self.read(self.key) + self.read(self.certificate))
        for path in (self.key, self.certificate):
            self._own(path)

    def subfolder(self, name):
        path = f"{self.folder}/{name}"
        os.makedirs(path, exist_ok=True)
        self._own(path)
        return path

    def write(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self._own(path)
        return path

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
