"""What staff write about a job, for each other."""

from __future__ import annotations

import uuid
from typing import Any

from bulk_admin.models import BulkGenerationJob
from bulk_admin.services import history
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.queue.job_row import lock_job, save
from bulk_admin.text import clean_text

LONGEST = 1_000  # characters


@whole_step
def write(job_id: uuid.UUID, text: str, *, by: Any) -> bool:
    """Put ``text`` in place of the job's note, at most ``LONGEST`` characters of it; "" takes it
    away. False when it is the same.
    """
    job = lock_job(job_id)
    note = clean_text(text, LONGEST, lines=True)
    if note == job.note:
        return False
    BulkGenerationJob.objects.filter(pk=job.pk).update(note=note)
    job.revision += 1
    save(job, database_now())
    history.record(job, by, "Changed its note." if note else "Removed its note.")
    return True
