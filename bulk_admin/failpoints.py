"""Named moments at which a test may kill this process, so that the worst ones are reached by name
and not by luck.
"""

from __future__ import annotations

import os
import signal


def reach(name: str) -> None:
    """Die here, as by ``kill -9``, when BULK_FAIL_AT names this moment: "after_reply" or, for its
    third time, "after_reply:3".
    """
    wanted, _, nth = os.environ.get("BULK_FAIL_AT", "").partition(":")
    if wanted != name:
        return
    _seen[name] = _seen.get(name, 0) + 1
    if _seen[name] >= int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)


_seen: dict[str, int] = {}
