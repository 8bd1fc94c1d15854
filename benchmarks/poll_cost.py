"""What one poll of the job page costs the server: nothing new, five new tiles, and the page
beside it.

python -m benchmarks.poll_cost --tiles 100 1000 --database postgres
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from dataclasses import dataclass

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import site
from benchmarks.report import head, tell
from bulk_admin.models import BulkGenerationJob, ImageStatus, JobStatus
from bulk_admin.services.jobs import decisions
from bulk_admin.testing.factories import make_image, make_job, make_user, recount

NEW = 5


@dataclass(frozen=True)
class Cost:
    status: int
    queries: int
    milliseconds: float
    size: int

    def __str__(self) -> str:
        return f"{self.queries} queries, {self.milliseconds:.1f} ms, {self.size:,} bytes"


def cost(client: Client, url: str, times: int, **data: str) -> Cost:
    """The median of so many requests; queries of one more."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url, data)
    asked = len(queries)  # now: the next request empties Django's list
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        client.get(url, data)
        taken.append((time.perf_counter() - began) * 1000)
    return Cost(response.status_code, asked, statistics.median(taken), len(response.content))


def cursor(html: str) -> dict[str, str]:
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', html)[1] for name in ("seen", "digest")
    }


def running_job(tiles: int, *, stored: bool = False) -> BulkGenerationJob:
    """All its pictures are there but one, so that the page goes on polling."""
    done = {"image_status": ImageStatus.COMPLETED, "stored": stored}
    job = make_job(tiles - 1, JobStatus.PROCESSING, **done)
    make_image(job, ImageStatus.QUEUED, recounted=False)
    return recount(job)


def measure(client: Client, tiles: int, times: int) -> None:
    job = running_job(tiles)
    page, status = (
        job.get_absolute_url(),
        reverse("admin:bulk_admin_bulkgenerationjob_status", args=[job.pk]),
    )
    seen = cursor(client.get(page).content.decode())
    run = f"{tiles} tiles, {site.DATABASE}"
    whole = cost(client, page, max(times // 10, 2))
    idle = cost(client, status, times, **seen)
    decisions.decide(
        job.pk,
        list(job.images.filter(status=ImageStatus.COMPLETED).values_list("pk", flat=True)[:NEW]),
        keep=False,
        by=None,
    )
    new = cost(client, status, times, **seen)
    if (idle.status, new.status) != (204, 200):
        raise AssertionError((idle, new))
    tell("The page's first answer", run, str(whole))
    tell(
        "A poll, nothing new",
        run,
        str(idle),
        f"the page {whole.milliseconds:.1f} ms",
        f"{whole.milliseconds / idle.milliseconds:.0f} times cheaper",
    )
    tell(
        f"A poll, {NEW} new tiles",
        run,
        str(new),
        f"the page {whole.milliseconds:.1f} ms",
        f"{whole.milliseconds / new.milliseconds:.0f} times cheaper",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiles", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--database", choices=site.DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="few tiles, few times")
    given = parser.parse_args()
    if given.quick:
        given.tiles, given.times = [20], 5
    client = Client(SERVER_NAME="localhost")
    client.force_login(make_user("watcher", is_superuser=True))
    head()
    for tiles in given.tiles:
        measure(client, tiles, given.times)


if __name__ == "__main__":
    main()
