"""Keep or drop: what a person decided about a picture that is there, and how it is undone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from bulk_admin.models import GeneratedImage, ImageStatus
from bulk_admin.services import changes
from bulk_admin.services.changes import RowChange, Values
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.queue.job_row import lock_job, save

KEEP, DROP = "keep", "drop"


@whole_step
def decide(job_id: uuid.UUID, image_ids: Iterable[int], *, keep: bool, by: Any) -> int:
    """Keep or drop: the wanted state, never a toggle; the count of pictures that changed.

    A picture that is not there yet stays undecided. What changed is one step of ``by``'s undo.
    """
    job = lock_job(job_id)
    there = job.images.filter(pk__in=list(image_ids), status=ImageStatus.COMPLETED)
    before = list(there.exclude(selected=keep, decided_at__isnull=False).only(*FIELDS))
    if not before:
        return 0
    now = database_now()
    job.revision += 1
    job.images.filter(pk__in=[image.pk for image in before]).update(
        selected=keep, decided_at=now, revision=job.revision
    )
    after = _values(keep, now)
    rows = [
        RowChange(str(image.pk), _values(image.selected, image.decided_at), after)
        for image in before
    ]
    changes.record(KEEP if keep else DROP, job.pk, rows, by=by)
    save(job, now)
    return len(before)


FIELDS = ("pk", "selected", "decided_at")


def _values(selected: bool, decided_at: dt.datetime | None) -> Values:
    return {"selected": selected, "decided_at": decided_at and decided_at.isoformat()}


@changes.undoes(KEEP, DROP)
def _take_back(scope: str, rows: Sequence[RowChange], by: Any) -> list[str]:
    """Those that nobody decided again since."""
    job = lock_job(uuid.UUID(scope))
    images = {str(image.pk): image for image in job.images.only(*FIELDS)}
    taken = [
        (images[row.id], row.before)
        for row in rows
        if row.id in images
        and _values(images[row.id].selected, images[row.id].decided_at) == row.after
    ]
    if taken:
        job.revision += 1
    for image, before in taken:
        image.selected, image.revision = before["selected"], job.revision
        decided = before["decided_at"]
        image.decided_at = decided and dt.datetime.fromisoformat(decided)
    GeneratedImage.objects.bulk_update(
        [image for image, _ in taken], ["selected", "decided_at", "revision"], batch_size=500
    )
    save(job, database_now())
    return [str(image.pk) for image, _ in taken]
