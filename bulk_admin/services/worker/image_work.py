"""One paid call, in a thread of its own: no ORM here. The coordinator books what comes of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings

from bulk_admin.codes import Code
from bulk_admin.failpoints import reach
from bulk_admin.models import Billed, CallState
from bulk_admin.services.image_providers import ImageProvider, ImageResult
from bulk_admin.services.image_providers.errors import ProviderError
from bulk_admin.services.ledger.outcome import Outcome, handed_back, outcome_of
from bulk_admin.services.ledger.permits import Permit, boottime
from bulk_admin.services.storage import storing
from bulk_admin.services.storage.storing import StoredPicture
from bulk_admin.storages import StorageUnavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RemoteId:
    """The provider's own name for a call under way: by it the picture can be collected after a
    crash.
    """

    permit: Permit
    remote_id: str


@dataclass(eq=False)
class ImageWork:
    """A call under way.

    The thread writes, the coordinator reads. ``answer`` loses its bytes once they are safe.
    """

    permit: Permit
    provider: ImageProvider
    started: float = field(default_factory=time.monotonic)
    send_delay: float = 0.0
    answer: ImageResult | None = None
    answered_at: float = 0.0
    outcome: Outcome | None = None

    @property
    def key(self) -> str:
        return storing.original_key(self.permit.job_id, self.permit.call_id)

    def run(self, done: Callable[[ImageWork | RemoteId], None]) -> None:
        """Make the call, keep what comes, and hand over the outcome; never raises."""
        try:
            self.outcome = self._call(lambda remote_id: done(RemoteId(self.permit, remote_id)))
        except Exception as error:  # whatever it was, the call left: its money must be booked
            logger.exception("call broke", extra=self.permit.ids)
            self.outcome = self._unknown(f"{type(error).__name__} while reading the answer.")
        done(self)

    def _call(self, tell_remote_id: Callable[[str], None]) -> Outcome:
        self.send_delay = boottime() - self.permit.stamp
        if self.send_delay > settings.BULK_PERMIT_AGE:
            return handed_back("The permit was too old to send.")
        reach("before_send")
        try:
            results = self._ask(tell_remote_id)
        except ProviderError as error:
            return outcome_of(error, send_delay=self.send_delay, seconds=self._seconds())
        self.answered_at = time.monotonic()  # before the answer: the coordinator looks at both
        self.answer = results.pop(0)  # nobody else may hold its bytes: they are let go below
        reach("after_reply")
        return self.delivered(self._store())

    def _ask(self, tell_remote_id: Callable[[str], None]) -> list[ImageResult]:
        permit = self.permit
        options = replace(
            permit.options, client_request_id=str(permit.call_id), on_remote_id=tell_remote_id
        )
        return self.provider.generate(permit.prompt, permit.size, permit.quality, options=options)

    def _store(self) -> StoredPicture:
        answer = self._answer()
        facts = facts_of(answer)
        try:
            storing.keep(self.key, answer.content, facts)
        except StorageUnavailable:
            logger.warning(
                "storage refused a picture: it goes to the outbox", extra=self.permit.ids
            )
            return storing.describe(self.key, answer.content, facts)
        aside = storing.put_aside(answer.content)
        self.answer = replace(answer, content=b"")
        del answer
        return storing.with_thumbnails(self.key, aside, facts)

    def _answer(self) -> ImageResult:
        if self.answer is None:
            raise ValueError("no answer has come")
        return self.answer

    def delivered(self, picture: StoredPicture) -> Outcome:
        answer = self._answer()
        return Outcome(
            state=CallState.DELIVERED,
            billed=Billed.YES,
            picture=picture,
            usage=answer.usage,
            http_status=answer.http_status,
            request_id=answer.request_id,
            revised_prompt=answer.revised_prompt,
            send_delay=self.send_delay,
            seconds=self._seconds(),
        )

    def into_outbox(self) -> Outcome | None:
        """For an answer that the storage does not take in time; None when its original is safe, and
        it waits for its thumbnails.
        """
        answer = self._answer()
        return (
            self.delivered(storing.describe(self.key, answer.content, facts_of(answer)))
            if answer.content
            else None
        )

    def out_of_time(self, seconds: float) -> Outcome:
        return self._unknown(f"No answer within {seconds:.0f} s.")

    def _unknown(self, detail: str) -> Outcome:
        return Outcome(
            state=CallState.UNKNOWN,
            billed=Billed.UNKNOWN,
            error_code=Code.UNKNOWN,
            message=f"{Code.UNKNOWN.about.sentence} {detail}",
            send_delay=self.send_delay,
            seconds=self._seconds(),
        )

    def _seconds(self) -> float:
        return round(time.monotonic() - self.started, 3)


def facts_of(answer: ImageResult) -> dict[str, Any]:
    """What the sidecar tells a rescue."""
    return {
        "usage": dict(answer.usage),
        "request_id": answer.request_id,
        "http_status": answer.http_status,
        "revised_prompt": answer.revised_prompt,
        "size": answer.size,
        "quality": answer.quality,
    }
