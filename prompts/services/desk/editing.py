"""One field of one or many pages is saved at a time, with the value that it replaces: where another
one is there by now, nothing is saved and both are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from bulk_admin import undo
from bulk_admin.adapter import database_now, whole_step
from bulk_admin.undo import RowChange
from prompts.models import Prompt
from prompts.page_form import PromptForm
from prompts.services.desk.texts import FIELDS, is_same, seen, text_of, with_tags
from prompts.services.publish_queue import locked, log
from prompts.services.tagging import tag_page

SCOPE = "desk"
EDIT = "desk_edit"


class State(StrEnum):
    SAVED = "saved"
    SAME = "same"  # nothing to save
    DIFFERS = "differs"  # another value than the one that it was to replace
    REFUSED = "refused"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Edit:
    """``was``: the text that the person saw when they wrote ``text``."""

    page_id: int
    text: str
    was: str


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of an edit. ``text``: what the page has now."""

    page_id: int
    state: State
    text: str = ""
    message: str = ""
    seen: str = ""


@whole_step
def save(field: str, edits: Sequence[Edit], *, by: Any) -> list[Saved]:
    """Save one field of some pages, as one action to undo. Raises ValueError for another field."""
    if field not in FIELDS:
        raise ValueError(f"{field[:40]!r} cannot be edited here.")
    pages = lock([edit.page_id for edit in edits])
    done = [_save(pages.get(edit.page_id), field, edit, by) for edit in edits]
    changed = [
        RowChange(str(each.page_id), {field: edit.was}, {field: each.text})
        for edit, each in zip(edits, done, strict=True)
        if each.state == State.SAVED
    ]
    undo.record(EDIT, SCOPE, changed, by=by)
    log(by.pk, [pages[int(row.id)] for row in changed], f"Changed {FIELDS[field]}.")
    return done


def lock(page_ids: Iterable[int]) -> dict[int, Prompt]:
    """Pages that are not in the trash, locked, and then read with their tags."""
    ids = [page.pk for page in locked(page_ids)]
    return with_tags(Prompt.objects.filter(pk__in=ids)).in_bulk()


def _save(page: Prompt | None, field: str, edit: Edit, by: Any) -> Saved:
    if page is None:
        return Saved(edit.page_id, State.GONE, message="This page is deleted, or in the trash.")
    now = text_of(page, field)
    if is_same(field, now, edit.text):
        return Saved(page.pk, State.SAME, now, seen=seen(page))
    if not is_same(field, now, edit.was):
        return Saved(page.pk, State.DIFFERS, now, who_edited(page, field), seen(page))
    try:
        write(page, field, edit.text, by)
    except ValidationError as error:
        return Saved(page.pk, State.REFUSED, now, " ".join(error.messages), seen(page))
    return Saved(page.pk, State.SAVED, text_of(page, field), seen=seen(page))


def who_edited(page: Prompt, field: str) -> str:
    who = page.edited_by.get_username() if page.edited_by else "A new text"
    return f"{who} has changed the {FIELDS[field]} meanwhile."


def write(page: Prompt, field: str, text: str, by: Any) -> None:
    """Give a locked page another text, by the rules of its form. Raises ValidationError."""
    if field == "slug" and (page.published or page.publish_at):
        raise ValidationError("The address of a published page is fixed.")
    value = _cleaned(page, field, text)
    edited = by_person(page, by)
    try:
        with transaction.atomic():
            if field == "tags":
                page.tags.clear()
                tag_page(page, value)
            else:
                setattr(page, field, value)
            page.save(update_fields=[*([] if field == "tags" else [field]), *edited])
    except IntegrityError as error:  # somebody else took the address at this moment
        raise ValidationError("Another page has this address.") from error
    page.__dict__.pop("_prefetched_objects_cache", None)


def _cleaned(page: Prompt, field: str, text: str) -> Any:
    """By a form of this field alone. Raises ValidationError."""
    single: Any = forms.modelform_factory(Prompt, form=PromptForm, fields=[field])
    form = single({field: text}, instance=Prompt.objects.get(pk=page.pk))
    if form.is_valid():
        return form.cleaned_data[field]
    raise ValidationError([message for messages in form.errors.values() for message in messages])


def by_person(page: Prompt, by: Any) -> list[str]:
    """Note on a page, before it is saved, that this person edits it, or with None a text model: an
    approval by somebody else is over. The fields that this changes.
    """
    page.edited_by, page.edited_at = by, database_now()
    if by is None or page.reviewed_by_id != by.pk:
        page.reviewed_by = page.reviewed_at = None
    return ["edited_by", "edited_at", "reviewed_by", "reviewed_at", "updated"]
