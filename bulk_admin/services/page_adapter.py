"""The seam between the generator and the site whose pages it makes.

A site writes one subclass of PageAdapter and names it: ``BULK = {"PAGES": "shop.bulk.ShopPages"}``.
``bulk_admin.adapter`` shows what a site imports of this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeVar

from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Model
from django.urls import NoReverseMatch

from bulk_admin.addresses import admin_url
from bulk_admin.conf import conf, page_adapter
from bulk_admin.services.database import is_broken_off
from bulk_admin.services.facts import Fact
from bulk_admin.services.same_text import by_text
from bulk_admin.services.storage import pictures
from bulk_admin.services.storage.metadata import for_everybody
from bulk_admin.services.storage.pictures import Unreadable
from bulk_admin.services.writing.content import Content
from bulk_admin.services.writing.errors import ServiceError
from bulk_admin.services.writing.moderation import Verdict
from bulk_admin.storages import StorageUnavailable
from bulk_admin.text import clean_text

logger = logging.getLogger(__name__)
T = TypeVar("T")


class PageNotCreated(Exception):
    """The page would not be whole; nothing of it is saved. The tile shows the message."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture as readers get it: without its metadata, with its real type and size."""

    content: bytes = field(repr=False)
    content_type: str
    extension: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class PageSource:
    """What a page is made of, as far as it is known before the texts.

    ``source_ref`` never changes, and no other picture has it. ``options``: the values of the
    adapter's ``options()`` as JSON; of a model's instance its key. ``generator`` and ``model``: the
    image model's name as readers know it, and its id. ``person_id``: who asked for the page.
    """

    source_ref: str
    prompt: str
    options: Mapping[str, Any] = field(default_factory=dict)
    generator: str = ""
    model: str = ""
    is_placeholder: bool = False
    person_id: int | None = None
    job_ref: str = ""
    job_name: str = ""


@dataclass(frozen=True, kw_only=True)
class PageDraft(PageSource):
    """All that a page is made of. ``verdict`` is never "flagged": such a picture gets no page."""

    content: Content
    verdict: Verdict
    original: bytes = field(repr=False)

    @cached_property
    def picture(self) -> Rendition:
        """The picture in full size. Raises Unreadable."""
        with pictures.PILLOW:
            opened = pictures.opened(self.original, pictures.LOOK_SIDE)
        extension = pictures.EXTENSIONS[opened.format]
        content = for_everybody(self.original)
        return Rendition(content, opened.content_type, extension, opened.width, opened.height)

    def webp(self, *sides: int) -> list[Rendition]:
        """Copies of at most these sides in pixels, smallest first; never larger than the original.

        Raises Unreadable.
        """
        with pictures.PILLOW:
            picture = pictures.opened(self.original, max(sides)).picture
            made = [_webp(picture, side) for side in sorted(sides, reverse=True)]
        return made[::-1]


def _webp(picture: Any, side: int) -> Rendition:
    content = pictures.webp(picture, side)  # which scales the picture itself
    return Rendition(content, "image/webp", "webp", *picture.size)


@dataclass(frozen=True, slots=True)
class PageInfo:
    title: str
    status: str = ""
    url: str = ""
    is_published: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """Where staff read a job's drafts, and how many wait there."""

    url: str
    drafts: int


GONE = PageInfo("This page is gone", "deleted")


class _HasKey(Protocol):
    @property
    def pk(self) -> Any: ...


class PageAdapter:
    """What the generator asks of the site. A site must write ``create``; the rest has defaults.

    ``store``, ``moderate``, ``write`` and ``clean`` are called in threads and may be repeated.
    Whatever they raise fails that page alone, with the words of the exception; StorageUnavailable
    is tried again later.
    """

    model: ClassVar[str] = ""  # "app_label.ModelName"; "": the pages are outside the ORM
    prompt_field: ClassVar[str] = ""  # of the model: lets the review sheet say "already a page"
    can_write_texts: ClassVar[bool] = True  # False: titles come by rule, and no text is bought

    # --- making a page --------------------------------------------------------------------------

    def store(self, draft: PageDraft) -> Any:
        """Put the page's files where the site keeps them; ``create`` is given what it returns."""
        return None

    def create(self, draft: PageDraft, stored: Any) -> _HasKey:
        """A draft page, in the transaction that also links the picture to it.

        The same ``source_ref`` again returns the page that is there. Raises PageNotCreated.
        """
        raise NotImplementedError

    def moderate(self, prompt: str, picture: bytes) -> Verdict | None:
        """The site's own verdict; None leaves it to the generator's moderation."""
        return None

    def write(self, prompt: str, picture: bytes) -> Content | None:
        """The site's own texts; None leaves them to the generator."""
        return None

    def clean(self, content: Content) -> Content:
        """Texts by the site's own rules, whoever wrote them."""
        return content

    def style_note(self) -> str:
        """What the text model is told about the site's style."""
        return conf.STYLE_NOTE

    def rewritten(self, page_id: str, content: Content, by: Any) -> None:
        """Give a page the text that ``by`` asked for (None: that person is deleted), in a
        transaction. A site that does not write this is offered no new texts.
        """
        raise NotImplementedError

    # --- a job's pages --------------------------------------------------------------------------

    def options(self) -> dict[str, forms.Field]:
        """What staff choose on the New job form for all pages of a job."""
        return {}

    def pages_of_prompts(self, prompts: Iterable[str]) -> dict[str, Any]:
        """Which of these prompts have a page: the prompt in lower case with single spaces -> the
        page's key.
        """
        if not self.prompt_field:
            return {}
        rows = self.page_model._default_manager.all()
        return by_text(rows, prompts, "pk", self.prompt_field)

    # --- pages that are there -------------------------------------------------------------------

    def describe(self, ids: Iterable[Any]) -> dict[str, PageInfo]:
        """Title, status and address of pages, by their keys as text; those that are gone are left
        out. One query.
        """
        wanted = [each for each in ids if self.model and self._may_be_key(each)]
        if not wanted:
            return {}
        found = self.page_model._base_manager.filter(pk__in=wanted)
        return {
            str(page.pk): PageInfo(str(page), str(getattr(page, "status", "")), self.url(page.pk))
            for page in found
        }

    def _may_be_key(self, page_id: Any) -> bool:
        """Pages that were made for another model had keys of another kind."""
        try:
            return self.page_model._meta.pk.to_python(page_id) is not None
        except ValidationError:
            return False

    def url(self, page_id: Any) -> str:
        """Where staff edit it; "" when the site's admin does not show pages."""
        if not self.model:
            return ""
        meta = self.page_model._meta
        try:
            return admin_url(f"{meta.app_label}_{meta.model_name}_change", page_id)
        except NoReverseMatch:
            return ""

    def health(self) -> list[Fact]:
        """What the health page says of the site's pages: what waits, what failed. Few queries."""
        return []

    def publish(self, ids: Iterable[str], by: Any, per_day: int | None = None) -> dict[str, str]:
        """Show pages to readers, at once or so many a day; for each "" or why not.

        ``by`` pressed, and has a name in the site's own history. A page that is out stays out.
        """
        return dict.fromkeys(ids, "This site publishes its pages elsewhere.")

    def unpublish(self, ids: Iterable[str], by: Any) -> dict[str, str]:
        """Take pages back; for each "" or why not."""
        return dict.fromkeys(ids, "This site takes its pages back elsewhere.")

    def review(self, job_ref: str, by: Any) -> Review | None:
        """Where ``by`` reads the drafts of a job (``PageDraft.job_ref``); None: nowhere. One query,
        as the job's page asks with every answer.
        """
        return None

    @property
    def page_model(self) -> type[Model]:
        """Raises LookupError."""
        return apps.get_model(self.model)


# --- what the site's code may get wrong -----------------------------------------------------------


@contextmanager
def sites_code() -> Iterator[None]:
    """Around a call of the adapter that makes a page: whatever it raises becomes PageNotCreated
    with its words, but for what may work when it is repeated.
    """
    try:
        yield
    except (PageNotCreated, ServiceError, StorageUnavailable, Unreadable):
        raise
    except Exception as error:
        if is_broken_off(error):
            raise
        logger.exception("the page adapter failed")
        raise PageNotCreated(clean_text(str(error), 400) or type(error).__name__) from error


def made_page(draft: PageDraft, stored: Any) -> str:
    """The key, as text, of the page that the adapter makes or made before; in the caller's
    transaction, which must be rolled back when this raises PageNotCreated.
    """
    with sites_code():
        page = page_adapter().create(draft, stored)
        if page is None or page.pk is None:
            raise PageNotCreated("The site made no page.")
        return str(page.pk)


def rewritten_page(page_id: str, content: Content, by: Any) -> None:
    """Hand a new text to the site; in the caller's transaction, which must be rolled back when this
    raises PageNotCreated.
    """
    with sites_code():
        page_adapter().rewritten(page_id, page_adapter().clean(content), by)


def takes_new_texts() -> bool:
    adapter = page_adapter()
    return adapter.can_write_texts and type(adapter).rewritten is not PageAdapter.rewritten


def style_note() -> str:
    return _answer(_in_a_step(lambda: page_adapter().style_note()), "")


def pages_of_prompts(prompts: Iterable[str]) -> dict[str, Any]:
    return _answer(_in_a_step(lambda: page_adapter().pages_of_prompts(prompts)), {})


def describe(ids: Iterable[str]) -> dict[str, PageInfo]:
    return _answer(lambda: page_adapter().describe(ids), {})


def options() -> dict[str, forms.Field]:
    return _answer(lambda: page_adapter().options(), {})


def health() -> list[Fact]:
    return _answer(lambda: page_adapter().health(), [])


def review(job_ref: str, by: Any) -> Review | None:
    return _answer(lambda: page_adapter().review(job_ref, by), None)


def url(page_id: str) -> str:
    return _answer(lambda: page_adapter().url(page_id), "")


def unpublish(ids: Iterable[str], by: Any) -> dict[str, str]:
    """For each page "" or why it is still out; not in a transaction: the site may copy files."""
    wanted = list(ids)
    otherwise = dict.fromkeys(wanted, "The site could not take it back.")
    return _answer(lambda: page_adapter().unpublish(wanted, by), otherwise)


def _in_a_step(ask: Callable[[], T]) -> Callable[[], T]:
    """Asked inside a transaction of ours, which PostgreSQL gives up after the site's error unless
    a savepoint stands before it.
    """
    return transaction.atomic(ask) if connection.in_atomic_block else ask


def _answer(ask: Callable[[], T], otherwise: T) -> T:
    """What the site answers, or ``otherwise`` where its code breaks: a note that is missing stops
    no job and no page of ours. The log has the reason.
    """
    try:
        return ask()
    except Exception as error:
        if is_broken_off(error):
            raise
        logger.exception("the page adapter failed")
        return otherwise
