"""What really arrived at a pretended provider, and what it charged for: the truth that a ledger is
held against.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Entry:
    kind: str  # image, text or moderation
    outcome: str  # "ok", or the fault's name
    billed: bool
    client_request_id: str = ""
    prompt: str = ""
    model: str = ""
    size: str = ""
    quality: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=time.time)  # when it arrived


class Till:
    """``path``: a file that every entry is also appended to, one JSON object a line."""

    def __init__(self, path: str | None = None) -> None:
        self.entries: list[Entry] = []
        self.path = Path(path) if path else None
        self._lock = threading.Lock()

    def ring(self, entry: Entry) -> None:
        with self._lock:
            self.entries.append(entry)
            if self.path:
                with self.path.open("a") as out:
                    out.write(json.dumps(asdict(entry)) + "\n")

    def clear(self) -> None:
        with self._lock:
            self.entries.clear()

    def calls(self, kind: str = "image") -> list[Entry]:
        with self._lock:
            return [entry for entry in self.entries if entry.kind == kind]

    def billed(self, kind: str = "image") -> list[Entry]:
        return [entry for entry in self.calls(kind) if entry.billed]

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            rows = [asdict(entry) for entry in self.entries]
        billed = {
            kind: sum(row["billed"] for row in rows if row["kind"] == kind)
            for kind in ("image", "text", "moderation")
        }
        return {"calls": rows, "total": len(rows), "billed": billed}


class SlidingWindow:
    """At most ``limit`` calls within any ``seconds``; what is refused does not count. 0: no
    limit.
    """

    def __init__(self, limit: int = 0, seconds: float = 60.0) -> None:
        self.limit = limit
        self.seconds = seconds
        self.most = 0
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def admit(self, wanted: int = 1) -> float:
        """0 when there is room, else the seconds until there is."""
        with self._lock:
            now = time.monotonic()
            while self._times and self._times[0] <= now - self.seconds:
                self._times.popleft()
            if self.limit and len(self._times) + wanted > self.limit:
                return self._times[0] + self.seconds - now if self._times else self.seconds
            self._times.extend([now] * wanted)
            self.most = max(self.most, len(self._times))
            return 0.0
