"""Pictures that were made and could not be downloaded: where from they may be, and once more."""

from __future__ import annotations

import uuid
from typing import Any

from bulk_admin.credentials import KeyUnreadable
from bulk_admin.formats import counted
from bulk_admin.models import (
    BulkGenerationJob,
    CallState,
    ImageStatus,
    ProviderAccount,
    ProviderCall,
)
from bulk_admin.services import history
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.image_providers.errors import ProviderError
from bulk_admin.services.jobs.pictures import Decided, Seen
from bulk_admin.services.ledger.settlement import Settled
from bulk_admin.services.queue.job_row import lock_job, save
from bulk_admin.services.worker import rescue

AT_ONCE = 10  # a person waits for them


class DownloadFailed(Exception):
    """The picture could not be downloaded this time either; the message says why."""


def download_again(job_id: uuid.UUID, image_id: int, *, seen_attempt: int, by: Any) -> Decided:
    """Fetch a picture that was made and could not be downloaded; nothing is bought. ADOPTED or
    STALE.

    Raises DownloadFailed with the reason, and StorageUnavailable.
    """
    call = (
        ProviderCall.objects.filter(
            image_id=image_id, job_ref=job_id, attempt=seen_attempt, state=CallState.UNKNOWN
        )
        .select_related("account")
        .first()
    )
    if call is None:
        return Decided.STALE
    try:
        done = rescue.download_again(call)
    except (ProviderError, KeyUnreadable) as error:
        raise DownloadFailed(str(error)) from error
    if done not in (Settled.ADOPTED, Settled.NEW_VARIANT):
        return Decided.STALE
    history.record(BulkGenerationJob.objects.get(pk=job_id), by, f"Downloaded {call.place} again.")
    return Decided.ADOPTED


def download_each_again(job_id: uuid.UUID, seen: Seen, *, by: Any) -> tuple[int, str]:
    """The same for several, one after the other: how many came, and why it went no further.

    Raises StorageUnavailable.
    """
    done = 0
    for image_id, attempt in list(seen.items())[:AT_ONCE]:
        try:
            answer = download_again(job_id, image_id, seen_attempt=attempt, by=by)
        except DownloadFailed as failed:
            return done, str(failed)
        done += answer is Decided.ADOPTED
    left = len(seen) - AT_ONCE
    return done, f"{counted(left, 'picture')} still to download." if left > 0 else ""


@whole_step
def allow_host(job_id: uuid.UUID, image_id: int, *, by: Any) -> str:
    """Let the job's account download from the server where the picture waits; its name, or "" when
    no picture waits, or the account may already.
    """
    known = BulkGenerationJob.objects.get(pk=job_id)
    # Account before job, as everywhere.
    account = (
        ProviderAccount.objects.select_for_update(no_key=True).filter(pk=known.account_id).first()
    )
    job = lock_job(job_id)
    image = job.images.get(pk=image_id)
    host = image.download_host if image.status == ImageStatus.UNKNOWN else ""
    if account is None or not host or host in (hosts := account.download_hosts):
        return ""
    account.options = {**account.options, "download_hosts": [*hosts, host]}
    account.save(update_fields=["options"])
    history.record(account, by, f"Allowed downloads from {host}.")
    job.revision += 1
    job.images.filter(pk=image_id).update(revision=job.revision)
    save(job, database_now())
    return host
