"""Processes that end with the one that started them."""

from __future__ import annotations

import ctypes
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(number: int) -> None:
    """Have Linux send this process a signal when its parent dies, however it dies.

    Elsewhere nothing happens.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
