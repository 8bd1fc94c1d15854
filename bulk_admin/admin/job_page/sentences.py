"""What the job page says of a job: its sentences, its facts and the browser's title."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bulk_admin import codes
from bulk_admin.formats import counted, duration
from bulk_admin.models import BulkGenerationJob, JobStatus
from bulk_admin.money import usd, usd_total
from bulk_admin.progress import pill
from bulk_admin.selectors.job_page import Conditions


def state(job: BulkGenerationJob, conditions: Conditions) -> str:
    """Plain sentences: where the job stands, and what to do if it is waiting for someone."""
    return " ".join(_sentences(job, conditions))


def _sentences(job: BulkGenerationJob, conditions: Conditions) -> Iterator[str]:
    yield _standing(job)
    if reason := _waits_for(job, conditions):
        yield codes.about(reason).remedy or "It waits until someone presses Resume."
    if job.status == JobStatus.PAUSED and job.status_detail:
        yield f"The last one: {job.status_detail}"
    if job.status == JobStatus.CANCELLED and job.generating:
        yield (
            f"{counted(job.generating, 'picture is', 'pictures are')} still under way and will be"
            " kept."
        )
    if job.unknown_count:
        yield (
            f"{counted(job.unknown_count, 'outcome is', 'outcomes are')} unknown: sent, perhaps"
            " billed, never answered. Each such tile lets you buy it again or mark it as lost."
        )
    if job.pages_open:
        yield f"{counted(job.pages_open, 'page is', 'pages are')} being made."


def _waits_for(job: BulkGenerationJob, conditions: Conditions) -> str:
    """The code of what must be fixed first; empty when nothing is waiting for that."""
    return job.status_reason if job.status == JobStatus.PAUSED else conditions.account_stop


def waits_for_account(job: BulkGenerationJob, conditions: Conditions) -> bool:
    """Whether it is fixed on the account's page."""
    is_mendable = not job.account.is_orphaned
    return is_mendable and _waits_for(job, conditions) in codes.ACCOUNT_STOPS


def _standing(job: BulkGenerationJob) -> str:
    ready = f"{job.completed_count:,} of {counted(job.total, 'picture is', 'pictures are')} ready"
    if not job.total:
        return "This job has no pictures."
    if job.status == JobStatus.PENDING:
        return f"{counted(job.total, 'picture waits', 'pictures wait')} for a worker to start."
    if job.status == JobStatus.FAILED:
        return "None of the pictures could be made. Their tiles say why and what helps."
    if job.completed_count == job.total:
        return (
            "The picture is ready." if job.total == 1 else f"All {job.total:,} pictures are ready."
        )
    if job.failed_count:
        return f"{ready}, {job.failed_count:,} failed."
    return f"{ready}."


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
    label: str
    value: str
    small: str = ""


def facts(job: BulkGenerationJob, conditions: Conditions) -> list[Fact]:
    found = [
        Fact("Ready", f"{job.completed_count:,}", f"of {job.total:,}"),
        Fact("In flight", f"{job.generating:,}"),
    ]
    not_ready = [
        f"{number:,} {word}"
        for number, word in ((job.unknown_count, "unknown"), (job.cancelled_count, "cancelled"))
        if number
    ]
    found.append(Fact("Failed", f"{job.failed_count:,}", ", ".join(not_ready)))
    found.append(Fact("Spent", usd_total(job.spent + job.text_spent), _of_what(job)))
    if job.is_active:
        limit = f"/ min, limit {conditions.limit:,}" if conditions.limit else "/ min"
        found.append(Fact("Pace", f"{conditions.pace:.1f}" if conditions.pace else "–", limit))
        found.append(
            Fact(
                "Time left",
                f"about {duration(conditions.seconds_left)}" if conditions.seconds_left else "–",
            )
        )
    elif job.started and job.finished:
        found.append(
            Fact("Start to finish", duration((job.finished - job.started).total_seconds()))
        )
    if job.pages_open or job.pages_created:
        bad = [
            f"{number:,} {word}"
            for number, word in ((job.pages_blocked, "blocked"), (job.pages_failed, "failed"))
            if number
        ]
        found.append(
            Fact(
                "Pages",
                f"{job.pages_created:,}",
                ", ".join(bad) or (f"{job.pages_open:,} under way" if job.pages_open else ""),
            )
        )
    return found


def _of_what(job: BulkGenerationJob) -> str:
    parts = [f"of about {usd_total(job.estimate)}"] if job.estimate else []
    if job.budget_cap is not None:
        parts.append(f"cap {usd_total(job.budget_cap)}")
    if job.text_spent:  # part of what was spent
        parts.append(f"page text {usd_total(job.text_spent)}")
    return ", ".join(parts)
