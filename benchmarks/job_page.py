"""The job page with 1,000 tiles, against its limits: the first answer and its first paint, the rest
that follows, keys, scrolling.

python -m benchmarks.job_page --tiles 1000
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from django.test import Client
from playwright.sync_api import Page

from benchmarks import site
from benchmarks.poll_cost import cost, running_job
from benchmarks.report import head, quantiles, tell
from benchmarks.tile_delay import browser_page, web
from bulk_admin.models import BulkGenerationJob
from bulk_admin.testing.factories import make_user

SERVER_MS, FIRST_BYTES, PAINT_MS, REST_MS, KEY_MS, TASK_MS = 120, 500_000, 700, 3000, 50, 100
PATIENCE = 60_000

# When the last tile has come, how long each key took to the next paint, and what blocked the page.
WATCH = """
window.keys = []; window.tasks = []
new PerformanceObserver(list => {
  for (const each of list.getEntries()) if (each.name === "keydown") window.keys.push(each.duration)
}).observe({type: "event", durationThreshold: 16, buffered: true})
new PerformanceObserver(list => {
  for (const each of list.getEntries()) window.tasks.push(each.duration)
}).observe({type: "longtask", buffered: true})
addEventListener("DOMContentLoaded", () => {
  const root = document.getElementById("bulk")
  new MutationObserver(() => { if (root.dataset.whole) window.whole ??= performance.now() })
    .observe(root, {attributes: true})
})
"""
PAINT = 'performance.getEntriesByName("first-contentful-paint")[0].startTime'


@dataclass(frozen=True)
class Seen:
    """Milliseconds, as the browser tells them."""

    paint: float
    whole: float
    keys: list[float]
    scrolling: list[float]


def look(page: Page, address: str, presses: int) -> Seen:
    page.goto(address)
    page.wait_for_selector("#bulk[data-whole]", timeout=PATIENCE)
    paint, whole = page.evaluate(PAINT), page.evaluate("window.whole")
    page.evaluate("window.tasks = []")
    height = page.evaluate("document.documentElement.scrollHeight")
    page.mouse.move(600, 500)
    for _ in range(0, height, 800):
        page.mouse.wheel(0, 800)
        page.wait_for_timeout(30)
    scrolling = page.evaluate("window.tasks")
    page.keyboard.press("Home")
    for n in range(presses):
        page.keyboard.press("px"[n % 2])
        page.wait_for_timeout(60)
    # The browser leaves out what took less than its threshold.
    told: Any = page.evaluate("window.keys")
    keys = [float(each) for each in told] + [16.0] * max(presses + 1 - len(told), 0)
    return Seen(paint, whole, keys, scrolling)


def limit(question: str, run: str, figure: float, unit: str, most: float) -> None:
    tell(question, run, f"{figure:,.0f} {unit}", f"limit {most:,} {unit}", f"{figure / most:.2f}")


def tell_server(job: BulkGenerationJob, run: str, times: int) -> None:
    client = Client(SERVER_NAME="localhost")
    client.force_login(make_user("reader", is_superuser=True))
    first = cost(client, job.get_absolute_url(), times)
    limit("The first answer, at the server", run, first.milliseconds, "ms", SERVER_MS)
    limit("The first answer", run, first.size, "bytes", FIRST_BYTES)


def tell_browser(seen: Seen, run: str) -> None:
    middle, high = quantiles(seen.keys)
    limit("First paint", run, seen.paint, "ms", PAINT_MS)
    limit(
        "The last tile is there, after the first paint", run, seen.whole - seen.paint, "ms", REST_MS
    )
    limit("A key to the next paint, p50", run, middle, "ms", KEY_MS)
    limit("A key to the next paint, p95", run, high, "ms", KEY_MS)
    limit("Longest task while scrolling", run, max(seen.scrolling, default=0), "ms", TASK_MS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiles", type=int, default=1000)
    parser.add_argument("--presses", type=int, default=60)
    parser.add_argument("--database", choices=site.DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="few tiles, few presses")
    given = parser.parse_args()
    tiles, presses = (60, 6) if given.quick else (given.tiles, given.presses)
    run = f"{tiles} tiles, {site.DATABASE}"
    job = running_job(tiles, stored=True)
    head()
    tell_server(job, run, 3 if given.quick else 20)
    with web() as url, browser_page(url, height=900) as page:
        page.add_init_script(WATCH)
        tell_browser(look(page, f"{url}{job.get_absolute_url()}", presses), run)


if __name__ == "__main__":
    main()
