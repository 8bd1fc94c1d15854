"""Several workers on one limit, each with a pump of its own as on a host of its own; and ten
accounts at once.

python -m benchmarks.sharing --workers 2 4 --limit 250 --minutes 3
"""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks import site
from benchmarks.pace import cycle, most_in_a_window, within
from benchmarks.provider import Running, provider
from benchmarks.report import head, note, percent, tell
from benchmarks.rows import account_at, begin, forget_everything, queue_pictures
from benchmarks.workers import worker


@dataclass(frozen=True)
class Share:
    workers: int
    accounts: int
    limit: int
    seconds: float
    window: float
    latency: float

    @property
    def name(self) -> str:
        accounts = (
            f"{self.accounts} accounts at {self.limit}"
            if self.accounts > 1
            else f"{self.limit} per minute"
        )
        return (
            f"{self.workers} workers, {accounts}, {self.latency:g} s latency, {self.seconds:g} s,"
            f" {site.DATABASE}"
        )

    @property
    def ideal(self) -> int:
        return round(self.limit * self.accounts * self.seconds / self.window)


def share(run: Share) -> None:
    note(run.name)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(provider(limit=run.limit, latency=run.latency, window=run.window))
            for _ in range(run.accounts)
        ]
        for server in servers:
            account = account_at(server.base_url, limit=run.limit, max_in_flight=max(run.limit, 8))
            queue_pictures(account, round(run.ideal / run.accounts) + 2 * run.limit)
        for number in range(1, run.workers + 1):
            stack.enter_context(worker(number, env={"BULK_WINDOW": str(run.window)}, waits=False))
        _run_until_over(run, servers)
        _tell(run, servers)
    forget_everything()


def _run_until_over(run: Share, servers: list[Running]) -> None:
    """Every worker rings when it starts; the time counts from the first call that arrives."""
    ends = time.time() + 60
    while not any(server.arrivals() for server in servers) and time.time() < ends:
        begin()
        time.sleep(0.5)
    first = min(arrivals[0] for server in servers if (arrivals := server.arrivals()))
    time.sleep(max(first + run.seconds + 1 - time.time(), 0))


def _tell(run: Share, servers: list[Running]) -> None:
    all_calls = [server.arrivals() for server in servers]
    sent = sum(within(calls, run.seconds) for calls in all_calls)
    steady = [gap for calls in all_calls if (gap := cycle(calls, run.limit))]
    worst = max(most_in_a_window(calls, run.window) for calls in all_calls)
    tell(
        "Calls at the provider", run.name, f"{sent}", f"ideal {run.ideal}", percent(sent, run.ideal)
    )
    if steady:
        slowest = max(steady)
        tell(
            f"From a call to the {run.limit}th after it, median",
            run.name,
            f"{slowest:.2f} s",
            f"window {run.window:g} s",
            percent(run.window, slowest),
        )
    tell(
        "Most calls in a window",
        run.name,
        f"{worst}",
        f"limit {run.limit}",
        f"429s: {sum(server.refused() for server in servers)}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="*", default=[2, 4])
    parser.add_argument(
        "--accounts",
        type=int,
        default=10,
        help="and one run with so many accounts at 60 per minute; 0: none",
    )
    parser.add_argument("--limit", type=int, default=250)
    parser.add_argument("--latency", type=float, default=5.0)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--database", choices=site.DATABASES, default="postgres")
    parser.add_argument(
        "--quick", action="store_true", help="seconds for minutes: shows that it runs, not how fast"
    )
    given = parser.parse_args()
    head()
    if given.quick:
        share(Share(workers=2, accounts=2, limit=10, seconds=4.0, window=2.0, latency=0.2))
        return
    seconds = given.minutes * 60
    for workers in given.workers:
        share(
            Share(
                workers=workers,
                accounts=1,
                limit=given.limit,
                seconds=seconds,
                window=60.0,
                latency=given.latency,
            )
        )
    if given.accounts:
        share(
            Share(
                workers=2,
                accounts=given.accounts,
                limit=60,
                seconds=seconds,
                window=60.0,
                latency=given.latency,
            )
        )


if __name__ == "__main__":
    main()
