"""The front page of staff: what needs attention, what runs, what was spent, what was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from bulk_admin import codes, progress
from bulk_admin.formats import counted, duration
from bulk_admin.models import BulkGenerationJob, JobStatus
from bulk_admin.money import usd_total
from bulk_admin.selectors import front_page, spending
from prompts import selectors
from prompts.services import page_files

JOBS = "admin:bulk_admin_bulkgenerationjob_changelist"
Person = PermissionsMixin | AnonymousUser | Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that waits for a person; a few pictures of it, as addresses."""

    count: int
    what: str
    which: str
    pictures: Sequence[str] = ()
    url: str
    button: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    job: BulkGenerationJob
    pill: progress.Pill
    bar: list[progress.Segment]
    spoken: str
    numbers: str
    waits_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    job: BulkGenerationJob
    pill: progress.Pill
    pictures: list[str]
    numbers: str


@dataclass(frozen=True, slots=True)
class Amount:
    """``share``: of the cap, in percent of the bar's width; None where there is no cap."""

    label: str
    spent: str
    cap: str
    share: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    amounts: list[Amount]
    reserved: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """None and empty where the person may not see it."""

    note: str  # the morning's, in a sentence
    needs: list[Need]
    running: list[Running]
    recent: list[Recent]
    spend: Spend | None
    health: progress.Pill | None
    health_says: str
    no_worker: bool
    may_generate: bool
    sees_jobs: bool


def read(request: HttpRequest) -> Today:
    person = request.user
    sees_jobs = person.has_perm("bulk_admin.view_bulkgenerationjob") or person.has_perm(
        "bulk_admin.change_bulkgenerationjob"
    )
    sees_pages = person.has_perm("prompts.view_prompt") or person.has_perm("prompts.change_prompt")
    signs = front_page.signs() if sees_jobs else None
    pill, says = _health(signs) if signs else (None, "")
    drafts = _drafts() if sees_pages else []
    needs = [*drafts, *(_of_jobs() if sees_jobs else [])]
    sees_spend = person.has_perm("bulk_admin.view_spend")
    return Today(
        note=_note(drafts, sees_jobs=sees_jobs, sees_spend=sees_spend),
        needs=[need for need in needs if need.count],
        running=[_running(each) for each in front_page.jobs_under_way()] if sees_jobs else [],
        recent=[_recent(job) for job in front_page.recent_jobs()] if sees_jobs else [],
        spend=_spend() if sees_spend else None,
        health=pill,
        health_says=says,
        no_worker=signs is not None and signs.no_worker,
        may_generate=person.has_perm("bulk_admin.generate"),
        sees_jobs=sees_jobs,
    )


def _note(drafts: list[Need], *, sees_jobs: bool, sees_spend: bool) -> str:
    """What a person wants to know first: "45 drafts to review, 3 jobs need attention"."""
    parts = [f"{need.count:,} {need.what}" for need in drafts if need.count]
    if sees_jobs and (jobs := front_page.jobs_in_trouble()):
        parts.append(counted(jobs, "job needs attention", "jobs need attention"))
    if sees_spend and (spent := spending.spent_yesterday()):
        parts.append(f"{usd_total(spent)} yesterday")
    return ", ".join(parts)


def _drafts() -> list[Need]:
    drafts = selectors.drafts_to_review(front_page.MOST_PICTURES)
    since = date_format(timezone.localtime(drafts.oldest), "j M Y") if drafts.oldest else ""
    pictures = [page_files.smallest_url(page) for page in drafts.newest]
    return [
        Need(
            count=drafts.count,
            what="draft to review" if drafts.count == 1 else "drafts to review",
            which=f"The oldest is from {since}",
            pictures=pictures,
            url=reverse("admin:prompts_desk"),
            button="Review drafts",
        )
    ]


def _of_jobs() -> list[Need]:
    undecided = front_page.to_decide()
    unknown = front_page.unknown_outcomes()
    failed = front_page.failed_jobs()
    pictures = reverse("admin:bulk_admin_generatedimage_changelist")
    return [
        Need(
            count=undecided.count,
            what="picture to decide" if undecided.count == 1 else "pictures to decide",
            which=_shares(undecided.shares),
            pictures=[image.file_url("300") for image in undecided.pictures],
            url=_first_to_decide(undecided),
            button="Decide",
        ),
        Need(
            count=unknown.count,
            what="unknown outcome" if unknown.count == 1 else "unknown outcomes",
            which=f"{_shares(unknown.shares)}. Sent, perhaps billed, never answered",
            url=f"{pictures}?status__exact=unknown",
            button="Look",
        ),
        Need(
            count=failed.count,
            what="failed job" if failed.count == 1 else "failed jobs",
            which=", ".join(share.job.name for share in failed.shares),
            url=f"{reverse(JOBS)}?status__exact=failed",
            button="Look",
        ),
    ]


def _first_to_decide(undecided: front_page.Waiting) -> str:
    if not undecided.shares:
        return reverse(JOBS)
    return f"{undecided.shares[0].job.get_absolute_url()}?show=to-decide"


def _shares(shares: Sequence[front_page.Share]) -> str:
    return ", ".join(f"{share.job.name} ({share.count:,})" for share in shares)


def _running(under_way: front_page.UnderWay) -> Running:
    job = under_way.job
    parts = [
        f"{job.completed_count:,} of {job.total:,}",
        f"{usd_total(job.spent + job.text_spent)} of {usd_total(job.estimate)}",
    ]
    if under_way.seconds_left:
        parts.append(f"about {duration(under_way.seconds_left)} left")
    elif job.pages_open:
        parts.append(f"{counted(job.pages_open, 'page')} being made")
    is_paused = job.status == JobStatus.PAUSED
    return Running(
        job=job,
        pill=progress.pill(job),
        bar=progress.bar(job),
        spoken=progress.spoken(job),
        numbers=" · ".join(parts),
        waits_for=codes.about(job.status_reason).remedy if is_paused else "",
    )


def _recent(job: BulkGenerationJob) -> Recent:
    parts = [f"{job.completed_count:,} of {job.total:,}"]
    if job.pages_created:
        parts.append(counted(job.pages_created, "page"))
    parts.append(usd_total(job.spent + job.text_spent))
    return Recent(
        job=job,
        pill=progress.pill(job),
        pictures=[one.file_url("300") for one in job.thumbs],  # type: ignore[attr-defined]  # read
        numbers=" · ".join(parts),
    )


def _spend() -> Spend:
    found = spending.of_platform()
    month = date_format(timezone.now(), "F")
    return Spend(
        amounts=[
            _amount("Today", found.today, found.day_cap),
            _amount(month, found.month, found.month_cap),
        ],
        reserved=usd_total(found.reserved) if found.reserved else "",
    )


def _amount(label: str, spent: int, cap: int | None) -> Amount:
    if cap is None:
        return Amount(label, usd_total(spent), "", None)
    share = min(round(100 * spent / cap), 100) if cap else 100
    return Amount(label, usd_total(spent), usd_total(cap), share)


def _health(signs: front_page.Signs) -> tuple[progress.Pill, str]:
    if signs.no_worker:
        return progress.Pill("bad", "Needs attention"), "No worker has been seen"
    if signs.stopped_accounts:
        stopped = counted(signs.stopped_accounts, "account is", "accounts are")
        return progress.Pill("bad", "Needs attention"), f"{stopped} stopped"
    if signs.unstored:
        unstored = counted(signs.unstored, "picture waits", "pictures wait")
        return progress.Pill("unk", "Note"), f"{unstored} for the storage"
    if signs.last_seen is None:
        return progress.Pill("off", "Idle"), "No worker was ever seen"
    ago = duration((timezone.now() - signs.last_seen).total_seconds())
    pill = progress.Pill("ok", "OK") if signs.is_up else progress.Pill("unk", "Note")
    return pill, f"Worker seen {ago} ago"
