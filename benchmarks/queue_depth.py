"""What a permit and its settling cost with a few or with very many pictures queued.

python -m benchmarks.queue_depth --queued 10000 100000 --jobs 200 --database postgres
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from django.db import connection
from django.utils import timezone

from benchmarks import site
from benchmarks.report import head, note, quantiles, tell
from benchmarks.rows import AT_ONCE, account_at, forget_everything, queue_pictures
from bulk_admin.models import Billed, CallState, ProviderAccount, ProviderCall
from bulk_admin.services.ledger.opening import open_call
from bulk_admin.services.ledger.outcome import Outcome
from bulk_admin.services.ledger.permits import Permit
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.storage.storing import StoredPicture
from bulk_admin.testing.factories import make_worker

IN_FLIGHT = 20
T = TypeVar("T")


def delivered(permit: Permit) -> Outcome:
    key = f"originals/{permit.job_id}/{permit.call_id}"
    picture = StoredPicture(
        key=key,
        sha256="0" * 64,
        length=1_300_000,
        content_type="image/png",
        width=1024,
        height=1024,
    )
    usage = {"input_tokens": 20, "output_tokens": 600, "total_tokens": 620}
    return Outcome(
        state=CallState.DELIVERED,
        billed=Billed.YES,
        picture=picture,
        usage=usage,
        http_status=200,
        seconds=30.0,
    )


def old_calls(account: ProviderAccount, count: int) -> None:
    """A history of the account: rows that the pace must not have to read."""
    pool = account.pools.get(kind="image")
    ended = timezone.now() - dt.timedelta(days=1)
    about = {
        "kind": "image",
        "account": account,
        "pool": pool,
        "state": CallState.DELIVERED,
        "billed": Billed.YES,
        "day": ended.date(),
        "attempt": 1,
    }
    for start in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - start)
        ProviderCall.objects.bulk_create(
            ProviderCall(
                job_ref=uuid.uuid4(),
                sent_at=ended - dt.timedelta(seconds=start + n),
                finished_at=ended,
                reserved=10_000,
                actual=10_000,
                **about,
            )
            for n in range(size)
        )


def timed(step: Callable[[], T], times: list[float]) -> T:
    began = time.perf_counter()
    answer = step()
    times.append((time.perf_counter() - began) * 1000)
    return answer


def pairs(pool: int, count: int) -> tuple[list[float], list[float]]:
    """So many permits, each settled when twenty others are under way; milliseconds of both."""
    worker = make_worker().pk
    opens: list[float] = []
    settles: list[float] = []
    under_way: deque[Permit] = deque()
    for _ in range(count):
        answer = timed(lambda: open_call(pool, worker), opens)
        if not isinstance(answer, Permit):
            raise TypeError(f"a permit was due, not {answer}")
        under_way.append(answer)
        if len(under_way) > IN_FLIGHT:
            first = under_way.popleft()
            timed(lambda permit=first: settle(permit.call_id, delivered(permit)), settles)
    return opens, settles


def measure(queued: int, jobs: int, history: int, count: int) -> float:
    """The median milliseconds of a pair; prints its row."""
    # Above what is opened here, so nothing waits; far above, and each permit would count its way
    # through the history.
    account = account_at("http://127.0.0.1:9/v1", limit=2 * count)
    note(f"{queued} pictures in {jobs} jobs, {history} old calls")
    queue_pictures(account, queued, jobs=jobs)
    old_calls(account, history)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    processor = time.process_time()
    opens, settles = pairs(account.pools.get(kind="image").pk, count)
    processor = (time.process_time() - processor) * 1000 / count
    (open_mid, open_high), (settle_mid, settle_high) = quantiles(opens), quantiles(settles)
    run = f"{queued:,} queued in {jobs} jobs, {site.DATABASE}"
    tell("A permit, p50 / p95", run, f"{open_mid:.1f} / {open_high:.1f} ms")
    tell("Its settling, p50 / p95", run, f"{settle_mid:.1f} / {settle_high:.1f} ms")
    tell("The coordinator's own processor time for both", run, f"{processor:.1f} ms")
    forget_everything()
    return open_mid + settle_mid


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--queued", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--history", type=int, default=100_000, help="calls of the day before")
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--database", choices=site.DATABASES, default="sqlite")
    parser.add_argument(
        "--quick", action="store_true", help="a few hundred rows: shows that it runs, not how fast"
    )
    given = parser.parse_args()
    head()
    if given.quick:
        given.queued, given.jobs, given.history, given.pairs = [200, 400], 20, 500, 40
    costs = {
        queued: measure(queued, given.jobs, given.history, given.pairs) for queued in given.queued
    }
    few, many = min(costs), max(costs)
    tell(
        "Both, p50",
        f"{many:,} queued, {site.DATABASE}",
        f"{costs[many]:.1f} ms",
        f"{few:,} queued: {costs[few]:.1f} ms",
        f"{costs[many] / costs[few]:.2f} times",
    )
    tell(
        "Pictures per minute that one coordinator could book",
        f"{many:,} queued, {site.DATABASE}",
        f"{60_000 / costs[many]:,.0f}",
        "tier 5: 250",
        f"{240 / costs[many]:.0f} times",
    )


if __name__ == "__main__":
    main()
