"""The guards against paying without use: slow start, brake, and breaker.

The counts stand on the job, in the order of settling; a usable picture or Resume clears them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from bulk_admin.codes import Code, Reach
from bulk_admin.conf import conf
from bulk_admin.models import (
    ACTIVE_JOBS,
    Billed,
    BulkGenerationJob,
    CallState,
    Pool,
    ProviderCall,
)
from bulk_admin.services.image_providers import provider_class
from bulk_admin.services.ledger.outcome import Outcome
from bulk_admin.services.ledger.settlement import Settled, Settlement

TRUSTED_FOR = dt.timedelta(days=1)


def starting_models(pool: Pool, models: Collection[str], now: dt.datetime) -> set[str]:
    """Those that have to wait: nothing usable has come from them in the last day, and as many calls
    as a slow start allows are under way. The pool's row is locked.
    """
    most = conf.SLOW_START
    if not most or provider_class(pool.account.provider).bills_nothing:
        return set()
    return {name for name in models if not _may_start(pool, name, now, most)}


def _may_start(pool: Pool, model_name: str, now: dt.datetime, most: int) -> bool:
    calls = ProviderCall.objects.filter(pool=pool, model_name=model_name).order_by()
    delivered = calls.filter(
        sent_at__gt=now - TRUSTED_FOR, state=CallState.DELIVERED, error_code=""
    )
    return delivered.exists() or calls.filter(state__in=CallState.UNSETTLED).count() < most


def count_outcome(job: BulkGenerationJob, settlement: Settlement, done: Settled) -> Code | None:
    """Count how a picture's call ended; the code that the job pauses with, if it should.

    Only a job that has something left to buy is paused.
    """
    outcome = settlement.outcome
    if outcome.picture is not None and outcome.picture.is_readable:
        job.billed_without_use = job.failed_in_a_row = 0
        job.outcomes += not settlement.was_unknown
        return None
    if settlement.was_unknown or outcome.stops != Reach.IMAGE:
        return None
    if _is_paid(job, outcome) and outcome.error_code != Code.BLOCKED:
        job.billed_without_use += 1
    if done == Settled.FAILED or outcome.state != CallState.REFUSED:
        job.outcomes += 1
        job.outcomes_failed += 1
        job.failed_in_a_row += 1
    return _tripped(job) if job.status in ACTIVE_JOBS and job.queued else None


def _is_paid(job: BulkGenerationJob, outcome: Outcome) -> bool:
    return outcome.billed != Billed.NO and not provider_class(job.provider).bills_nothing


def _tripped(job: BulkGenerationJob) -> Code | None:
    brake, breaker = conf.NO_USE_AFTER, conf.BREAKER_AFTER
    if brake and job.billed_without_use >= brake:
        return Code.NO_USE
    if breaker and (
        job.failed_in_a_row >= breaker
        or (job.outcomes >= breaker and job.outcomes_failed >= conf.BREAKER_SHARE * job.outcomes)
    ):
        return Code.BREAKER
    return None


def what_came(outcome: Outcome) -> str:
    """What the last call brought, for the sentence that says why the job is paused."""
    return outcome.message or Code.UNDECODABLE.about.sentence


def clear(job: BulkGenerationJob) -> None:
    """A person has looked, and wants to go on. Does not save the row."""
    job.billed_without_use = job.failed_in_a_row = job.outcomes = job.outcomes_failed = 0
