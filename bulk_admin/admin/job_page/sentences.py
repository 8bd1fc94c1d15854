"""What the job page says of a job: its sentences, its facts and the browser's title."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bulk_admin import codes
from bulk_admin.formats import counted, duration
from bulk_admin.models import ENDED_JOBS, BulkGenerationJob, JobStatus
from bulk_admin.money import usd, usd_total
from bulk_admin.progress import pill
from bulk_admin.selectors.job_page import Conditions


def state(job: BulkGenerationJob, conditions: Conditions) -> str:
    """Plain sentences: where the job stands, and what to do if it is waiting for someone."""
    return " ".join(_sentences(job, conditions))


def _sentences(job: BulkGenerationJob, conditions: Conditions) -> Iterator[str]:
    if standing := _standing(job):
        yield standing
    if reason := _waits_for(job, conditions):
        yield codes.about(reason).remedy or "It waits until someone presses Resume."
    if job.status == JobStatus.PAUSED and job.status_detail:
        yield f"The last one: {job.status_detail}"
    if job.status == JobStatus.CANCELLED and job.generating:
        yield (
            f"{counted(job.generating, 'picture is', 'pictures are')} still under way and will be"
            " kept."
        )


def _waits_for(job: BulkGenerationJob, conditions: Conditions) -> str:
    """The code of what must be fixed first; empty when nothing is waiting for that."""
    return job.status_reason if job.status == JobStatus.PAUSED else conditions.account_stop


def waits_for_account(job: BulkGenerationJob, conditions: Conditions) -> bool:
    """Whether it is fixed on the account's page."""
    is_mendable = not job.account.is_orphaned
    return is_mendable and _waits_for(job, conditions) in codes.ACCOUNT_STOPS


def _standing(job: BulkGenerationJob) -> str:
    """What the bar's numbers do not say."""
    if not job.total:
        return "This job has no pictures."
    if job.status == JobStatus.PENDING:
        return f"{counted(job.total, 'picture waits', 'pictures wait')} for a worker to start."
    if job.status == JobStatus.FAILED:
        return "None of the pictures could be made. Their tiles say why and what helps."
    return " ".join(outcome(job)) if job.status in ENDED_JOBS else ""


def outcome(job: BulkGenerationJob) -> list[str]:
    """What an ended job made, and what its pictures and pages cost."""
    pictures = counted(job.completed_count, "picture")
    prompts = counted(job.total_prompts, "prompt")
    made = f"{pictures} made from {prompts} for {usd_total(job.spent)}"
    if job.cancelled_count:
        made += f", {job.cancelled_count:,} cancelled"
    if job.skipped:
        made += f", {counted(job.skipped, 'row')} of the paste left out"
    if not job.pages_created:
        return [f"{made}."]
    cost_of_page = usd((job.spent + job.text_spent) // job.pages_created)
    texts = ", texts included" if job.text_spent else ""
    return [
        f"{made}.",
        f"{counted(job.pages_created, 'page')} created, {cost_of_page} a page{texts}.",
    ]


def milestone(job: BulkGenerationJob) -> str:
    """Changes when ``spoken`` is worth saying again: at every quarter, at a first failure, at a new
    state.
    """
    quarter = 4 * job.completed_count // max(job.total, 1)
    return f"{pill(job).label}-{quarter}-{bool(job.failed_count)}-{job.unknown_count}"


def title(job: BulkGenerationJob) -> str:
    if job.is_active or job.status == JobStatus.PAUSED:
        return f"({job.completed_count}/{job.total}) {job.name}"
    return f"✓ {job.name}" if job.status == JobStatus.COMPLETED and not job.pages_open else job.name


@dataclass(frozen=True, slots=True)
class Fact:
    """A number of the bar and its words: "58" "of 72 ready". ``is_small`` may go on a phone."""

    number: str
    words: str
    before: str = ""
    tone: str = ""
    title: str = ""
    is_small: bool = False


def facts(job: BulkGenerationJob, conditions: Conditions) -> list[Fact]:
    return [*_pictures(job), _money(job), *_pages(job), *_time(job, conditions)]


def _pictures(job: BulkGenerationJob) -> Iterator[Fact]:
    yield Fact(f"{job.completed_count:,}", f"of {job.total:,} ready")
    for number, words, tone in (
        (job.generating, "in flight", ""),
        (job.queued, "to come", ""),
        (job.failed_count, "failed", "bad"),
        (job.unknown_count, "unknown", "unk"),
        (job.cancelled_count, "cancelled", ""),
    ):
        if number:
            yield Fact(f"{number:,}", words, tone=tone, is_small=words != "failed")


def _money(job: BulkGenerationJob) -> Fact:
    parts = [f"cap {usd_total(job.budget_cap)}"] if job.budget_cap is not None else []
    if job.text_spent:  # part of what was spent
        parts.append(f"page text {usd_total(job.text_spent)}")
    words = f"of about {usd_total(job.estimate)}" if job.estimate else "spent"
    return Fact(usd_total(job.spent + job.text_spent), words, title=", ".join(parts))


def _pages(job: BulkGenerationJob) -> Iterator[Fact]:
    for number, words, tone in (
        (job.pages_open, "on the way to a page", ""),
        (job.pages_created, "with page", ""),
        (job.pages_blocked, "page blocked", "unk"),
        (job.pages_failed, "page failed", "bad"),
    ):
        if number:
            yield Fact(f"{number:,}", words, tone=tone, is_small=True)


def _time(job: BulkGenerationJob, conditions: Conditions) -> Iterator[Fact]:
    if job.is_active and conditions.seconds_left:
        limit = f", limit {conditions.limit:,}" if conditions.limit else ""
        pace = f"{conditions.pace:.1f} per minute{limit}"
        yield Fact(duration(conditions.seconds_left), "left", before="about", title=pace)
    elif not job.is_active and job.started and job.finished:
        took = duration((job.finished - job.started).total_seconds())
        yield Fact(took, "from start to finish", is_small=True)
