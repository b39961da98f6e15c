"""One process a folder: a second run with the same --out is refused while the first one lives."""

import errno
import fcntl
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gedi_nesy.errors import GediNesyError

LOCK_FILE = ".lock"
WITHOUT_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)
"""What file systems say that have no locks."""


class FolderInUseError(GediNesyError, OSError):
    """Another process writes to the folder; the message holds which."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Within, no other process that asks gets this folder, which is made if need be. FolderInUseError if one has it.

    The kernel holds the lock (flock) and frees it when the process ends, however it ends. The file `.lock` stays: it
    names who has, or had, the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUseError(
                f"{folder} is in use by {_holder(handle)}; wait for it, or choose another"
            ) from error
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
            warnings.warn(f"{folder}: this file system has no locks; start no second run there", stacklevel=3)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(handle)


def _holder(handle: int) -> str:
    return os.pread(handle, 200, 0).decode(errors="replace") or "another process"
