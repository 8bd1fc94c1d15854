"""One paid call, in a thread of its own: no ORM here. The coordinator books what comes of it."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from bulk_admin.codes import Code
from bulk_admin.conf import conf
from bulk_admin.failpoints import reach
from bulk_admin.models import Billed, CallState
from bulk_admin.services.image_providers import ImageProvider, ImageResult, Submitted
from bulk_admin.services.image_providers.errors import ProviderError
from bulk_admin.services.ledger.holding import hold
from bulk_admin.services.ledger.outcome import Outcome, handed_back, outcome_of
from bulk_admin.services.ledger.permits import Permit, boottime
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.storage import storing
from bulk_admin.services.storage.storing import StoredPicture
from bulk_admin.text import clean_text

logger = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class PictureWork(ABC):
    """A picture that a thread brings from the provider to safety.

    The thread writes, the coordinator reads. ``answer`` loses its bytes once they are safe.
    """

    started: float = field(default_factory=time.monotonic)
    send_delay: float = 0.0  # from the ledger's sent_at to the moment it left
    answer: ImageResult | None = None
    answered_at: float = 0.0
    outcome: Outcome | None = None

    @property
    @abstractmethod
    def key(self) -> str:
        """Where the bytes go."""

    @property
    @abstractmethod
    def ids(self) -> dict[str, object]:
        """For a log line."""

    def bring_to_safety(self, results: list[ImageResult]) -> Outcome:
        """Keep the answer's bytes, in the storage or for the outbox.

        ``results`` is emptied: nobody else may hold the bytes, which are let go as soon as they are
        safe.
        """
        self.answered_at = time.monotonic()  # before the answer: the coordinator looks at both
        self.answer = results.pop(0)
        reach("after_reply")
        return self._delivered(self._store())

    def _store(self) -> StoredPicture:
        answer = self._answer()
        facts = facts_of(answer)
        try:
            storing.keep(self.key, answer.content, facts)
        except Exception as error:  # noqa: BLE001  # whatever it was, the bytes are paid for
            reason = clean_text(str(error)) or type(error).__name__
            logger.warning(
                "storage refused a picture: it goes to the outbox",
                extra={**self.ids, "reason": reason},
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

    def _delivered(self, picture: StoredPicture) -> Outcome:
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
            seconds=self.seconds(),
        )

    def seconds(self) -> float:
        """Since it was sent."""
        return round(time.monotonic() - self.started, 3)

    def storage_is_late(self, now: float) -> bool:
        """Whether an answer is there that the storage does not take in time.

        Not when its original is safe, and it waits for its thumbnails.
        """
        return (
            self.answer is not None
            and bool(self.answer.content)
            and now - self.answered_at > conf.STORAGE_DEADLINE
        )

    def into_outbox(self) -> Outcome | None:
        """For an answer that the storage does not take in time; None when its original is safe."""
        answer = self._answer()
        return (
            self._delivered(storing.describe(self.key, answer.content, facts_of(answer)))
            if answer.content
            else None
        )


@dataclass(eq=False)
class ImageWork(PictureWork):
    """One permit's call: it brings the picture, or the id under which the provider holds it."""

    kind: ClassVar[str] = "image"
    permit: Permit
    provider: ImageProvider
    submitted: Submitted | None = field(default=None, kw_only=True)

    @property
    def key(self) -> str:
        return storing.original_key(self.permit.job_id, self.permit.call_id)

    @property
    def ids(self) -> dict[str, object]:
        return self.permit.ids

    def run(self, done: Callable[[ImageWork], None]) -> None:
        """Make the call, keep what comes, and hand over; never raises."""
        try:
            self._call()
        except Exception as error:  # whatever it was, the call left: its money must be booked
            logger.exception("call broke", extra=self.ids)
            self.outcome = self._unknown(f"{type(error).__name__} while reading the answer.")
        done(self)

    def _call(self) -> None:
        self.send_delay = boottime() - self.permit.stamp
        if self.send_delay > conf.PERMIT_AGE:
            self.outcome = handed_back("The permit was too old to send.")
            return
        reach("before_send")
        try:
            results = self._ask()
        except ProviderError as error:
            self.outcome = outcome_of(error, send_delay=self.send_delay, seconds=self.seconds())
        else:
            if isinstance(results, Submitted):
                self.submitted = results
            else:
                self.outcome = self.bring_to_safety(results)

    def _ask(self) -> list[ImageResult] | Submitted:
        permit = self.permit
        ask = self.provider.submit if self.provider.holds_calls else self.provider.generate
        options = replace(permit.options, client_request_id=str(permit.call_id))
        return ask(permit.prompt, permit.size, permit.quality, options=options)

    def book(self) -> list[ImageWork]:
        if self.submitted is not None:
            hold(self.permit.call_id, self.submitted, send_delay=self.send_delay)
        elif self.outcome is not None:
            reach("before_settle")
            settle(self.permit.call_id, self.outcome)
        return [self]

    def is_late(self, now: float) -> bool:
        if self.outcome is not None or self.submitted is not None:
            return False  # it is in the results already
        if self.answer is not None:
            return self.storage_is_late(now)
        return now - self.started > self._deadline()

    def give_up(self) -> list[ImageWork]:
        """Into the outbox, or unknown. ``outcome`` stays the thread's to write."""
        if self.answer is None:
            outcome: Outcome | None = self._unknown(f"No answer within {self._deadline():.0f} s.")
        else:
            outcome = self.into_outbox()
        if outcome is None:
            return []  # the original is safe: it waits for its thumbnails
        settle(self.permit.call_id, outcome)
        return [self]

    def _deadline(self) -> float:
        """A total deadline: a time-out per read does not stop a server that drips."""
        width, _, height = self.permit.size.partition("x")
        is_large = width.isdigit() and height.isdigit() and int(width) * int(height) >= 2_000_000
        is_slow = is_large or self.permit.quality in ("high", "xhigh", "max")
        return float(conf.SLOW_CALL_DEADLINE if is_slow else conf.CALL_DEADLINE)

    def _unknown(self, detail: str) -> Outcome:
        return unknown(detail, send_delay=self.send_delay, seconds=self.seconds())


def unknown(detail: str, *, send_delay: float = 0.0, seconds: float = 0.0) -> Outcome:
    """It left, and nothing usable came back."""
    return Outcome(
        state=CallState.UNKNOWN,
        billed=Billed.UNKNOWN,
        error_code=Code.UNKNOWN,
        message=f"{Code.UNKNOWN.about.sentence} {detail}",
        send_delay=send_delay,
        seconds=seconds,
    )


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


def outcome_of_stored(picture: StoredPicture) -> Outcome:
    """For bytes that are in the storage already: how their call ended, as the sidecar tells it."""
    facts: dict[str, Any] = dict(picture.metadata)
    return Outcome(
        state=CallState.DELIVERED,
        billed=Billed.YES,
        picture=picture,
        usage=facts.get("usage") or {},
        http_status=facts.get("http_status"),
        request_id=facts.get("request_id") or "",
        revised_prompt=facts.get("revised_prompt") or "",
    )
