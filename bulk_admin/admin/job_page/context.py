"""What the job page's templates are given: the whole page, or one answer to a poll or a button."""

from __future__ import annotations

from typing import Any

from bulk_admin.admin import permissions
from bulk_admin.models import BulkGenerationJob
from bulk_admin.selectors import job_page
from bulk_admin.selectors.tiles import WHOLE, Changes, Cursor, all_tiles, newest_variants

from . import tiles
from .job_view import job_view


def full_context(user: permissions.Person, job: BulkGenerationJob) -> dict[str, Any]:
    images = all_tiles(job)
    prices = tiles.Prices(job)
    view = job_view(user, job, job_page.conditions(job), prices)
    groups: dict[int, list[tiles.Tile]] = {}
    for tile in tiles.make_tiles(
        images,
        prices,
        can_act=view.can_act,
        can_spend=view.can_spend,
        can_manage=permissions.can_manage_account(user, job),
    ):
        groups.setdefault(tile.image.position, []).append(tile)
    return {
        "view": view,
        "job": job,
        "groups": groups.items(),
        "cursor": Cursor(job.revision, WHOLE),
        "removed": [],
    }


def answer_context(
    user: permissions.Person,
    job: BulkGenerationJob,
    conditions: job_page.Conditions,
    changes: Changes,
) -> dict[str, Any]:
    prices = tiles.Prices(job)
    view = job_view(user, job, conditions, prices, more=changes.more)
    newest = (
        newest_variants(job, {image.position for image in changes.images}) if changes.images else {}
    )
    return {
        "view": view,
        "job": job,
        "tiles": tiles.make_tiles(
            changes.images,
            prices,
            can_act=view.can_act,
            can_spend=view.can_spend,
            can_manage=permissions.can_manage_account(user, job),
        ),
        "newest": newest,
        "cursor": changes.cursor,
        "removed": changes.removed,
    }
