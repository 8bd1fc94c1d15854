"""Acts on many rows at once: a page that counts them before, a page that tells each one's result
after.

The ids are frozen when the list is sent, so the act meets exactly the rows that the filter showed,
and they travel as one field: a thousand of them are no reason to refuse the form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

MOST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """What will become, or became, of one row."""

    label: str
    url: str
    text: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Act:
    """``preview`` changes nothing; ``perform`` answers one line per row, also for rows it leaves
    alone.
    """

    name: str
    label: str
    may: Callable[[Any, Any], bool]  # (person, row)
    may_at_all: Callable[[Any], bool]  # (person): on some row; who may not is not offered it
    preview: Callable[[Sequence[Any]], list[Line]]
    perform: Callable[[Sequence[Any]], list[Line]]
    button: Callable[[list[Line]], str]
    danger: bool = False
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where an act's two pages stand: the address that does it, and the way back."""

    act_url: str
    back_url: str
    back: str = "Back to the list"


@dataclass(frozen=True, slots=True)
class Rows:
    """The chosen rows, separated by whether this person may do it to them."""

    allowed: list[Any] = field(default_factory=list)
    refused: list[Line] = field(default_factory=list)


class BulkActs:
    """Mixin of a ModelAdmin: ``acts`` become its actions, each with its own two pages."""

    acts: tuple[Act, ...] = ()
    opts: Any
    admin_site: Any

    def act_queryset(self, ids: Sequence[str]) -> QuerySet[Any]:
        """The rows of these ids, with all that their lines show."""
        raise NotImplementedError

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]  # ModelAdmin's
            return {}
        return {
            act.name: (partial(self._ask, act=act), act.name, act.label)
            for act in self.acts
            if act.may_at_all(request.user)
        }

    def act_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_bulk"
        return [path("bulk/<str:action>/", self.admin_site.admin_view(self.bulk_view), name=name)]

    def response_action(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Django would ask the database for whatever the ticks of a hand-made form hold."""
        if not all(self._is_id(text) for text in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise Http404
        answer: HttpResponse | None = super().response_action(request, *args, **kwargs)  # type: ignore[misc]  # ModelAdmin's
        return answer

    def _ask(
        self, model_admin: Any, request: HttpRequest, queryset: QuerySet[Any], act: Act
    ) -> HttpResponse:
        ids = [str(pk) for pk in queryset.values_list("pk", flat=True)[: MOST_ROWS + 1]]
        return self.ask(request, act, ids)

    def ask(
        self, request: HttpRequest, act: Act, ids: Sequence[str], frame: Frame | None = None
    ) -> HttpResponse:
        """The page before: how many, which, and what it means."""
        if len(ids) > MOST_ROWS:
            messages.error(
                request,
                f"These are more than {MOST_ROWS:,} rows. Narrow the filter, then choose again.",
            )
            return HttpResponseRedirect(self._list_url())
        frame = frame or self._frame(act)
        rows = self._rows(request, act, ids)
        lines = act.preview(rows.allowed)
        context = {
            "act": act,
            "ids": ",".join(str(row.pk) for row in rows.allowed),
            "lines": [*lines, *rows.refused],
            "button": act.button(lines),
        }
        return self._page(
            request,
            "confirm.html",
            f"{act.label}?",
            {**context, "frame": frame, "can_go_on": any(line.ok for line in lines)},
        )

    def bulk_view(self, request: HttpRequest, action: str) -> HttpResponse:
        act = next((act for act in self.acts if act.name == action), None)
        if act is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseRedirect(self._list_url())
        return self.do(request, act, self._frame(act))

    def do(self, request: HttpRequest, act: Act, frame: Frame) -> HttpResponse:
        """Do it to the ids that the page before sent, and tell each one's result."""
        ids = [part for part in request.POST.get("ids", "").split(",") if part][:MOST_ROWS]
        rows = self._rows(request, act, ids)
        lines = act.perform(rows.allowed)
        lines += [*rows.refused, *self._gone(ids, rows)]
        return self._page(
            request,
            "result.html",
            act.label,
            {"frame": frame, "lines": lines, "done": sum(line.ok for line in lines)},
        )

    def _rows(self, request: HttpRequest, act: Act, ids: Sequence[str]) -> Rows:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]  # ModelAdmin's
            raise PermissionDenied
        found = list(self.act_queryset([pk for pk in ids if self._is_id(pk)]))
        refused = [
            Line(str(row), _url(row), "Not yours: you have no right to do this to it.", ok=False)
            for row in found
            if not act.may(request.user, row)
        ]
        return Rows([row for row in found if act.may(request.user, row)], refused)

    def _is_id(self, text: str) -> bool:
        """Whether a row could have this id; an address may say anything."""
        try:
            self.opts.pk.clean(text, None)
        except ValidationError:
            return False
        return True

    def _gone(self, ids: Sequence[str], rows: Rows) -> Iterable[Line]:
        missing = len(set(ids)) - len(rows.allowed) - len(rows.refused)
        return (
            [Line(f"{missing:,} that no longer exist", "", "Deleted meanwhile.", ok=False)]
            if missing > 0
            else []
        )

    def _page(
        self, request: HttpRequest, template: str, title: str, context: dict[str, Any]
    ) -> HttpResponse:
        whole = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "list_url": self._list_url(),
            **context,
        }
        return TemplateResponse(request, f"admin/bulk_admin/bulk_actions/{template}", whole)

    def _frame(self, act: Act) -> Frame:
        return Frame(f"{self._list_url()}bulk/{act.name}/", self._list_url())

    def _list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


def _url(row: Model) -> str:
    return str(row.get_absolute_url()) if hasattr(row, "get_absolute_url") else ""
