"""Fifty kept pictures to fifty draft pages, with titles by rule: queries and seconds, against their
files alone.

python -m benchmarks.fifty_pages --pages 50 --database postgres
"""

from __future__ import annotations

import argparse
import time

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import site
from benchmarks.provider import photo
from benchmarks.report import head, tell
from bulk_admin.models import BulkGenerationJob
from bulk_admin.services.queue import page_queue
from bulk_admin.services.worker import pump
from bulk_admin.testing.factories import make_job
from prompts.models import Prompt
from prompts.services import publishing


def finished_job(count: int) -> BulkGenerationJob:
    texts = [
        f"A red fox number {n} crossing winter fields, watercolour painting with bright morning"
        " light"
        for n in range(1, count + 1)
    ]
    job = make_job(texts, "completed")
    for key in job.images.values_list("picture_key", flat=True):
        storages["private"].save(key, ContentFile(photo()))
    return job


def files_alone(count: int) -> float:
    """Seconds to make and store the files of so many pages, one after another, without a
    database.
    """
    began = time.perf_counter()
    for number in range(count):
        publishing.store_files(publishing.prepare_files(photo(), f"alone-{number}"))
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--database", choices=site.DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="three pages")
    given = parser.parse_args()
    count = 3 if given.quick else given.pages
    photo()
    alone = files_alone(count)
    job = finished_job(count)
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        page_queue.create_pages(job.pk, by=None)
        pump.run()
    seconds = time.perf_counter() - began
    made = Prompt.objects.count()
    if made != count:
        raise AssertionError(f"{made} pages of {count}")
    run = f"{count} pages, {site.DATABASE}, 1024x1024 PNG"
    head()
    tell(
        "Queries, the press and the pump's own questions too",
        run,
        f"{len(queries)}",
        "",
        f"{len(queries) / count:.1f} a page",
    )
    tell(
        "Seconds",
        run,
        f"{seconds:.1f} s",
        f"their files alone, one after another: {alone:.1f} s",
        f"{seconds / alone:.2f} times",
    )


if __name__ == "__main__":
    main()
