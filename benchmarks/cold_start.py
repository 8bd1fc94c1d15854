"""What the slow start costs: a model that has brought nothing for a day, beside one that has.

python -m benchmarks.cold_start --pictures 50 --latency 10
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

from benchmarks import site
from benchmarks.pace import within
from benchmarks.provider import provider
from benchmarks.report import head, tell
from benchmarks.rows import account_at, begin, forget_everything, queue_pictures
from benchmarks.workers import worker
from bulk_admin.conf import conf
from bulk_admin.models import CallState, ProviderCall
from bulk_admin.tests.support import processes


@dataclass(frozen=True)
class Start:
    """``at_once``: calls that the provider had before it answered the first one."""

    at_once: int
    seconds: float


def start(pictures: int, latency: float, *, is_cold: bool) -> Start:
    with provider(latency=latency) as server:
        account = account_at(server.base_url, is_cold=is_cold)
        with worker(env={"BULK_MAX_IN_FLIGHT": "300"}):
            queue_pictures(account, pictures)
            before = _delivered()
            began = time.time()
            begin()
            processes.wait_until(
                lambda: _delivered() - before == pictures,
                seconds=3 * latency + 60,
                what="all pictures are stored",
            )
            seconds = time.time() - began
        at_once = within(server.arrivals(), latency)
    forget_everything()
    return Start(at_once, seconds)


def _delivered() -> int:
    return ProviderCall.objects.filter(state=CallState.DELIVERED).count()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--latency", type=float, default=10.0, help="seconds of an answer")
    parser.add_argument("--database", choices=site.DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="few pictures, fast answers")
    given = parser.parse_args()
    pictures, latency = (8, 1.0) if given.quick else (given.pictures, given.latency)
    cold = start(pictures, latency, is_cold=True)
    warm = start(pictures, latency, is_cold=False)
    run = f"{pictures} pictures, {latency:g} s latency, {site.DATABASE}"
    head()
    tell(
        "Cold start: calls before the first answer",
        run,
        f"{cold.at_once}",
        f"bound {conf.SLOW_START}, after a first picture {warm.at_once}",
    )
    tell(
        "Cold start: until all are stored",
        run,
        f"{cold.seconds:.1f} s",
        f"after a first picture {warm.seconds:.1f} s",
        f"{cold.seconds / warm.seconds:.2f} times",
    )


if __name__ == "__main__":
    main()
