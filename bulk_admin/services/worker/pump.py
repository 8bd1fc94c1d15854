"""The pump: one coordinator owns the database and asks for permits; plain threads make the calls.

The coordinator (this module, one thread) owns the database: a handful of connections serve hundreds
of calls in flight. Threads get what they need in a permit and hand their outcome back through a
queue; they touch no ORM. One more thread, with a connection of its own, rescues: it waits for the
storage, and a coordinator that waited there longer than its lease would be taken for dead.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError, connection, connections

from bulk_admin.codes import Code
from bulk_admin.conf import conf, pump_lock
from bulk_admin.credentials import KeyUnreadable
from bulk_admin.failpoints import reach
from bulk_admin.models import ACTIVE_JOBS, CallKind, Pool, Worker
from bulk_admin.services.ledger import holding
from bulk_admin.services.ledger.opening import open_call
from bulk_admin.services.ledger.pausing import pause_account
from bulk_admin.services.ledger.permits import Idle, Permit, Stop, Wait, Why
from bulk_admin.services.pages import steps, texts
from bulk_admin.services.queue.doorbell import TICK_EVERY, ring
from bulk_admin.services.worker import draining, held, lease, rescue
from bulk_admin.services.worker.clients import Clients
from bulk_admin.services.worker.host_lock import OpeningLock
from bulk_admin.services.worker.image_work import ImageWork
from bulk_admin.services.worker.work import Work

logger = logging.getLogger(__name__)
RESULTS_A_TURN = 20
PAGE_THREADS = 8
LONGEST_SLEEP = 1.0
FREED_BY_A_RESULT = (Why.IN_FLIGHT, Why.CAP_RESERVED, Why.SLOW_START)
STORAGE_PAUSE = 5.0


def run() -> None:
    """Be this host's opening pump until nothing is due, the slice is over or the process is asked
    to end.

    Returns at once when another pump of this host is opening calls: rows wait for it, not for us.
    """
    opening = OpeningLock(pump_lock())
    if not opening.take():
        return
    try:
        Pump(opening).run()
    finally:
        opening.release()


@dataclass
class Pump:
    opening: OpeningLock
    worker: Worker = field(init=False)
    results: queue.SimpleQueue[Work] = field(default_factory=queue.SimpleQueue)
    in_flight: dict[int, Work] = field(default_factory=dict)
    clients: Clients = field(default_factory=Clients)
    ask_again_at: dict[int, float] = field(default_factory=dict)
    full_pools: set[int] = field(default_factory=set)
    started: float = field(default_factory=time.monotonic)
    beat_at: float = 0.0
    rescued_at: float = 0.0
    rescuer: threading.Thread | None = None
    is_opening: bool = True
    broken_at: float = 0.0
    has_given_up: bool = False

    def run(self) -> None:
        self.worker = lease.register()
        logger.info("pump begins", extra=self._ids())
        try:
            while self._turn():
                pass
        finally:
            self._leave()

    def _turn(self) -> bool:
        """One round; False when there is nothing left to wait for.

        A broken database connection costs one round.
        """
        try:
            return self._round()
        except (OperationalError, InterfaceError):
            logger.exception("the database did not answer; the pump tries again")
            connection.close_if_unusable_or_obsolete()
            time.sleep(LONGEST_SLEEP)
            return not draining.is_asked() or draining.seconds_since_asked() < conf.GRACE
        except Exception:
            # A fault in one thing must not cut the calls that are in flight: they are paid for
            logger.exception(
                "the pump broke: it opens nothing more, and waits for what is in flight"
            )
            self.broken_at = self.broken_at or time.monotonic()
            self.is_opening = False
            self.opening.release()
            time.sleep(LONGEST_SLEEP)
            return (
                bool(self.in_flight) and time.monotonic() - self.broken_at < conf.SLOW_CALL_DEADLINE
            )

    def _round(self) -> bool:
        self._beat()
        self._rescue()
        self._book_results()
        self._give_up_what_is_late()
        self._check_slice()
        opened, wait = self._open() if self.is_opening else (0, LONGEST_SLEEP)
        if self._is_over(opened, wait):
            return False
        if not opened:
            self._sleep(wait)
        return True

    def _ids(self) -> dict[str, object]:
        return {"worker": str(self.worker.pk), "host": self.worker.host}

    # --- the life of a worker row ----------------------------------------------------------

    def _beat(self) -> None:
        if time.monotonic() - self.beat_at < conf.HEARTBEAT and self.beat_at:
            return
        lease.beat(self.worker, in_flight=len(self.in_flight), draining=not self.is_opening)
        self.beat_at = time.monotonic()
        self.clients.look_again()

    def _rescue(self, *, every: float | None = None) -> None:
        if draining.is_asked():
            return  # its end would wait for the storage; the next pump begins with a rescue
        if self._is_rescuing() or (
            self.rescued_at
            and time.monotonic() - self.rescued_at < (conf.RESCUE_EVERY if every is None else every)
        ):
            return
        self.rescued_at = time.monotonic()
        self.rescuer = threading.Thread(target=_rescue_apart, daemon=True)
        self.rescuer.start()

    def _is_rescuing(self) -> bool:
        return self.rescuer is not None and self.rescuer.is_alive()

    def _check_slice(self) -> None:
        """After its slice, or when asked to end: open nothing more, and let the next pump begin."""
        if not self.is_opening:
            return
        slice_over = time.monotonic() - self.started > conf.SLICE
        if not slice_over and not draining.is_asked():
            return
        self._stop_opening()

    def _stop_opening(self) -> None:
        self.is_opening = False
        lease.beat(self.worker, in_flight=len(self.in_flight), draining=True)
        self.opening.release()
        if rescue.work_is_waiting():
            ring()

    def _is_over(self, opened: int, wait: float | None) -> bool:
        if draining.is_asked() and draining.seconds_since_asked() > conf.GRACE:
            return True
        if self.in_flight or self._is_rescuing():
            return False
        if not self.is_opening:
            return True
        if opened or wait is not None:
            return False
        # Idle. A doorbell that came while the lock was held found it taken, so look once more
        # without it.
        self._stop_opening()
        return True

    def _leave(self) -> None:
        self.opening.release()
        logger.info(
            "pump ends",
            extra={
                **self._ids(),
                "in_flight": len(self.in_flight),
                "seconds": round(time.monotonic() - self.started, 1),
            },
        )
        if not self.has_given_up and not self.in_flight:
            # What was given up, or is in flight at a hurried end, still reads its answer through
            # its client.
            self.clients.close()
        lease.end(self.worker, in_flight=len(self.in_flight))

    # --- opening ---------------------------------------------------------------------------

    def _open(self) -> tuple[int, float | None]:
        """Open at most one call per pool, page work and looks at held calls; how many, and the
        seconds until it is worth asking again (None: idle).
        """
        opened, waits = 0, []
        for pool_id, account_id in _pools_with_work():
            pause = self.ask_again_at.get(pool_id, 0.0) - time.monotonic()
            if len(self.in_flight) >= conf.MAX_IN_FLIGHT:
                waits.append(LONGEST_SLEEP)
                break
            if pause > 0:
                waits.append(pause)
                continue
            if not self._is_ready(pool_id, account_id):
                continue
            match open_call(pool_id, self.worker.pk):
                case Permit() as permit:
                    reach("after_commit")
                    self._start(permit)
                    opened += 1
                case Wait(seconds=seconds, why=why):
                    self._ask_again(pool_id, seconds, waits)
                    if why in FREED_BY_A_RESULT:
                        self.full_pools.add(pool_id)
                case Stop(code=Code.STORAGE_DOWN):
                    self._rescue(every=STORAGE_PAUSE)
                    self._ask_again(pool_id, STORAGE_PAUSE, waits)
                case Stop(code=code, person_id=person_id):
                    logger.warning(
                        "pool stops",
                        extra={"pool": pool_id, "person": person_id, "reason": code},
                    )
                    texts.stop(pool_id, code, person_id)
                    if person_id is not None:
                        self._ask_again(pool_id, 0.0, waits)
                case Idle():
                    pass
        opened += self._open_pages(waits) + self._collect(waits)
        return opened, min(waits, default=None)

    def _is_ready(self, pool_id: int, account_id: int | None) -> bool:
        """Have the account's client before a permit is asked for.

        Making one takes a second in a new process: the first calls would reach the provider that
        much later than the ledger counts them, and the next minute's would come too early.
        """
        try:
            if account_id is not None:
                self.clients.of(account_id)
        except KeyUnreadable:
            pause_account(pool_id, Code.BAD_KEY)
            return False
        return True

    def _ask_again(self, pool_id: int, seconds: float, waits: list[float]) -> None:
        seconds = min(seconds, LONGEST_SLEEP)
        self.ask_again_at[pool_id] = time.monotonic() + seconds
        waits.append(seconds)

    def _open_pages(self, waits: list[float]) -> int:
        busy = self._busy("page")
        if busy >= PAGE_THREADS or not (busy or steps.work_is_waiting()):
            return 0
        try:
            access = texts.text_access()
        except KeyUnreadable:
            # Without a key pages are made unchecked and by rule; this is not that
            steps.fail_free_steps(Code.BAD_KEY, texts.UNREADABLE)
            return 0
        works, wait = steps.claim(self.worker.pk, PAGE_THREADS - busy, access)
        for work in works:
            self._run(work)
        if wait is not None:
            waits.append(min(wait, LONGEST_SLEEP))
        return len(works)

    def _start(self, permit: Permit) -> None:
        if permit.kind == CallKind.TEXT:
            self._run(texts.work_for(permit))
        else:
            client = self.clients.of(permit.account_id, sealed_key=permit.sealed_key)
            self._run(ImageWork(permit, client))

    def _collect(self, waits: list[float]) -> int:
        """Look at the held calls that are due, and stay for those due before the next tick."""
        busy, wait = self._busy("collect"), holding.seconds_to_next()
        if wait is None or busy >= held.THREADS:
            return 0
        works = held.claim(held.THREADS - busy, self.clients) if wait <= 0 else []
        for work in works:
            self._run(work)
        if wait <= TICK_EVERY.total_seconds():
            waits.append(max(wait, 0.05))
        return len(works)

    def _busy(self, kind: str) -> int:
        return sum(work.kind == kind for work in self.in_flight.values())

    def _run(self, work: Work) -> None:
        self.in_flight[id(work)] = work
        threading.Thread(target=work.run, args=(self.results.put,), daemon=True).start()

    # --- results ---------------------------------------------------------------------------

    def _sleep(self, seconds: float | None) -> None:
        """Until a result is booked, or for so long.

        One that waits to be booked together with others wakes nobody.
        """
        until = time.monotonic() + max(
            min(LONGEST_SLEEP if seconds is None else seconds, LONGEST_SLEEP), 0.005
        )
        while (rest := until - time.monotonic()) > 0:
            try:
                arrived = self.results.get(timeout=rest)
            except queue.Empty:
                return
            if self._book([arrived]):
                return

    def _book_results(self) -> None:
        arrived: list[Work] = []
        while len(arrived) < RESULTS_A_TURN:
            try:
                arrived.append(self.results.get_nowait())
            except queue.Empty:
                break
        self._book(arrived)

    def _book(self, works: list[Work]) -> bool:
        """Book results, those that the database did not take come again in the next round; whether
        any is over.
        """
        any_over = False
        try:
            for work in list(works):
                any_over |= self._end(work, work.book)
                works.remove(work)
        finally:
            for work in works:
                self.results.put(work)
        return any_over

    def _end(self, work: Work, step: Callable[[], Sequence[Work]]) -> bool:
        """Take a step that may end works under way; whether it ended any."""
        try:
            over = step()
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # Or it would keep the others from being booked, round after round
            logger.exception(
                "a result could not be booked: once this pump has ended, the rescue looks for it"
            )
            over = [work]
        for one in over:
            self.in_flight.pop(id(one), None)
        for pool_id in self.full_pools:
            self.ask_again_at.pop(pool_id, None)
        self.full_pools.clear()
        return bool(over)

    def _give_up_what_is_late(self) -> None:
        now = time.monotonic()
        for work in list(self.in_flight.values()):
            if work.is_late(now):
                self.has_given_up = True
                self._end(work, work.give_up)


def _rescue_apart() -> None:
    try:
        rescue.run()
    except (OperationalError, InterfaceError):
        logger.exception("the rescue was broken off; the next round goes on with it")
    finally:
        connections.close_all()


def _pools_with_work() -> list[tuple[int, int | None]]:
    """Pools that something is queued for, with the account of those for pictures, in an order that
    gives each its turn.
    """
    with_images = Pool.objects.filter(
        kind=CallKind.IMAGE, account__jobs__status__in=ACTIVE_JOBS, account__jobs__queued__gt=0
    ).distinct()
    return [
        *with_images.order_by("pk").values_list("pk", "account_id"),
        *((pool_id, None) for pool_id in texts.pools_with_work()),
    ]
