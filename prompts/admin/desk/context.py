"""What the desk's templates show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from bulk_admin.adapter import price_of_rewriting
from prompts.models import Category, Prompt
from prompts.services import page_files
from prompts.services.desk.batch import FLAGGED, Batch, State, state_of
from prompts.services.desk.flags import Flag, Titles, Weight, flags_of, same_texts
from prompts.services.desk.texts import seen, tags_of

from .door import CHANGE, PUBLISH

ICONS = {Weight.STOP: "stop", Weight.LOOK: "warn", Weight.NOTE: "note"}
TONES = {Weight.STOP: "bad", Weight.LOOK: "warn", Weight.NOTE: "note"}
ALT_LIMIT = 125


@dataclass(frozen=True)
class ShownFlag:
    flag: Flag
    icon: str
    tone: str


@dataclass(frozen=True)
class ShownPage:
    """One page, as a row of the table, a picture of the strip or the draft that is read."""

    page: Prompt
    state: State
    flags: list[ShownFlag]

    @property
    def is_flagged(self) -> bool:
        return any(each.flag.weight < Weight.NOTE for each in self.flags)

    @property
    def weight(self) -> int:
        """For a list with the heaviest flags first."""
        weights = [each.flag.weight for each in self.flags]
        return min(weights, default=Weight.NOTE + 1) * 100 - len(weights)

    @property
    def can_edit(self) -> bool:
        return self.state != State.DROPPED

    @property
    def can_approve(self) -> bool:
        return self.state == State.TO_READ

    @property
    def can_drop(self) -> bool:
        return self.state in (State.TO_READ, State.APPROVED)

    @property
    def slug_is_fixed(self) -> bool:
        return self.state == State.PUBLISHED

    @property
    def seen(self) -> str:
        return seen(self.page)

    @property
    def tags(self) -> list[str]:
        return tags_of(self.page)

    @property
    def thumb(self) -> str:
        return self._url(0)

    @property
    def picture(self) -> str:
        return self._url(-1)

    @property
    def original(self) -> str:
        return page_files.url(self.page, self.page.image) if self.page.image else ""

    def _url(self, variant: int) -> str:
        variants = self.page.variants
        return page_files.url(self.page, variants[variant]["key"]) if variants else self.original


def shown(page: Prompt, flags: list[Flag]) -> ShownPage:
    told = [ShownFlag(flag, ICONS[flag.weight], TONES[flag.weight]) for flag in flags]
    return ShownPage(page, state_of(page), told)


def of_batch(request: HttpRequest, batch: Batch) -> dict[str, Any]:
    """What stands in the bar and in the dock on both views."""
    counts = batch.counts
    total = len(batch.pages) or 1
    chips = [
        (state, state.word, counts[state], batch.query(show=state))
        for state in State
        if counts[state] or batch.show == state
    ]
    return {
        "batch": batch,
        "total": len(batch.pages),
        "counts": counts,
        "chips": chips,
        "all_query": batch.query(show=""),
        "flagged_query": batch.query(show=FLAGGED),
        "meter": _meter(counts, total),
        "may_change": request.user.has_perm(CHANGE),
        "may_rewrite": request.user.has_perms([CHANGE, "bulk_admin.create_pages"]),
        "may_publish": request.user.has_perms([CHANGE, PUBLISH]),
        "categories": list(Category.objects.values_list("pk", "name")),
        "alt_limit": ALT_LIMIT,
    }


def _meter(counts: Any, total: int) -> dict[str, int]:
    """Where the parts of the bar begin and how long they are, of 1,000."""
    read = counts[State.APPROVED] + counts[State.SCHEDULED] + counts[State.PUBLISHED]
    ok = read * 1000 // total
    return {"ok": ok, "gone": counts[State.DROPPED] * 1000 // total}


def of_draft(request: HttpRequest, batch: Batch, page: Prompt | None) -> dict[str, Any]:
    """The draft that is read, or None: there is none left to read."""
    if page is None:
        return {"draft": None, "number": 0}
    before, after = batch.around(page)
    same = same_texts(batch.readable).get(page.pk, ())
    flags = [] if page.deleted_at else flags_of(page, Titles.of_all_pages(), same)
    return {
        "draft": shown(page, flags),
        "number": 1 + sum(other.pk < page.pk for other in batch.pages),
        "before": before,
        "after": after,
        "rewrite_price": (
            price_of_rewriting([page.pk])
            if request.user.has_perm("bulk_admin.create_pages") and not page.deleted_at
            else ""
        ),
    }
