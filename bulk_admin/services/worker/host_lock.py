"""One pump a host opens calls: who holds the lock file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class OpeningLock:
    """A file lock: the kernel lets it go when the process dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle: int | None = None

    def take(self) -> bool:
        """Whether it is ours now; False at once when another process, or another lock of this one,
        holds it.
        """
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self.handle = handle
        return True

    def release(self) -> None:
        """A second call does nothing."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None
