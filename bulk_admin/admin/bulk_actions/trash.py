"""Lists with a trash: a filter shows it, and it has actions of its own.

The model hides what has ``deleted_at`` from its default manager and shows it in ``everything``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from .kit import BulkAction, BulkActionsMixin


class TrashFilter(admin.SimpleListFilter):
    title = "trash"
    parameter_name = "trash"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("in", "in the trash")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        found = super().choices(changelist)
        yield {**next(found), "display": "not in the trash"}
        yield from found

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(deleted_at__isnull=self.value() != "in")


def shows_trash(request: HttpRequest) -> bool:
    """Whether this is a list, and of the trash."""
    return is_list(request) and request.GET.get(TrashFilter.parameter_name) == "in"


def is_list(request: HttpRequest) -> bool:
    here = (request.resolver_match and request.resolver_match.url_name) or ""
    return here.endswith("_changelist")


class TrashMixin(BulkActionsMixin):
    """Mixin of a ModelAdmin with ``TrashFilter``, before its base. No page but the list shows what
    is in the trash.
    """

    model: Any

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]  # ModelAdmin's
        if not is_list(request):
            return rows
        everything: QuerySet[Any] = self.model.everything.order_by(*rows.query.order_by)
        return everything

    def trash_queryset(self, ids: Sequence[str]) -> QuerySet[Any]:
        """Those of these ids that are in the trash, with all that their lines show."""
        raise NotImplementedError

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        here = shows_trash(request)
        fit = {action.name for action in self.bulk_actions if action.on_trash == here}
        found = super().get_actions(request)
        return {name: action for name, action in found.items() if name in fit}

    def rows_of(self, action: BulkAction[Any], ids: Sequence[str]) -> QuerySet[Any]:
        return self.trash_queryset(ids) if action.on_trash else self.bulk_queryset(ids)
