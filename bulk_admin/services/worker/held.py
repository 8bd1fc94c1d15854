"""The collector: asks providers for the calls that they hold, and brings their pictures to safety.

Each look is short and in a thread of its own: nobody waits for the provider. What a dying collector
had claimed is due again in COLLECT_SECONDS.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from bulk_admin.conf import conf
from bulk_admin.models import CallState
from bulk_admin.services.image_providers import ImageProvider, NotYet
from bulk_admin.services.image_providers.errors import (
    OutcomeUnknown,
    Overloaded,
    PromptBlocked,
    PromptRejected,
    ProviderError,
)
from bulk_admin.services.ledger import holding
from bulk_admin.services.ledger.holding import DueCall
from bulk_admin.services.ledger.outcome import Outcome, outcome_of
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.storage import storing
from bulk_admin.services.worker.clients import Clients
from bulk_admin.services.worker.image_work import PictureWork, outcome_of_stored, unknown
from bulk_admin.storages import StorageUnavailable

logger = logging.getLogger(__name__)
THREADS = 16
LONGEST_PAUSE = 60.0
PATIENCE = 0.1  # of its age is waited: a picture comes at most so much later than it could
LATER = 60.0  # seconds until a call is asked for again that could not be asked for
# These tell how the call ended. Any other error is about the look, and must not settle the call:
# as "not billed" it would be bought a second time.
ENDS = (OutcomeUnknown, Overloaded, PromptBlocked, PromptRejected)


@dataclass(eq=False)
class CollectWork(PictureWork):
    """One look at a call that its provider holds. Without ``provider`` it cannot be asked."""

    kind: ClassVar[str] = "collect"
    due: DueCall
    provider: ImageProvider | None
    not_yet: NotYet | None = field(default=None, kw_only=True)

    @property
    def key(self) -> str:
        return storing.original_key(self.due.job_id, self.due.call_id)

    @property
    def ids(self) -> dict[str, object]:
        return self.due.ids

    def seconds(self) -> float:
        return round(self.due.age + super().seconds(), 3)

    def run(self, done: Callable[[CollectWork], None]) -> None:
        """Look, keep what is there, and hand over; never raises."""
        try:
            self._take(self._look())
        except StorageUnavailable:
            self.not_yet = NotYet(LATER)
        except Exception as error:
            logger.exception("a held call could not be collected", extra=self.ids)
            self._take(NotYet(LATER, f"{type(error).__name__} while reading the answer."))
        done(self)

    def _look(self) -> Outcome | NotYet:
        if self.provider is None:
            return NotYet(LATER, "Its account is gone, or the account's key cannot be read.")
        try:
            answer = self.provider.collect(self.due.remote_id)
        except ENDS as error:
            return outcome_of(error, seconds=self.seconds())
        except ProviderError as error:
            return NotYet(LATER, error.message)
        return answer if isinstance(answer, NotYet) else self.bring_to_safety(answer)

    def _take(self, found: Outcome | NotYet) -> None:
        """Ask again later, or end it. Raises StorageUnavailable."""
        if isinstance(found, NotYet):
            if not self.due.is_last:
                self.not_yet = found
                return
            found = self._out_of_time(found.why)
        if found.state == CallState.UNKNOWN and (picture := storing.find(self.key)):
            # An earlier collector died after it had stored the picture.
            found = outcome_of_stored(picture)
        self.outcome = found

    def _out_of_time(self, why: str) -> Outcome:
        detail = why or "The provider did not finish it in the time that it takes at most."
        return unknown(detail, seconds=self.seconds())

    def book(self) -> list[CollectWork]:
        if self.outcome is not None:
            settle(self.due.call_id, self.outcome)
        elif self.not_yet is not None:
            holding.put_off(self.due, self._pause(self.not_yet))
        return [self]

    def _pause(self, not_yet: NotYet) -> float:
        """The provider's pace, and slower for a call that takes long: a hundred are asked for by
        one coordinator.
        """
        return max(not_yet.seconds, min(self.seconds() * PATIENCE, LONGEST_PAUSE))

    def is_late(self, now: float) -> bool:
        if self.outcome is not None or self.not_yet is not None:
            return False  # it is in the results already
        if self.answer is not None:
            return self.storage_is_late(now)
        return now - self.started > float(conf.COLLECT_SECONDS)

    def give_up(self) -> list[CollectWork]:
        """Into the outbox, or left to the next look: there is one unless this was the last."""
        if self.answer is not None:
            if (outcome := self.into_outbox()) is None:
                return []
            settle(self.due.call_id, outcome)
        elif self.due.is_last:
            settle(self.due.call_id, self._out_of_time(""))
        return [self]


def claim(most: int, clients: Clients) -> list[CollectWork]:
    """Looks at the held calls that are due, for this worker alone to make."""
    return [CollectWork(due, clients.find(due.account_id)) for due in holding.claim_due(most)]
