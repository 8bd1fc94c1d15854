"""Many rows at once: accounts at the loopback provider, and jobs with queued images."""

from __future__ import annotations

import datetime as dt

from django.db import DEFAULT_DB_ALIAS
from django.db.models import F

from benchmarks import site  # noqa: F401  # before any model
from benchmarks.report import note
from bulk_admin.models import (
    Billed,
    BulkGenerationJob,
    CallKind,
    CallState,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    ProviderAccount,
    ProviderCall,
    UnstoredImage,
    Worker,
)
from bulk_admin.services.ledger.opening import open_call
from bulk_admin.services.ledger.outcome import Outcome
from bulk_admin.services.ledger.permits import Permit
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.queue.doorbell import ring
from bulk_admin.services.storage import storing
from bulk_admin.services.storage.storing import StoredPicture
from bulk_admin.testing.factories import make_account, make_worker

from django_q.models import OrmQ  # isort: skip  # its models want the site, too

MODEL = {
    "model_name": "gpt-image-2.5-flare",
    "quality": "medium",
    "size": "1024x1024",
    "output_format": "png",
}
MOST_IN_A_JOB = 1000
AT_ONCE = 5000


def account_at(
    base_url: str, *, limit: int = 0, max_in_flight: int = 300, is_cold: bool = False
) -> ProviderAccount:
    """At the loopback provider; its model has delivered a picture unless it ``is_cold``."""
    account = make_account(
        "openai", base_url=base_url, limit_per_minute=limit, max_in_flight=max_in_flight
    )
    account.set_key("sk-loopback-0123456789")
    account.save(update_fields=["encrypted_key", "key_last_four"])
    if not is_cold:
        buy_one_first(account)
    return account


def buy_one_first(account: ProviderAccount) -> None:
    """Or all would be measured in the slow start of a model that has not delivered yet."""
    note("One picture was bought first, an hour ago by the books: no slow start.")
    queue_pictures(account, 1)
    worker = make_worker()
    permit = open_call(account.pools.get(kind=CallKind.IMAGE).pk, worker.pk)
    if not isinstance(permit, Permit):
        raise RuntimeError(f"The first picture cannot be bought: {permit}")
    key = storing.original_key(permit.job_id, permit.call_id)
    picture = StoredPicture(key=key, sha256="", length=0)
    settle(
        permit.call_id,
        Outcome(state=CallState.DELIVERED, billed=Billed.YES, picture=picture),
    )
    an_hour_ago = F("sent_at") - dt.timedelta(hours=1)
    ProviderCall.objects.filter(pk=permit.call_id).update(sent_at=an_hour_ago)
    worker.delete()


def queue_pictures(
    account: ProviderAccount, count: int, *, jobs: int = 0
) -> list[BulkGenerationJob]:
    """Started jobs that want ``count`` pictures in all, spread evenly; the doorbell is not rung."""
    jobs = jobs or -(-count // MOST_IN_A_JOB)
    made = [
        _job(account, count // jobs + (number < count % jobs), number) for number in range(jobs)
    ]
    BulkGenerationJob.objects.bulk_create(made, batch_size=AT_ONCE)
    images = [image for job in made for image in _images(job)]
    GeneratedImage.objects.bulk_create(images, batch_size=AT_ONCE)
    return made


def _job(account: ProviderAccount, count: int, number: int) -> BulkGenerationJob:
    about = {
        "name": f"Benchmark {number}",
        "status": JobStatus.PENDING,
        "provider": account.provider,
    }
    return BulkGenerationJob(
        account=account, total_prompts=count, total=count, queued=count, **about, **MODEL
    )


def _images(job: BulkGenerationJob) -> list[GeneratedImage]:
    text = "A lighthouse at dusk, seen from the sea, with a storm behind it, number"
    return [
        GeneratedImage(
            job=job, position=n, prompt_text=f"{text} {n}", status=ImageStatus.QUEUED, revision=0
        )
        for n in range(1, job.total + 1)
    ]


def begin() -> None:
    """Ring: a worker that waits starts now."""
    ring()


def forget_everything() -> None:
    """What a run that was broken off has left: or the next one's worker would go on with it."""
    for model in (UnstoredImage, ProviderCall, GeneratedImage, BulkGenerationJob, Worker, OrmQ):
        model.objects.all()._raw_delete(
            DEFAULT_DB_ALIAS
        )  # in an order that needs no cascade, which would take minutes
