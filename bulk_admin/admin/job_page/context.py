"""What the job page's templates are given: the whole page, or one answer to a poll or a button."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings

from bulk_admin import progress
from bulk_admin.admin import permissions
from bulk_admin.models import BulkGenerationJob, JobStatus
from bulk_admin.money import usd
from bulk_admin.selectors import job_page
from bulk_admin.selectors.tiles import WHOLE, Changes, Cursor, all_tiles, newest_variants

from . import sentences, tiles


def digest(around: job_page.Surroundings) -> str:
    """Of what the progress block shows and the revision does not cover."""
    wait = around.wait_until and around.wait_until.isoformat(timespec="seconds")
    seen = (
        around.no_worker,
        wait,
        around.limit,
        f"{around.pace:.1f}",
        around.seconds_left,
        around.account_stop,
    )
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:12]


def _shared(
    user: permissions.Person, job: BulkGenerationJob, around: job_page.Surroundings, *, more: bool
) -> dict[str, Any]:
    counts = job_page.tile_counts(job)
    ended = job.status in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
    return {
        "job": job,
        "around": around,
        "counts": counts,
        "digest": digest(around),
        "pill": progress.pill(job),
        "sentence": sentences.state(job, around),
        "leads_to_account": sentences.waits_for_account(job, around)
        and permissions.has(user, "manage_accounts"),
        "spoken": progress.spoken(job),
        "milestone": sentences.milestone(job),
        "tab_title": sentences.title(job),
        "facts": sentences.facts(job, around),
        "bar": progress.bar(job),
        "poll": _poll(job, more=more),
        "ended": ended,
        "outcome": job_page.outcome(job) if ended else None,
        "page_cost": usd((job.spent + job.text_spent) // job.pages_created)
        if job.pages_created
        else "",
        "can_act": permissions.can_act(user, job),
        "can_spend": permissions.can_spend(user, job),
        "may_generate": permissions.has(user, "generate"),
        "can_create_pages": permissions.can_create_pages(user, job),
    }


def _poll(job: BulkGenerationJob, *, more: bool) -> str:
    """The poller's trigger; empty when nothing more can come by itself."""
    every = f"every {settings.BULK_POLL_SECONDS:g}s"
    if more:
        return f"load delay:100ms, {every}"
    return "" if job_page.is_quiet(job) else every


def full_context(user: permissions.Person, job: BulkGenerationJob) -> dict[str, Any]:
    images = all_tiles(job)
    newest: dict[int, int] = {}
    for image in images:
        newest[image.position] = max(newest.get(image.position, 1), image.variant)
    context = _shared(user, job, job_page.surroundings(job), more=False)
    prices = tiles.Prices(job)
    groups: dict[int, list[tiles.Tile]] = {}
    for tile in tiles.make_tiles(
        images, prices, newest, can_act=context["can_act"], can_spend=context["can_spend"]
    ):
        groups.setdefault(tile.image.position, []).append(tile)
    return context | {
        "groups": groups.items(),
        "newest": newest,
        "cursor": Cursor(job.revision, WHOLE),
        "removed": [],
        "retry_price": prices.text(job_page.retryable(job)) if context["counts"].retryable else "",
    }


def answer_context(
    user: permissions.Person,
    job: BulkGenerationJob,
    around: job_page.Surroundings,
    changes: Changes,
) -> dict[str, Any]:
    context = _shared(user, job, around, more=changes.more)
    newest = (
        newest_variants(job, {image.position for image in changes.images}) if changes.images else {}
    )
    prices = tiles.Prices(job)
    return context | {
        "tiles": tiles.make_tiles(
            changes.images,
            prices,
            newest,
            can_act=context["can_act"],
            can_spend=context["can_spend"],
        ),
        "newest": newest,
        "cursor": changes.cursor,
        "removed": changes.removed,
        "retry_price": prices.text(job_page.retryable(job)) if context["counts"].retryable else "",
    }
