"""What the job page shows of a job, read and put into words once for each answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bulk_admin import progress
from bulk_admin.admin import permissions
from bulk_admin.conf import conf
from bulk_admin.models import ENDED_JOBS, BulkGenerationJob
from bulk_admin.selectors import job_page, tiles
from bulk_admin.services import page_adapter
from bulk_admin.services.page_adapter import Review

from . import sentences
from .tiles import Prices

CHIPS = {
    tiles.ALL: "All",
    "to-decide": "To decide",
    "kept": "Kept",
    "dropped": "Dropped",
    "failed": "Failed",
    "unknown": "Unknown",
    "cancelled": "Cancelled",
    "with-page": "With page",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter with its name in the address, and how many pictures it shows."""

    name: str
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """``poll``: the poller's trigger, empty when nothing more can happen on its own. ``digest``: of
    what changes without the job's revision.
    """

    job: BulkGenerationJob
    conditions: job_page.Conditions
    counts: job_page.Counts
    has_ended: bool
    pill: progress.Pill
    bar: list[progress.Segment]
    spoken: str
    milestone: str
    tab_title: str
    sentence: str
    facts: list[sentences.Fact]
    retry_price: str
    poll: str
    digest: str
    account_label: str
    leads_to_account: bool
    can_act: bool
    can_spend: bool
    can_create_pages: bool
    may_generate: bool
    review: Review | None

    @property
    def may_have_pages(self) -> bool:
        return bool(self.counts.for_pages or self.counts.undecided or self.counts.siblings)

    @property
    def offers_pages(self) -> bool:
        return self.can_create_pages and (self.may_have_pages or not self.has_ended)

    @property
    def reads_next(self) -> bool:
        """Whether the drafts are next: no kept picture of an ended job waits for its page."""
        waits = self.review is not None and self.review.drafts > 0
        return waits and self.has_ended and not self.counts.for_pages

    @property
    def makes_next(self) -> bool:
        """Whether making pages is; of the same prompts they are offered quietly."""
        counts = self.counts
        only_siblings = counts.siblings and not (counts.for_pages or counts.undecided)
        return not self.reads_next and not only_siblings

    @property
    def to_decide(self) -> int:
        return self.counts.shown["to-decide"]

    @property
    def chips(self) -> list[Chip]:
        return [Chip(name, label, self.counts.shown[name]) for name, label in CHIPS.items()]


def job_view(
    user: permissions.Person,
    job: BulkGenerationJob,
    conditions: job_page.Conditions,
    prices: Prices,
    *,
    more: bool = False,
) -> JobView:
    """``more``: further tiles changed than one answer holds."""
    counts = job_page.tile_counts(job)
    return JobView(
        job=job,
        conditions=conditions,
        counts=counts,
        has_ended=job.status in ENDED_JOBS,
        pill=progress.pill(job),
        bar=progress.bar(job),
        spoken=progress.spoken(job),
        milestone=sentences.milestone(job),
        tab_title=sentences.title(job),
        sentence=sentences.state(job, conditions),
        facts=sentences.facts(job, conditions),
        retry_price=prices.text(job_page.retryable(job)) if counts.retryable else "",
        poll=_poll(job, more=more),
        digest=digest(conditions),
        account_label=job.account.label_for(user),
        leads_to_account=sentences.waits_for_account(job, conditions)
        and permissions.has(user, "manage_accounts"),
        can_act=permissions.can_act(user, job),
        can_spend=permissions.can_spend(user, job),
        can_create_pages=permissions.can_create_pages(user, job),
        may_generate=permissions.has(user, "generate"),
        review=page_adapter.review(str(job.pk), user) if job.pages_created else None,
    )


def digest(conditions: job_page.Conditions) -> str:
    wait = conditions.wait_until and conditions.wait_until.isoformat(timespec="seconds")
    seen = (
        conditions.no_worker,
        wait,
        conditions.limit,
        f"{conditions.pace:.1f}",
        conditions.seconds_left,
        conditions.account_stop,
    )
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:12]


def _poll(job: BulkGenerationJob, *, more: bool) -> str:
    every = f"every {conf.POLL_SECONDS:g}s"
    if more:
        return f"load delay:100ms, {every}"
    return "" if job_page.is_quiet(job) else every
