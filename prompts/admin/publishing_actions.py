"""Publish, unpublish and delete, for one page or many."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import ClassVar

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.db import OperationalError, transaction

from bulk_admin.admin.bulk_actions.kit import BulkAction, Confirmation, Line, Person
from prompts.models import Prompt
from prompts.services import publishing

logger = logging.getLogger(__name__)
Pages = Sequence[Prompt]
PUBLISHED = Prompt.Status.PUBLISHED
GONE = "It was deleted in the meantime."


class PageAction(BulkAction[Prompt]):
    noun = "page"
    permission: ClassVar[str] = "prompts.change_prompt"

    def may(self, person: Person, row: Prompt) -> bool:
        return person.has_perm(self.permission)

    def may_on_some(self, person: Person) -> bool:
        return person.has_perm(self.permission)


def _line(page: Prompt, text: str, *, ok: bool = True, warned: bool = False) -> Line:
    return Line(label=page.title, url=page.get_absolute_url(), text=text, ok=ok, warned=warned)


def _lines(pages: Pages, reason_of: Callable[[Prompt], str], done: str) -> list[Line]:
    """``done`` for each page, or the reason why it is left as it is."""
    return [_line(page, reason_of(page) or done, ok=not reason_of(page)) for page in pages]


class Publish(PageAction):
    name, label = "publish", "Publish"
    despite_warnings = "Publish those with a warning too"

    def preview(self, rows: Pages) -> list[Line]:
        return [self._preview_one(page) for page in rows]

    def _preview_one(self, page: Prompt) -> Line:
        if reason := self._why_never(page):
            return _line(page, reason, ok=False)
        if warning := publishing.why_not_publish(page):
            return _line(page, warning, ok=False, warned=True)
        return _line(page, "Will be published.")

    @staticmethod
    def _why_never(page: Prompt) -> str:
        if page.status == PUBLISHED:
            return "Already published."
        return publishing.why_not_publish(page, allow_unchecked=True)

    @transaction.atomic
    def run(self, rows: Pages, confirmation: Confirmation) -> list[Line]:
        pages = _locked(rows)
        before = [page.pk for page in pages.values() if page.status == PUBLISHED]
        results = publishing.publish(pages.values(), allow_unchecked=confirmation.despite_warnings)
        reasons = {page.pk: reason for page, reason in results} | dict.fromkeys(
            before, "Already published."
        )
        changed = [page for page in pages.values() if not reasons[page.pk]]
        _log(confirmation.person, changed, CHANGE, "Published.")
        return _lines(rows, lambda page: reasons.get(page.pk, GONE), "Published.")


class Unpublish(PageAction):
    name, label = "unpublish", "Unpublish"
    note = "The pages leave the site and become drafts."

    def preview(self, rows: Pages) -> list[Line]:
        return _lines(rows, self._why_not, "Will become a draft.")

    @transaction.atomic
    def run(self, rows: Pages, confirmation: Confirmation) -> list[Line]:
        pages = _locked(rows)
        before = {pk: self._why_not(page) for pk, page in pages.items()}
        publishing.unpublish(list(pages.values()))
        changed = [page for page in pages.values() if not before[page.pk]]
        _log(confirmation.person, changed, CHANGE, "Unpublished.")
        return _lines(rows, lambda page: before.get(page.pk, GONE), "A draft again.")

    @staticmethod
    def _why_not(page: Prompt) -> str:
        return "" if page.status == PUBLISHED else "Already a draft."


class Delete(PageAction):
    """The files go after the commit (``services.page_files``)."""

    name, label, danger = "delete", "Delete", True
    permission = "prompts.delete_prompt"
    note = (
        "Pages are deleted for good, with their public pictures and addresses. The generator keeps"
        " the pictures that they were made from."
    )

    def preview(self, rows: Pages) -> list[Line]:
        return [_line(page, f"{page.get_status_display()}. Will be deleted.") for page in rows]

    def run(self, rows: Pages, confirmation: Confirmation) -> list[Line]:
        ordered = sorted(rows, key=lambda page: page.pk)
        reasons = {page.pk: self._delete(page, confirmation.person) for page in ordered}
        return [
            _line(page, reasons[page.pk], ok=False)
            if reasons[page.pk]
            else Line(label=page.title, text="Deleted.")
            for page in rows
        ]

    @staticmethod
    def _delete(page: Prompt, person: Person) -> str:
        """In a transaction of its own: its receivers lock rows too, and those of many pages would
        be locked in no common order. Answers why it was not deleted.
        """
        try:
            with transaction.atomic():
                current = Prompt.objects.filter(pk=page.pk).first()
                if current is None:
                    return GONE
                _log(person, [current], DELETION, "Deleted.")
                current.delete()
        except OperationalError:
            logger.warning("page could not be deleted", extra={"page": page.pk}, exc_info=True)
            return "The database was busy. Try again."
        return ""


PUBLISH, UNPUBLISH, DELETE = Publish(), Unpublish(), Delete()


def _locked(pages: Pages) -> dict[int, Prompt]:
    """By id, in one order everywhere and locked to the end of the transaction: nobody deletes a
    page while it is published.
    """
    chosen = Prompt.objects.filter(pk__in=[page.pk for page in pages])
    return {page.pk: page for page in chosen.order_by("pk").select_for_update(no_key=True)}


def _log(person: Person, pages: list[Prompt], flag: int, message: str) -> None:
    if pages and person.pk:
        LogEntry.objects.log_actions(person.pk, pages, flag, message)
