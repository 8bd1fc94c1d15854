"""What the job page's templates are given: the whole page, a further piece of its tiles, or an
answer to a poll or a button.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bulk_admin.admin import permissions
from bulk_admin.models import BulkGenerationJob, GeneratedImage
from bulk_admin.selectors import job_page
from bulk_admin.selectors.tiles import WHOLE, Changes, Cursor, Piece, newest_variants
from bulk_admin.services.person_settings import Name

from . import tiles
from .job_view import job_view
from .preferences import SIZES, preference

# The tab's icon, by the tone of the job's pill.
BADGES = {
    tone: f"bulk_admin/job_page/badge-{tone}.svg" for tone in ("run", "ok", "unk", "bad", "off")
}


def full_context(user: permissions.Person, job: BulkGenerationJob, piece: Piece) -> dict[str, Any]:
    prices = tiles.Prices(job)
    view = job_view(user, job, job_page.conditions(job), prices)
    return {
        "view": view,
        "cursor": Cursor(job.revision, WHOLE),
        "removed": [],
        "tile_size": preference(user, Name.TILE_SIZE),
        "sizes": SIZES,
        "single_keys": preference(user, Name.SINGLE_KEYS),
        "browser_notices": preference(user, Name.BROWSER_NOTICES),
        "badges": BADGES,
        "badge": BADGES[view.pill.tone],
        **piece_context(user, job, piece, prices),
    }


def piece_context(
    user: permissions.Person,
    job: BulkGenerationJob,
    piece: Piece,
    prices: tiles.Prices | None = None,
) -> dict[str, Any]:
    found = _tiles(user, job, piece.images, prices or tiles.Prices(job))
    return {
        "job": job,
        "places": tiles.places(tiles.grouped(found)),
        "after": piece.after,
        **_rights(user, job),
    }


def answer_context(
    user: permissions.Person,
    job: BulkGenerationJob,
    conditions: job_page.Conditions,
    changes: Changes,
) -> dict[str, Any]:
    prices = tiles.Prices(job)
    positions = {image.position for image in changes.images}
    return {
        "view": job_view(user, job, conditions, prices, more=changes.more),
        "job": job,
        "tiles": _tiles(user, job, changes.images, prices),
        "newest": newest_variants(job, positions) if positions else {},
        "cursor": changes.cursor,
        "removed": changes.removed,
        **_rights(user, job),
    }


def _rights(user: permissions.Person, job: BulkGenerationJob) -> dict[str, bool]:
    """What the tiles' templates ask."""
    return {
        "can_act": permissions.can_act(user, job),
        "can_spend": permissions.can_spend(user, job),
        "can_create_pages": permissions.can_create_pages(user, job),
    }


def _tiles(
    user: permissions.Person,
    job: BulkGenerationJob,
    images: Iterable[GeneratedImage],
    prices: tiles.Prices,
) -> list[tiles.Tile]:
    return tiles.make_tiles(
        images,
        prices,
        can_act=permissions.can_act(user, job),
        can_spend=permissions.can_spend(user, job),
        can_manage=permissions.can_manage_account(user, job),
    )
