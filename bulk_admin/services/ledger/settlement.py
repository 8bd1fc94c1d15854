"""What settling a call moves on the books, and what it came to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from bulk_admin.models import CallState, ProviderCall
from bulk_admin.services.ledger.outcome import Outcome


class Settled(StrEnum):
    """What ``settle`` did."""

    DUPLICATE = "duplicate"  # nothing: the call had ended for good
    ALIVE = "alive"  # nothing: its owner beats, or has settled it
    COUNTED = "counted"  # only money: a page's text, or a picture whose row was deleted
    STALE = "stale"  # only money: the image has gone on to another attempt
    STILL_UNKNOWN = "still unknown"
    DELIVERED = "delivered"
    ADOPTED = "adopted"  # a late picture onto the tile that still waited for it
    NEW_VARIANT = "new variant"  # a late picture onto a tile of its own: it was bought again
    # No picture, and where that leaves the image:
    QUEUED = "queued"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """One call as it stood before, how it ended, and what it costs. Money is micro-dollars.

    ``cost`` None: the provider did not say, and the reserve is booked.
    """

    call: ProviderCall
    outcome: Outcome
    cost: int | None
    now: dt.datetime
    owner_died: bool = False  # how it ended says nothing about its provider

    @property
    def booked(self) -> int:
        return self.call.reserved if self.cost is None else self.cost

    @property
    def was_unknown(self) -> bool:
        return self.call.state == CallState.UNKNOWN

    @property
    def added(self) -> int:
        """What joins the spent: an unknown call's reserve was counted as spent already."""
        return self.booked - (self.call.reserved if self.was_unknown else 0)

    @property
    def released(self) -> int:
        """What is reserved no more."""
        return 0 if self.was_unknown else self.call.reserved
