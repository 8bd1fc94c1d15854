"""Publish, unpublish and delete, for one page or many."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import ClassVar

from django.conf import settings
from django.db import OperationalError

from bulk_admin.admin.bulk_actions.kit import BulkAction, Confirmation, Line, Person
from prompts.models import Prompt
from prompts.services import page_files, publish_queue, publishing, trash

logger = logging.getLogger(__name__)
Pages = Sequence[Prompt]
PUBLISHED = Prompt.Status.PUBLISHED
GONE = "It was deleted in the meantime."
IN_TRASH = "It is in the trash."
DRAFT = "Already a draft."
WAITS = "Will be published by the worker."


class PageAction(BulkAction[Prompt]):
    noun = "page"
    permissions: ClassVar[tuple[str, ...]] = ("prompts.change_prompt", "prompts.publish")

    def may(self, person: Person, row: Prompt) -> bool:
        return person.has_perms(self.permissions)

    def may_on_some(self, person: Person) -> bool:
        return person.has_perms(self.permissions)


def _line(page: Prompt, text: str, *, ok: bool = True, warned: bool = False) -> Line:
    return Line(
        label=page.title,
        url=page.get_absolute_url(),
        picture=page_files.smallest_url(page),
        text=text,
        ok=ok,
        warned=warned,
    )


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
        return _line(page, WAITS)

    @staticmethod
    def _why_never(page: Prompt) -> str:
        if page.deleted_at:
            return IN_TRASH
        if page.status == PUBLISHED:
            return "Already published."
        if page.publish_at:
            return "The worker is already asked to publish it."
        return publishing.why_never(page)

    def run(self, rows: Pages, confirmation: Confirmation) -> list[Line]:
        """Sent again, as by a reload, it shows how far the worker is."""
        accepted = {
            page.pk: publishing.doubts_of(page)
            for page in rows
            if confirmation.accepts(self._preview_one(page))
        }
        reasons = publish_queue.request_publishing(rows, confirmation.person.pk, accepted=accepted)
        now = Prompt.objects.in_bulk([page.pk for page in rows])
        return [
            self._result(now[page.pk], reasons[page.pk])
            if page.pk in reasons and page.pk in now
            else _line(page, GONE, ok=False)
            for page in rows
        ]

    @staticmethod
    def _result(page: Prompt, reason: str) -> Line:
        if page.status == PUBLISHED:
            return _line(page, "It is published.")
        if page.publish_at:
            return _line(page, f"{WAITS} {page.publish_error}".strip())
        return _line(page, page.publish_error or reason, ok=False)


def _as_now(pages: Pages) -> list[Prompt]:
    """Read again, for their pictures have other addresses now; one that is gone is left out."""
    now = Prompt.everything.in_bulk([page.pk for page in pages])
    return [now[page.pk] for page in pages if page.pk in now]


class Unpublish(PageAction):
    name, label = "unpublish", "Unpublish"
    note = (
        "The pages leave the site at once and become drafts. The worker deletes their public"
        " pictures; browsers and a CDN may keep theirs for a day."
    )

    def preview(self, rows: Pages) -> list[Line]:
        return _lines(rows, self._why_not, "Will become a draft.")

    def run(self, rows: Pages, confirmation: Confirmation) -> list[Line]:
        unpublished = publish_queue.unpublish(rows, confirmation.person.pk)
        now = _as_now(rows)
        reasons = {
            page.pk: GONE if page.deleted_at else "" if page.pk in unpublished else DRAFT
            for page in now
        }
        return _lines(now, lambda page: reasons[page.pk], "A draft again.")

    @staticmethod
    def _why_not(page: Prompt) -> str:
        if page.deleted_at:
            return IN_TRASH
        return "" if page.status == PUBLISHED or page.publish_at else DRAFT


class MoveToTrash(PageAction):
    name, label = "trash", "Move to the trash"
    permissions = ("prompts.delete_prompt",)

    @property
    def note(self) -> str:  # type: ignore[override]  # it names a setting
        return (
            "The pages leave the site at once. They can be taken out of the trash for"
            f" {settings.TRASH_DAYS} days; then they are deleted. The pictures that they were made"
            " from may have new pages."
        )

    def preview(self, rows: Pages) -> list[Line]:
        return _lines(rows, self._why_not, "Will be moved.")

    def run(self, rows: Pages, confirmation: Confirmation) -> list[Line]:
        trash.move_to_trash([page.pk for page in rows], by=confirmation.person)
        return _lines(_as_now(rows), _why_gone(rows), "In the trash.")

    @staticmethod
    def _why_not(page: Prompt) -> str:
        return "It is there already." if page.deleted_at else ""


class Restore(PageAction):
    name, label = "restore", "Restore"
    permissions = ("prompts.delete_prompt",)
    note = "They are drafts again."

    def preview(self, rows: Pages) -> list[Line]:
        return _lines(rows, self._why_not, "Will be a draft.")

    def run(self, rows: Pages, confirmation: Confirmation) -> list[Line]:
        trash.restore([page.pk for page in rows], by=confirmation.person)
        return _lines(rows, _why_gone(rows), "A draft again.")

    @staticmethod
    def _why_not(page: Prompt) -> str:
        return "" if page.deleted_at else "It is not in the trash."


def _why_gone(rows: Pages) -> Callable[[Prompt], str]:
    ids = [page.pk for page in rows]
    there = set(Prompt.everything.filter(pk__in=ids).values_list("pk", flat=True))
    return lambda page: "" if page.pk in there else GONE


class Delete(PageAction):
    """The worker deletes the files (``publish_queue.on_page_deleted``)."""

    name, label, verb, danger = "delete", "Delete now", "Delete", True
    permissions = ("prompts.delete_prompt",)
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
            if not trash.delete_now(page.pk, by=person):
                return GONE
        except OperationalError:
            logger.warning("page could not be deleted", extra={"page": page.pk}, exc_info=True)
            return "The database was busy. Try again."
        return ""


PUBLISH, UNPUBLISH = Publish(), Unpublish()
TRASH, RESTORE, DELETE = MoveToTrash(), Restore(), Delete()
