"""The steps of a page that take time, in threads: no ORM here.

``pages`` claims them and saves what they come to.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from bulk_admin import codes
from bulk_admin.codes import Code, Reach
from bulk_admin.conf import conf, page_adapter
from bulk_admin.failpoints import reach
from bulk_admin.models import Billed as BilledState
from bulk_admin.models import CallState
from bulk_admin.services.image_providers.errors import Billed
from bulk_admin.services.ledger.outcome import Outcome, handed_back
from bulk_admin.services.ledger.permits import Permit, boottime
from bulk_admin.services.page_adapter import (
    PageDraft,
    PageNotCreated,
    PageSource,
    sites_code,
)
from bulk_admin.services.storage import private
from bulk_admin.services.storage.pictures import Unreadable
from bulk_admin.services.writing import content as ai_content
from bulk_admin.services.writing import moderation as nsfw_moderation
from bulk_admin.services.writing.content import Content
from bulk_admin.services.writing.errors import OpenAIAccess, ServiceError
from bulk_admin.services.writing.moderation import Verdict
from bulk_admin.storages import StorageUnavailable

logger = logging.getLogger(__name__)


def _service_error(error: Exception, image_id: int, *, billed: Billed = "no") -> ServiceError:
    """What went wrong, as the row tells it."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, PageNotCreated):
        return ServiceError(str(error), code=Code.PAGE_NOT_CREATED, billed="no")
    if isinstance(error, Unreadable):
        return ServiceError(str(error), code=Code.UNDECODABLE, billed="no")
    if isinstance(error, FileNotFoundError):
        return ServiceError(code=Code.NOT_STORED, billed="no")
    if isinstance(error, StorageUnavailable):
        reason = f"{Code.STORAGE_DOWN.about.sentence} {error}"
        return ServiceError(reason, code=Code.STORAGE_DOWN, billed="no")
    logger.error("page work of image %s broke", image_id, exc_info=error)
    return ServiceError(
        f"{type(error).__name__} while making the page.",
        code=Code.BROKEN,
        billed=billed,
    )


@dataclass(eq=False)
class PageWork:
    """One image on its way to a page, as far as it goes without buying anything.

    Check, then text by rule if there is no key, then the files. With a key it stops before the
    text.
    """

    image_id: int
    job_id: UUID
    owner_id: UUID
    source: PageSource
    picture_key: str
    content_type: str
    moderation: dict[str, Any]
    content: dict[str, Any]
    access: OpenAIAccess | None
    moderation_model: str
    skips_moderation: bool
    save: Callable[[PageWork], list[PageWork]]  # the works that are saved with it
    kind: ClassVar[str] = "page"
    started: float = field(default_factory=time.monotonic)
    draft: PageDraft | None = None  # once its files are stored
    stored: Any = None  # what the site needs to find them
    error: ServiceError | None = None
    has_ended: bool = False

    def run(self, done: Callable[[PageWork], None]) -> None:
        """Do the steps and hand over; never raises."""
        try:
            self._steps()
        except Exception as error:  # noqa: BLE001  # a page that breaks is one tile's failure, not the pump's
            self.error = _service_error(error, self.image_id)
        self.has_ended = True
        done(self)

    def _steps(self) -> None:
        if not self.moderation:
            self.moderation = self._check().to_json()
        if self.is_flagged:
            return
        if not self.content:
            content = self._free_text()
            if content is None:
                return
            self.content = content.to_json()
        self._make()
        reach("page_files_stored")

    @cached_property
    def _original(self) -> bytes:
        return private.get(self.picture_key)

    def _check(self) -> Verdict:
        with sites_code():
            verdict = page_adapter().moderate(self.source.prompt, self._original)
        if verdict is not None:
            return verdict
        if self.skips_moderation:
            return Verdict.skipped()
        if self.access is None:
            return Verdict.not_checked()
        return nsfw_moderation.check(
            self.access,
            self.moderation_model,
            self.source.prompt,
            self._original,
            self.content_type,
        )

    def _free_text(self) -> Content | None:
        """The site's own texts, or those by rule; None when a text is to be bought."""
        with sites_code():
            written = page_adapter().write(self.source.prompt, self._original)
        if written is not None or (self.access is not None and page_adapter().can_write_texts):
            return written
        return Content.from_prompt(self.source.prompt)

    def _make(self) -> None:
        with sites_code():
            draft = PageDraft(
                **vars(self.source),
                content=page_adapter().clean(Content.from_json(self.content)),
                verdict=self.verdict,
                original=self._original,
            )
            self.stored = page_adapter().store(draft)
        self.draft = draft

    @property
    def verdict(self) -> Verdict:
        return Verdict.from_json(self.moderation)

    @property
    def is_flagged(self) -> bool:
        return bool(self.moderation) and self.verdict.status == "flagged"

    def book(self) -> list[PageWork]:
        return self.save(self)

    def is_late(self, now: float) -> bool:
        return not self.has_ended and now - self.started > float(conf.CALL_DEADLINE)

    def give_up(self) -> list[PageWork]:
        self.draft, self.has_ended = None, True
        self.error = ServiceError(code=Code.TIMEOUT, billed="no")
        return self.save(self)


@dataclass(eq=False)
class TextWork:
    """One paid call for a page's title, description, tags and alt text."""

    permit: Permit
    picture_key: str
    access: OpenAIAccess | None
    style_note: str
    save: Callable[[TextWork], None]
    kind: ClassVar[str] = "text"
    started: float = field(default_factory=time.monotonic)
    was_sent: bool = False
    written: ai_content.Written | None = None
    error: ServiceError | None = None

    def run(self, done: Callable[[TextWork], None]) -> None:
        """Make the call and hand over; never raises."""
        try:
            self._call()
        except Exception as error:  # noqa: BLE001  # it may have left: its money must be booked
            self.error = _service_error(
                error, self.permit.image_id, billed="unknown" if self.was_sent else "no"
            )
        done(self)

    def _call(self) -> None:
        if self.access is None:  # it has gone since the permit was given
            raise ServiceError("There is no key for page texts.", code=Code.BAD_KEY, billed="no")
        picture = private.get(self.picture_key)
        if boottime() - self.permit.stamp > conf.PERMIT_AGE:
            raise ServiceError("The permit was too old to send.", code=Code.NOT_SENT, billed="no")
        self.was_sent = True
        self.written = ai_content.write(
            self.access,
            self.permit.model,
            self.permit.prompt,
            picture,
            self.style_note,
            client_request_id=str(self.permit.call_id),
        )
        reach("text_after_reply")
        self.error = None  # it may have been given up in the meantime

    @property
    def content(self) -> dict[str, Any]:
        return self.written.content.to_json() if self.written else {}

    def book(self) -> list[TextWork]:
        self.save(self)
        return [self]

    def is_late(self, now: float) -> bool:
        return now - self.started > float(conf.CALL_DEADLINE)

    def give_up(self) -> list[TextWork]:
        self.error = ServiceError("No answer in time.", code=Code.UNKNOWN, billed="unknown")
        return self.book()

    def ledger_outcome(self) -> Outcome:
        if self.written is not None:
            return Outcome(
                state=CallState.DELIVERED,
                billed=BilledState.YES,
                usage=self.written.usage,
                http_status=self.written.http_status,
                request_id=self.written.request_id,
            )
        error = self.error
        if error is None:
            return handed_back("Nothing was sent.")
        state = {"yes": CallState.DELIVERED, "no": CallState.REFUSED, "unknown": CallState.UNKNOWN}[
            error.billed
        ]
        return Outcome(
            state=state,
            billed=BilledState(error.billed),
            usage=error.usage or {},
            http_status=error.http_status,
            request_id=error.request_id or "",
            error_code=error.code,
            message=str(error),
            stops=Reach.ACCOUNT if error.code in codes.ACCOUNT_FAULTS else Reach.IMAGE,
            cooldown=error.retry_after or 5.0
            if error.code in (Code.RATE_LIMITED, Code.OVERLOADED)
            else None,
        )
