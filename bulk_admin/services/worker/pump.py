"""The pump: one coordinator owns the database and asks for permits; plain threads make the calls.

The coordinator (this module, one thread) owns the database: a handful of connections serve hundreds
of calls in flight. Threads get what they need in a permit and hand their outcome back through a
queue; they touch no ORM. One more thread, with a connection of its own, rescues: it waits for the
storage, and a coordinator that waited there longer than its lease would be taken for dead.
"""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections

from bulk_admin.codes import Code
from bulk_admin.credentials import KeyUnreadable
from bulk_admin.failpoints import reach
from bulk_admin.models import ACTIVE_JOBS, CallKind, Pool, ProviderAccount, Worker
from bulk_admin.services.accounts import credentials_of
from bulk_admin.services.database import Clock, database_now, whole_step
from bulk_admin.services.image_providers import ImageProvider, provider_class
from bulk_admin.services.ledger.opening import open_call
from bulk_admin.services.ledger.pausing import pause_account
from bulk_admin.services.ledger.permits import Idle, Permit, Stop, Wait, Why
from bulk_admin.services.ledger.settling import note_remote_id, settle
from bulk_admin.services.pages import steps, texts
from bulk_admin.services.pages.work import PageWork, TextWork
from bulk_admin.services.queue.doorbell import ring
from bulk_admin.services.worker import draining, rescue
from bulk_admin.services.worker.host_lock import OpeningLock
from bulk_admin.services.worker.image_work import ImageWork, RemoteId

logger = logging.getLogger(__name__)
Work = ImageWork | PageWork | TextWork
Result = Work | RemoteId

RESULTS_A_TURN = 20
PAGE_THREADS = 8
PAGES_A_TURN = 4  # saved together: one lock of their job for all
LONGEST_SLEEP = 1.0
FREED_BY_A_RESULT = (Why.IN_FLIGHT, Why.CAP_RESERVED)
STORAGE_PAUSE = 5.0
GONE = "1970-01-01T00:00:00Z"


def run() -> None:
    """Be this host's opening pump until nothing is due, the slice is over or the process is asked
    to end.

    Returns at once when another pump of this host is opening calls: rows wait for it, not for us.
    """
    opening = OpeningLock(Path(settings.BULK_PUMP_LOCK))
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
    results: queue.SimpleQueue[Result] = field(default_factory=queue.SimpleQueue)
    in_flight: dict[int, Work] = field(default_factory=dict)
    providers: dict[tuple[Any, ...], ImageProvider] = field(default_factory=dict)
    accounts: dict[int, ImageProvider] = field(default_factory=dict)
    done_pages: list[PageWork] = field(default_factory=list)
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
        self.worker = _register()
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
            return not draining.is_asked() or draining.seconds_since_asked() < settings.BULK_GRACE
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
                bool(self.in_flight)
                and time.monotonic() - self.broken_at < settings.BULK_SLOW_CALL_DEADLINE
            )

    def _round(self) -> bool:
        self._beat()
        self._rescue()
        self._book_results()
        self._give_up_late_calls()
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
        if time.monotonic() - self.beat_at < settings.BULK_HEARTBEAT and self.beat_at:
            return
        Worker.objects.filter(pk=self.worker.pk).update(
            beat_at=Clock(), in_flight=len(self.in_flight), draining=not self.is_opening
        )
        self.beat_at = time.monotonic()
        self.accounts.clear()  # a key or an address may have been changed

    def _rescue(self, *, every: float | None = None) -> None:
        if draining.is_asked():
            return  # its end would wait for the storage; the next pump begins with a rescue
        if self._is_rescuing() or (
            self.rescued_at
            and time.monotonic() - self.rescued_at
            < (settings.BULK_RESCUE_EVERY if every is None else every)
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
        slice_over = time.monotonic() - self.started > settings.BULK_SLICE
        if not slice_over and not draining.is_asked():
            return
        self._stop_opening()

    def _stop_opening(self) -> None:
        self.is_opening = False
        Worker.objects.filter(pk=self.worker.pk).update(draining=True)
        self.opening.release()
        if rescue.work_is_waiting():
            ring()

    def _is_over(self, opened: int, wait: float | None) -> bool:
        if draining.is_asked() and draining.seconds_since_asked() > settings.BULK_GRACE:
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
        """What is still in flight is a dead worker's from now on: the next rescue finds it at
        once.
        """
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
            for provider in self.providers.values():
                # What was given up, or is in flight at a hurried end, still reads its answer
                # through it
                provider.close()
        Worker.objects.filter(pk=self.worker.pk).update(
            beat_at=GONE, draining=True, in_flight=len(self.in_flight)
        )
        if not self.in_flight:
            Worker.objects.filter(pk=self.worker.pk).delete()

    # --- opening ---------------------------------------------------------------------------

    def _open(self) -> tuple[int, float | None]:
        """Open at most one call a pool, and page work; how many, and the seconds until it is worth
        asking again (None: idle).
        """
        opened, waits = 0, []
        for pool_id, account_id in _pools_with_work():
            pause = self.ask_again_at.get(pool_id, 0.0) - time.monotonic()
            if len(self.in_flight) >= settings.BULK_MAX_IN_FLIGHT:
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
                case Stop(code=code, job_id=job_id):
                    logger.warning(
                        "pool stops",
                        extra={"pool": pool_id, "job": str(job_id or ""), "reason": code},
                    )
                    texts.stop(pool_id, code, job_id)
                    if job_id is not None:
                        self._ask_again(pool_id, 0.0, waits)
                case Idle():
                    pass
        opened += self._open_pages(waits)
        return opened, min(waits, default=None)

    def _is_ready(self, pool_id: int, account_id: int | None) -> bool:
        """Have the account's client before a permit is asked for.

        Making one takes a second in a new process: the first calls would reach the provider that
        much later than the ledger counts them, and the next minute's would come too early.
        """
        try:
            if account_id is not None:
                self._provider(account_id)
        except KeyUnreadable:
            pause_account(pool_id, Code.BAD_KEY)
            return False
        return True

    def _ask_again(self, pool_id: int, seconds: float, waits: list[float]) -> None:
        seconds = min(seconds, LONGEST_SLEEP)
        self.ask_again_at[pool_id] = time.monotonic() + seconds
        waits.append(seconds)

    def _open_pages(self, waits: list[float]) -> int:
        busy = sum(isinstance(work, PageWork) for work in self.in_flight.values())
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
            self._run(ImageWork(permit, self._provider(permit.account_id)))

    def _provider(self, account_id: int) -> ImageProvider:
        if account_id not in self.accounts:
            account = ProviderAccount.objects.get(pk=account_id)
            credentials = credentials_of(account)
            known = (
                account.provider,
                credentials.api_key,
                credentials.base_url,
                str(credentials.options),
            )
            if known not in self.providers:
                self.providers[known] = provider_class(account.provider)(
                    credentials, timeout=settings.BULK_SLOW_CALL_DEADLINE
                )
            self.accounts[account_id] = self.providers[known]
        return self.accounts[account_id]

    def _run(self, work: Work) -> None:
        self.in_flight[id(work)] = work
        threading.Thread(target=work.run, args=(self.results.put,), daemon=True).start()

    # --- results ---------------------------------------------------------------------------

    def _sleep(self, seconds: float | None) -> None:
        """Until a result is booked, or for so long.

        Pages that wait to be saved together wake nobody.
        """
        until = time.monotonic() + max(
            min(LONGEST_SLEEP if seconds is None else seconds, LONGEST_SLEEP), 0.005
        )
        while (rest := until - time.monotonic()) > 0:
            try:
                arrived = self.results.get(timeout=rest)
            except queue.Empty:
                return
            self._book([arrived])
            if not isinstance(arrived, PageWork) or not self.done_pages:
                return

    def _book_results(self) -> None:
        arrived: list[Result] = []
        while len(arrived) < RESULTS_A_TURN:
            try:
                arrived.append(self.results.get_nowait())
            except queue.Empty:
                break
        self._book(arrived)

    def _book(self, works: list[Result]) -> None:
        """Book results; those that the database did not take come again in the next round."""
        try:
            for work in list(works):
                try:
                    self._book_one(work)
                except (OperationalError, InterfaceError):
                    raise
                except Exception:
                    # Or it would keep the others from being booked, round after round
                    logger.exception(
                        "a result could not be booked: once this pump has ended, the rescue looks"
                        " for it"
                    )
                    self.in_flight.pop(id(work), None)
                works.remove(work)
        finally:
            for work in works:
                self.results.put(work)
        self._save_pages()

    def _book_one(self, work: Result) -> None:
        if isinstance(work, PageWork):
            self._note_page(work)
        elif isinstance(work, RemoteId):
            note_remote_id(work.permit.call_id, work.permit.job_id, work.remote_id)
        else:
            self._book_call(work)

    def _note_page(self, work: PageWork) -> None:
        # Else it was given up before it was done.
        if id(work) in self.in_flight and work not in self.done_pages:
            self.done_pages.append(work)

    def _save_pages(self) -> None:
        in_work = sum(isinstance(work, PageWork) for work in self.in_flight.values())
        if not self.done_pages or len(self.done_pages) < min(PAGES_A_TURN, in_work):
            return
        steps.finish(self.done_pages)
        for page in self.done_pages:
            self.in_flight.pop(id(page), None)
        self.done_pages = []

    def _book_call(self, work: ImageWork | TextWork) -> None:
        if isinstance(work, TextWork):
            texts.finish(work)
        elif work.outcome is not None:
            reach("before_settle")
            settle(work.permit.call_id, work.outcome)
        self.in_flight.pop(id(work), None)
        for pool_id in self.full_pools:
            self.ask_again_at.pop(pool_id, None)
        self.full_pools.clear()

    def _give_up_late_calls(self) -> None:
        """A total deadline: a time-out a read does not stop a server that drips."""
        now = time.monotonic()
        for key, work in list(self.in_flight.items()):
            if isinstance(work, ImageWork):
                self._give_up_late_image(key, work, now)
            elif work not in self.done_pages and now - work.started > settings.BULK_CALL_DEADLINE:
                work.out_of_time()
                self._book([work])

    def _give_up_late_image(self, key: int, work: ImageWork, now: float) -> None:
        """Its thread is left to itself: if its answer comes after all, it is stored, and booked
        late.
        """
        if work.outcome is not None:
            return  # it is in the results already
        if work.answer is not None:
            if now - work.answered_at > settings.BULK_STORAGE_DEADLINE and (
                outcome := work.into_outbox()
            ):
                settle(work.permit.call_id, outcome)
                self.in_flight.pop(key)
        elif now - work.started > (deadline := _deadline(work.permit)):
            settle(work.permit.call_id, work.out_of_time(deadline))
            self.in_flight.pop(key)
            self.has_given_up = True


def _deadline(permit: Permit) -> float:
    width, _, height = permit.size.partition("x")
    is_large = width.isdigit() and height.isdigit() and int(width) * int(height) >= 2_000_000
    is_slow = is_large or permit.quality in ("high", "xhigh", "max")
    return float(settings.BULK_SLOW_CALL_DEADLINE if is_slow else settings.BULK_CALL_DEADLINE)


def _rescue_apart() -> None:
    try:
        rescue.run()
    except (OperationalError, InterfaceError):
        logger.exception("the rescue was broken off; the next round goes on with it")
    finally:
        connections.close_all()


@whole_step
def _register() -> Worker:
    return Worker.objects.create(
        host=socket.gethostname()[:120], pid=os.getpid(), beat_at=database_now()
    )


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
