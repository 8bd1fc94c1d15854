"""Actions on many rows: a page that counts them before, and one with each row's result after.

The ids are frozen when the list is sent, so the action meets exactly the rows that the filter
showed, and they travel as one field: a thousand of them are no reason to refuse the form.
"""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods, require_POST

from bulk_admin.addresses import admin_url
from bulk_admin.admin.permissions import Person
from bulk_admin.formats import counted
from bulk_admin.numbers import ids_in
from bulk_admin.services import changes

__all__ = [
    "BulkAction",
    "BulkActionsMixin",
    "Confirmation",
    "Frame",
    "Line",
    "Person",
    "why_failed",
]
MOST_ROWS = 2_000
CHANGED_SINCE = "Left as it is: it was changed since, or is gone."
ASK_OR_RUN = require_http_methods(["GET", "HEAD", "POST"])
GONE = "Deleted in the meantime."
BROKE = "This did not work. The reason is in the server's log."
logger = logging.getLogger(__name__)
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What will become, or became, of one row.

    ``ok``: it will be done, or was done. ``warned``: it will be done only if the person ticks the
    action's ``despite_warnings``. ``picture``: the address of a small one.
    """

    label: str
    url: str = ""
    picture: str = ""
    text: str
    ok: bool = True
    warned: bool = False

    @property
    def mark(self) -> str:
        """The same for the same words about the same row."""
        words = "\0".join((self.label, self.url, self.text))
        return hashlib.sha256(words.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Who confirmed, and which warnings they had read as they did, by their lines' marks."""

    person: Person
    despite_warnings: frozenset[str] = frozenset()

    def accepts(self, line: Line) -> bool:
        """Whether the person also meant a row that carries this warning: not one that came after
        the page was shown.
        """
        return line.warned and line.mark in self.despite_warnings


class BulkAction(ABC, Generic[Row]):
    """One action of a list. Instances hold no state."""

    name: ClassVar[str]  # in the address and in the list's menu
    label: ClassVar[str]
    verb: ClassVar[str] = ""  # on the button, before the count; the label where it is empty
    noun: ClassVar[str]  # one row
    note: ClassVar[str] = ""  # what the person should know before they confirm
    danger: ClassVar[bool] = False
    on_trash: ClassVar[bool] = False  # for rows that are in the trash, and for no others
    despite_warnings: ClassVar[str] = ""  # the box that includes the rows with a warning

    @abstractmethod
    def may(self, person: Person, row: Row) -> bool: ...

    @abstractmethod
    def may_on_some(self, person: Person) -> bool:
        """Whether any row could be allowed; the action is offered to nobody else."""

    @abstractmethod
    def preview(self, rows: Sequence[Row]) -> list[Line]:
        """One line per row. Changes nothing."""

    @abstractmethod
    def run(self, rows: Sequence[Row], confirmation: Confirmation) -> list[Line]:
        """One line per row, also for rows that it leaves alone. A second call changes nothing."""

    def button(self, count: int) -> str:
        return f"{self.verb or self.label} {self.counted(count)}"

    def counted(self, count: int) -> str:
        return counted(count, self.noun)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where an action's two pages stand: the address that runs it, and the way back."""

    run_url: str
    back_url: str
    back: str = "Back to the list"


class BulkActionsMixin:
    """Mixin of a ModelAdmin: ``bulk_actions`` become its actions, each with its own two pages, and
    its list has room for its columns on a tablet.

    ``get_urls`` must include ``bulk_urls()``.
    """

    bulk_actions: tuple[BulkAction[Any], ...] = ()
    change_list_template: Any = "admin/bulk_admin/change_list.html"
    rows_are_cards: bool = False  # on a phone, where the columns of a table have no room
    opts: Any
    admin_site: Any

    def bulk_queryset(self, ids: Sequence[str]) -> QuerySet[Any]:
        """The rows of these ids, with all that their lines show."""
        raise NotImplementedError

    def rows_of(self, action: BulkAction[Any], ids: Sequence[str]) -> QuerySet[Any]:
        """The rows that an action is for."""
        return self.bulk_queryset(ids)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]  # ModelAdmin's
            return {}
        return {
            action.name: (partial(self._ask_for_selected, action=action), action.name, action.label)
            for action in self.bulk_actions
            if action.may_on_some(request.user)
        }

    def bulk_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_bulk"
        view = self.admin_site.admin_view(ASK_OR_RUN(self.bulk_view))
        undo = self.admin_site.admin_view(require_POST(self.undo_view))
        return [
            path("bulk/undo/", undo, name=f"{name}_undo"),
            path("bulk/<str:action>/", view, name=name),
        ]

    def response_action(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Django would ask the database for whatever the ticks of a hand-made form hold."""
        if not all(self._is_id(text) for text in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise Http404
        base: Any = super()  # ModelAdmin's
        answer: HttpResponse | None = base.response_action(request, *args, **kwargs)
        return answer

    def _ask_for_selected(
        self,
        model_admin: Any,
        request: HttpRequest,
        queryset: QuerySet[Any],
        action: BulkAction[Any],
    ) -> HttpResponse:
        ids = [str(pk) for pk in queryset.values_list("pk", flat=True)[: MOST_ROWS + 1]]
        return self.ask(request, action, ids)

    def bulk_view(self, request: HttpRequest, action: str) -> HttpResponse:
        """GET asks for the rows of ``?ids=1,2,3``, POST runs."""
        chosen = next((each for each in self.bulk_actions if each.name == action), None)
        if chosen is None:
            raise Http404
        self._check_may(request, chosen)
        if request.method == "POST":
            return self.run(request, chosen, self._frame(chosen))
        if not (ids := _ids(request.GET.get("ids", ""))):
            return HttpResponseRedirect(self._list_url())
        return self.ask(request, chosen, ids)

    def ask(
        self,
        request: HttpRequest,
        action: BulkAction[Any],
        ids: Sequence[str],
        frame: Frame | None = None,
    ) -> HttpResponse:
        """The page before: how many, which, and what it means."""
        self._check_may(request, action)
        if len(ids) > MOST_ROWS:
            messages.error(
                request,
                f"More than {MOST_ROWS:,} rows are selected. Narrow the filter and select again.",
            )
            return HttpResponseRedirect(self._list_url())
        allowed, refused = self._rows(request, action, ids)
        lines = [*action.preview(allowed), *refused]
        ready = sum(line.ok for line in lines)
        warnings = [line.mark for line in lines if line.warned]
        warned = len(warnings)
        context = {
            "ids": ",".join(str(row.pk) for row in allowed),
            "summary": _summary(action, lines),
            "button": action.verb or action.label if warned else action.button(ready),
            "ready": ready,
            "warned": warned,
            "warnings": ",".join(warnings),
            "frame": frame or self._frame(action),
        }
        question = f"{context['button'] if ready else action.label}?"
        return self._page(request, "confirm.html", question, action, lines, context)

    def run(self, request: HttpRequest, action: BulkAction[Any], frame: Frame) -> HttpResponse:
        """Do it to the ids that the page before sent; the page with each row's result."""
        self._check_may(request, action)
        ids = _ids(request.POST.get("ids", ""))[:MOST_ROWS]
        allowed, refused = self._rows(request, action, ids)
        confirmation = Confirmation(
            person=request.user,
            despite_warnings=frozenset(_ids(request.POST.get("despite_warnings", ""))),
        )
        with changes.recorded() as made:
            lines = [*action.run(allowed, confirmation), *refused]
        if missing := len(set(ids)) - len(lines):
            lines.append(Line(label=action.counted(missing), text=GONE, ok=False))
        context = {
            "done": sum(line.ok for line in lines),
            "frame": frame,
            "changes": ",".join(map(str, made)),
            "undo_url": f"{self._list_url()}bulk/undo/",
        }
        return self._page(request, "result.html", action.label, action, lines, context)

    def undo_view(self, request: HttpRequest) -> HttpResponse:
        """Put back what an action's result page offers to undo: this person's own changes only."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]  # ModelAdmin's
            raise PermissionDenied
        undone = [
            changes.undo(pk, by=request.user) for pk in ids_in(request.POST.get("changes", ""))
        ]
        back = {pk for each in undone if each for pk in each.put_back}
        left = {pk for each in undone if each for pk in each.left}
        names = {str(row.pk): row for row in self.bulk_queryset([*back, *left])}
        lines = [
            Line(
                label=str(names.get(pk, pk)),
                url=_url(names[pk]) if pk in names else "",
                text="As it was." if pk in back else CHANGED_SINCE,
                ok=pk in back,
            )
            for pk in sorted(back | left)
        ]
        context = {
            "done": len(back),
            "frame": Frame("", self._list_url()),
            "action": {"noun": self.opts.verbose_name},
        }
        return self._page(request, "result.html", "Undo", None, lines, context)

    def _check_may(self, request: HttpRequest, action: BulkAction[Any]) -> None:
        may_view = self.has_view_permission(request)  # type: ignore[attr-defined]  # ModelAdmin's
        if not (may_view and action.may_on_some(request.user)):
            raise PermissionDenied

    def _rows(
        self, request: HttpRequest, action: BulkAction[Any], ids: Sequence[str]
    ) -> tuple[list[Any], list[Line]]:
        """The rows that this person may do it to, and a line for each of the others."""
        allowed, refused = [], []
        for row in self.rows_of(action, [pk for pk in ids if self._is_id(pk)]):
            if action.may(request.user, row):
                allowed.append(row)
            else:
                text = "You do not have permission to change this one."
                refused.append(Line(label=str(row), url=_url(row), text=text, ok=False))
        return allowed, refused

    def _is_id(self, text: str) -> bool:
        """Whether a row could have this id; an address may say anything."""
        try:
            self.opts.pk.clean(text, None)
        except ValidationError:
            return False
        return True

    def _page(
        self,
        request: HttpRequest,
        template: str,
        title: str,
        action: BulkAction[Any] | None,
        lines: list[Line],
        context: dict[str, Any],
    ) -> HttpResponse:
        whole = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "list_url": self._list_url(),
            "action": action,
            "lines": lines,
            **context,
        }
        return TemplateResponse(request, f"admin/bulk_admin/bulk_actions/{template}", whole)

    def _frame(self, action: BulkAction[Any]) -> Frame:
        return Frame(f"{self._list_url()}bulk/{action.name}/", self._list_url())

    def _list_url(self) -> str:
        return admin_url(f"{self.opts.app_label}_{self.opts.model_name}_changelist")


def why_failed(step: Callable[[], object]) -> str:
    """Do one step of a run; "" or why nothing came of it.

    A step that breaks is logged and becomes the lines of its rows: the other rows go on.
    """
    try:
        step()
    except ObjectDoesNotExist:
        return GONE
    except Exception:  # one row that breaks must not stop the rows after it
        logger.exception("a step of a bulk action broke")
        return BROKE
    return ""


def _ids(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _summary(action: BulkAction[Any], lines: list[Line]) -> str:
    ready = sum(line.ok for line in lines)
    warned = sum(line.warned for line in lines)
    left = len(lines) - ready - warned
    parts = [f"{action.counted(len(lines))} selected."]
    if ready < len(lines):
        parts.append(f"{ready:,} ready.")
    if warned:
        parts.append(f"{counted(warned, 'needs', 'need')} a second look first.")
    if left:
        parts.append(f"{left:,} will stay as {'it is' if left == 1 else 'they are'}.")
    return " ".join(parts)


def _url(row: Model) -> str:
    return str(row.get_absolute_url()) if hasattr(row, "get_absolute_url") else ""
