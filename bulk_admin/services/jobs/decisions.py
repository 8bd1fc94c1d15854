"""Keep or drop: what a person decided about a picture that is there, and how it is undone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bulk_admin.models import GeneratedImage, ImageStatus
from bulk_admin.services import changes
from bulk_admin.services.changes import RowChange, Values
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.queue.job_row import lock_job, save

KEEP, DROP, KEEP_AND_DROP = "keep", "drop", "keep_and_drop"


def decide(job_id: uuid.UUID, image_ids: Iterable[int], *, keep: bool, by: Any) -> int:
    """Keep or drop: the wanted state, never a toggle; the count of pictures that changed."""
    return decide_each(job_id, dict.fromkeys(image_ids, keep), by=by)


@whole_step
def decide_each(job_id: uuid.UUID, wanted: Mapping[int, bool], *, by: Any) -> int:
    """Keep some pictures (True) and drop others: one step of ``by``'s undo; the count that changed.

    A picture that is not there yet stays undecided.
    """
    job = lock_job(job_id)
    there = job.images.filter(pk__in=wanted, status=ImageStatus.COMPLETED).only(*FIELDS)
    before = [
        image for image in there if image.decided_at is None or image.selected != wanted[image.pk]
    ]
    if not before:
        return 0
    now = database_now()
    job.revision += 1
    for keep in (True, False):
        chosen = [image.pk for image in before if wanted[image.pk] == keep]
        job.images.filter(pk__in=chosen).update(
            selected=keep, decided_at=now, revision=job.revision
        )
    rows = [
        RowChange(
            str(image.pk),
            _values(image.selected, image.decided_at),
            _values(wanted[image.pk], now),
        )
        for image in before
    ]
    states = {wanted[image.pk] for image in before}
    kind = KEEP_AND_DROP if len(states) > 1 else KEEP if True in states else DROP
    changes.record(kind, job.pk, rows, by=by)
    save(job, now)
    return len(before)


FIELDS = ("pk", "selected", "decided_at")


def _values(selected: bool, decided_at: dt.datetime | None) -> Values:
    return {"selected": selected, "decided_at": decided_at and decided_at.isoformat()}


@changes.undoes(KEEP, DROP, KEEP_AND_DROP)
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
