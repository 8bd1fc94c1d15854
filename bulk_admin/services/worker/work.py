"""What the pump runs in a thread and books when it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol


class Work(Protocol):
    """One thing under way.

    ``run`` is called in a thread of its own and touches no ORM; the rest is called by the
    coordinator, which owns the database.
    """

    kind: ClassVar[str]

    def run(self, done: Callable[[Work], None]) -> None:
        """Do it, and hand it over with what came of it; never raises."""

    def book(self) -> Sequence[Work]:
        """Write down what came of it; the works that are over with it.

        None at all when it waits to be booked together with others. Safe to call again.
        """

    def is_late(self, now: float) -> bool:
        """Whether nobody should wait for it any longer; ``now`` is ``time.monotonic()``."""

    def give_up(self) -> Sequence[Work]:
        """Write down that it came to nothing in time; the works that are over with it.

        Its thread is left to itself: what it comes to after all is booked late.
        """
