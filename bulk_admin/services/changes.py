"""Undo: what an action changed is kept as one row, and put back as far as nobody changed it since.

An action records its rows as it changes them, in the same transaction. Each kind of action has one
function that puts them back, found by the kind's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from bulk_admin.models import Change
from bulk_admin.services.database import whole_step

Values = dict[str, Any]  # as JSON holds them


@dataclass(frozen=True, slots=True)
class RowChange:
    """What became of one row. Without a change there is nothing to put back."""

    id: str
    before: Values
    after: Values


@dataclass(frozen=True, slots=True)
class Undone:
    """``put_back`` and ``left`` are ids of rows: those that are as before again, and those that
    somebody changed since, or that are gone.
    """

    kind: str
    put_back: list[str]
    left: list[str]


# Puts rows back, under the locks that its action takes; answers the ids of those that it did.
PutBack = Callable[[str, Sequence[RowChange], Any], Iterable[str]]
_put_back: dict[str, PutBack] = {}
_recorded: ContextVar[list[int] | None] = ContextVar("recorded", default=None)


def undoes(*kinds: str) -> Callable[[PutBack], PutBack]:
    """Name a function ``(scope, rows, by) -> ids put back`` as the undo of these kinds.

    It compares each row with ``after`` and leaves one alone that differs. It may raise, and then
    nothing is undone.
    """

    def register(function: PutBack) -> PutBack:
        _put_back.update(dict.fromkeys(kinds, function))
        return function

    return register


def record(kind: str, scope: object, rows: Sequence[RowChange], *, by: Any) -> Change | None:
    """Keep what an action changed, in its transaction. None when there was nothing, or nobody who
    could undo it.
    """
    rows = [row for row in rows if row.before != row.after]
    if not rows or by is None:
        return None
    kept = [{"id": row.id, "before": row.before, "after": row.after} for row in rows]
    change = Change.objects.create(kind=kind, scope=str(scope), person_id=by.pk, rows=kept)
    if (made := _recorded.get()) is not None:
        made.append(change.pk)
    return change


@contextmanager
def recorded() -> Iterator[list[int]]:
    """The ids of the changes that are recorded inside: an action over many jobs makes several."""
    made: list[int] = []
    token = _recorded.set(made)
    try:
        yield made
    finally:
        _recorded.reset(token)


def last(scope: object, *, by: Any) -> Change | None:
    """What this person would undo next there."""
    mine = Change.objects.filter(person_id=by.pk, scope=str(scope), undone=None)
    return mine.order_by("-pk").first()


def undo_last(scope: object, *, by: Any) -> Undone | None:
    """Undo this person's last action there; None when there is none. Again: the one before it."""
    change = last(scope, by=by)
    return undo(change.pk, by=by) if change else None


@whole_step
def undo(change_id: int, *, by: Any) -> Undone | None:
    """Undo one action of this person; None when it is another's, or undone already."""
    mine = Change.objects.select_for_update(no_key=True).filter(person_id=by.pk, undone=None)
    change = mine.filter(pk=change_id).first()
    if change is None:
        return None
    rows = [RowChange(**row) for row in change.rows]
    function = _put_back.get(change.kind)
    done = list(function(change.scope, rows, by)) if function else []
    change.undone = timezone.now()
    change.save(update_fields=["undone"])
    return Undone(change.kind, done, [row.id for row in rows if row.id not in set(done)])
