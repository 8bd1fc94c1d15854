"""A small job that starts behind a large one on the same account: in which order permits are given.

python -m benchmarks.fairness --large 500 --small 5
"""

from __future__ import annotations

import argparse

from benchmarks import site
from benchmarks.report import head, tell
from benchmarks.rows import account_at, queue_pictures
from bulk_admin.services.ledger.opening import open_call
from bulk_admin.services.ledger.permits import Permit
from bulk_admin.testing.factories import make_worker

BEFORE = 20


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--large", type=int, default=500)
    parser.add_argument("--small", type=int, default=5)
    parser.add_argument("--database", choices=site.DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="the same: it takes a second")
    given = parser.parse_args()
    account = account_at("http://127.0.0.1:9/v1", max_in_flight=given.large)
    pool, worker = account.pools.get(kind="image").pk, make_worker().pk

    def permits(count: int) -> list[object]:
        answers = [open_call(pool, worker) for _ in range(count)]
        return [answer.job_id for answer in answers if isinstance(answer, Permit)]

    queue_pictures(account, given.large)
    permits(BEFORE)
    (small,) = queue_pictures(account, given.small)
    order = "".join("S" if job_id == small.pk else "b" for job_id in permits(4 * given.small))
    last = order.rindex("S") + 1
    first_come = given.large - BEFORE + given.small
    run = f"{given.small} behind {given.large}, {site.DATABASE}"
    head()
    tell("Permits from the small job's start on (S small, b large)", run, order)
    tell(
        "The small job's last permit",
        run,
        f"number {last}",
        f"first come, first served: {first_come}",
        f"{first_come / last:.0f} times sooner",
    )


if __name__ == "__main__":
    main()
