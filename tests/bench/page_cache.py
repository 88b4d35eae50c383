# SPDX-License-Identifier: Apache-2.0
"""Takes files out of the page cache, also those that running servers have mapped. Takes root for the latter."""
import ctypes
import os

from fault import Fault

PROCESS_MADVISE = 440  # of all architectures
MADV_PAGEOUT = 21
MAY_REMAIN = 0.05

_libc = ctypes.CDLL(None, use_errno=True)


class _Range(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def files_below(folder):
    return [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names
            if os.path.isfile(os.path.join(parent, name))]


def forget(folder, pids):
    """Empties the page cache of all files below folder; pids may have mapped them. A Fault if too much remains."""
    os.sync()  # pages that are not written yet stay
    paths = files_below(folder)
    before = sum(map(resident_bytes, paths))
    for pid in pids:
        _page_out(pid, folder)
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)
    after = sum(map(resident_bytes, paths))
    if after > max(MAY_REMAIN * before, 1 << 20):
        raise Fault(f"of {before >> 20} MiB in the page cache {after >> 20} MiB stay there ({folder})")


def resident_bytes(path):
    """How much of a file is in the page cache, by mincore() on a mapping of our own."""
    size = os.path.getsize(path)
    if size == 0:
        return 0
    page = os.sysconf("SC_PAGESIZE")
    fd = os.open(path, os.O_RDONLY)
    try:
        _libc.mmap.restype = ctypes.c_void_p
        _libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
        address = _libc.mmap(None, size, 1, 1, fd, 0)  # PROT_READ, MAP_SHARED
        if address == ctypes.c_void_p(-1).value:
            raise Fault(f"{path}: mmap: {os.strerror(ctypes.get_errno())}")
        try:
            vector = (ctypes.c_ubyte * ((size + page - 1) // page))()
            if _libc.mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), vector) != 0:
                raise Fault(f"{path}: mincore: {os.strerror(ctypes.get_errno())}")
            return page * bytes(vector).count(1)
        finally:
            _libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(size))
    finally:
        os.close(fd)


def _page_out(pid, folder):
    """Unmaps what a process has mapped of files below folder, by advice; a mapped page would not leave the page cache. Where nobody
    but root may look, nothing is done: whether too much remains is seen at the end."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
            mapped = [line.split()[0] for line in file if f" {folder}/" in line]
    except PermissionError:
        return
    if not mapped:
        return
    fd = os.pidfd_open(pid)
    try:
        for text in mapped:
            begin, end = (int(part, 16) for part in text.split("-"))
            _advise(fd, begin, end)
    finally:
        os.close(fd)


def _advise(fd, begin, end):
    while begin < end:
        ranges = (_Range * 1)(_Range(begin, end - begin))
        done = _libc.syscall(ctypes.c_long(PROCESS_MADVISE), ctypes.c_long(fd), ranges, ctypes.c_long(1),
                             ctypes.c_long(MADV_PAGEOUT), ctypes.c_long(0))
        if done <= 0:
            raise Fault(f"process_madvise: {os.strerror(ctypes.get_errno())} (takes root)")
        begin += done
