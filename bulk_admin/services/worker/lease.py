"""A pump's row: what it owns is leased to it as long as it beats."""

from __future__ import annotations

import os
import socket

from bulk_admin.models import Worker
from bulk_admin.services.database import Clock, database_now, whole_step

GONE = "1970-01-01T00:00:00Z"


@whole_step
def register() -> Worker:
    return Worker.objects.create(
        host=socket.gethostname()[:120], pid=os.getpid(), beat_at=database_now()
    )


def beat(worker: Worker, *, in_flight: int, draining: bool) -> None:
    Worker.objects.filter(pk=worker.pk).update(
        beat_at=Clock(), in_flight=in_flight, draining=draining
    )


def end(worker: Worker, *, in_flight: int) -> None:
    """What is still in flight is a dead worker's from now on: the next rescue finds it at once."""
    row = Worker.objects.filter(pk=worker.pk)
    row.update(beat_at=GONE, draining=True, in_flight=in_flight)
    if not in_flight:
        row.delete()
