"""Giving an account to another owner: the key stays behind, and nothing of before is bought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from bulk_admin import codes
from bulk_admin.codes import Code
from bulk_admin.formats import counted
from bulk_admin.models import (
    ACTIVE_JOBS,
    BulkGenerationJob,
    CallState,
    JobStatus,
    ProviderAccount,
    ProviderCall,
)
from bulk_admin.models.accounts import KEY_FIELDS, VERDICT_FIELDS
from bulk_admin.services.accounts import erase_left_keys, erase_unused_keys, lock_pools
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.ledger.pausing import pause_locked
from bulk_admin.services.queue.job_row import lock_jobs

STILL_NEEDED = (
    "A key of the owner before is needed until the last call under way has ended. Enter the new"
    " one after that."
)


class KeyStillNeeded(Exception):
    """A new key would replace the one that calls of the owner before are collected with."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What a new owner of an account means at this moment."""

    has_key: bool
    open_calls: int
    held_calls: int
    jobs: int

    @property
    def under_way(self) -> int:
        return self.open_calls + self.held_calls

    @property
    def keeps_key(self) -> bool:
        """Whether calls need the key for a while."""
        return self.has_key and self.under_way > 0

    def __str__(self) -> str:
        told = ["What was ordered before is bought only if the new owner resumes its job."]
        if self.keeps_key:
            calls = f"{self.open_calls:,} open and {self.held_calls:,} held"
            told.append(
                f"The key is not handed over. It is kept for the calls under way ({calls}),"
                " buys nothing more, and is erased once the last one has ended; a new key is taken"
                " after that."
            )
        elif self.has_key:
            told.append("The key is not handed over: it is erased at once.")
        if self.jobs:
            told.append(f"{counted(self.jobs, 'job')} will be paused.")
        return " ".join(told)


def handover_of(account: ProviderAccount) -> Handover:
    """Changes nothing."""
    calls = ProviderCall.objects.filter(pool__account=account)
    return Handover(
        has_key=bool(account.encrypted_key),
        open_calls=calls.filter(state=CallState.OPEN).count(),
        held_calls=calls.filter(state=CallState.HELD).count(),
        jobs=_stopped_by_it(account).count(),
    )


@whole_step
def change_owner(
    account: ProviderAccount, owner: Any, *, new_key: str = "", also: Sequence[str] = ()
) -> None:
    """Give an account to a person, or with None to the platform.

    Its key is erased, at once or, while calls are under way, when the last one has ended. Its jobs
    pause: what the owner before ordered is bought with nobody's new key unless its new owner
    resumes it. ``also`` names fields of ``account`` that are saved with it.

    Raises KeyStillNeeded when there is a ``new_key`` and the old one cannot go yet, and ValueError
    when the key is the environment's; then nothing is changed.
    """
    row = ProviderAccount.objects.filter(pk=account.pk)
    lock_pools(row)
    stored = row.select_for_update(no_key=True).get()
    if stored.key_from_environment:
        raise ValueError("The environment's key is the platform's.")
    account.owner, account.is_platform = owner, owner is None
    account.is_default &= account.is_platform
    account.forget_verdict()
    owner_fields = ("owner", "is_platform", "is_default", *VERDICT_FIELDS)
    account.save(update_fields={*owner_fields, *also})
    erase_unused_keys(row)
    if new_key:
        if row.exclude(encrypted_key="").exists():
            raise KeyStillNeeded(STILL_NEEDED)
        account.set_key(new_key)
        account.save(update_fields=KEY_FIELDS)
    account.refresh_from_db(fields=KEY_FIELDS)
    _pause_jobs(account)


def finish_handovers() -> None:
    """What a change of owner is followed by that did not come here, as from a shell."""
    for account in ProviderAccount.objects.with_left_key():
        if not account.is_orphaned:
            _pause_jobs(account)
    erase_left_keys()


@whole_step
def _pause_jobs(account: ProviderAccount) -> None:
    jobs = lock_jobs(_stopped_by_it(account).values_list("pk", flat=True))
    now = database_now()
    for job in jobs:
        pause_locked(job, Code.NEW_OWNER, now)


def _stopped_by_it(account: ProviderAccount) -> QuerySet[BulkGenerationJob]:
    """Those that go on by themselves: at once, or when the account's key is checked."""
    waits = Q(status=JobStatus.PAUSED, status_reason__in=codes.ACCOUNT_FAULTS)
    return BulkGenerationJob.objects.filter(Q(status__in=ACTIVE_JOBS) | waits, account=account)
