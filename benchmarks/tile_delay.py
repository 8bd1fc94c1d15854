"""From a picture's booking to its tile in a real browser: the poll's interval, the answer, the
swap.

python -m benchmarks.tile_delay --pictures 60
"""

from __future__ import annotations

import argparse
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from django.test import Client
from playwright.sync_api import Page, sync_playwright

from benchmarks import site
from benchmarks.provider import provider
from benchmarks.report import head, quantiles, tell
from benchmarks.rows import account_at, begin, queue_pictures
from benchmarks.workers import worker
from bulk_admin.conf import conf
from bulk_admin.models import BulkGenerationJob, CallState, ProviderCall
from bulk_admin.testing.factories import make_user
from bulk_admin.tests.support import processes
from e2e.browser import QUIET, executable

# When a tile first holds its picture, and when that picture has come; the browser's clock is this
# machine's.
STOPWATCH = """
window.shown = {}; window.loaded = {};
const look = () => {
  for (const img of document.querySelectorAll("article[data-tile] img")) {
    const id = img.closest("article").dataset.tile;
    window.shown[id] ??= Date.now() / 1000;
  }
};
new MutationObserver(look).observe(document, {childList: true, subtree: true});
document.addEventListener("load", event => {
  const tile = event.target.closest?.("article[data-tile]");
  if (!tile || event.target.tagName !== "IMG") return;
  window.loaded[tile.dataset.tile] ??= Date.now() / 1000;
}, true);
"""


@contextmanager
def web() -> Iterator[str]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    process = processes.start(
        ("runserver", f"127.0.0.1:{port}", "--noreload"), site.FOLDER / "web.log", {}
    )
    try:
        processes.wait_until(lambda: _answers(url), seconds=60, what="the web process answers")
        yield url
    finally:
        processes.kill(process)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(f"{url}/admin/login/", timeout=5).status == 200)
    except OSError:
        return False


@contextmanager
def browser_page(url: str, height: int = 9000) -> Iterator[Page]:
    """Of a person who may do everything. So tall, every picture is wanted."""
    client = Client()
    client.force_login(make_user("watcher", is_superuser=True))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(QUIET))
        context = browser.new_context(viewport={"width": 1280, "height": height})
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}]
        )
        page = context.new_page()
        page.add_init_script(STOPWATCH)
        yield page
        browser.close()


def watch(
    page: Page, url: str, job: BulkGenerationJob, seconds: float
) -> tuple[list[float], list[float]]:
    """Seconds from booked to shown and to loaded, of every tile that came while the page was
    open.
    """
    page.goto(f"{url}{job.get_absolute_url()}")
    begin()
    ends = time.monotonic() + seconds
    while (
        time.monotonic() < ends and page.evaluate("Object.keys(window.loaded).length") < job.total
    ):
        page.wait_for_timeout(200)
    booked = {
        str(pk): moment.timestamp()
        for pk, moment in ProviderCall.objects.filter(state=CallState.DELIVERED).values_list(
            "image", "finished_at"
        )
    }
    return tuple(
        [
            when - booked[tile]
            for tile, when in page.evaluate(f"window.{what}").items()
            if tile in booked
        ]
        for what in ("shown", "loaded")
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--database", choices=site.DATABASES, default="sqlite")
    parser.add_argument(
        "--quick", action="store_true", help="a few pictures: shows that it runs, not how fast"
    )
    given = parser.parse_args()
    count = 4 if given.quick else given.pictures
    head()
    with provider(latency=1.0) as server, worker(), web() as url, browser_page(url) as page:
        # A few at a time, so that they come spread over the poll's interval.
        job = queue_pictures(account_at(server.base_url, max_in_flight=2), count)[0]
        shown, loaded = watch(page, url, job, seconds=30 + 2 * count)
    every = conf.POLL_SECONDS
    for what, delays in (("its tile in the page", shown), ("its picture on the screen", loaded)):
        mid, high = quantiles(delays)
        tell(
            f"From booked to {what}, p50 / p95",
            f"{len(delays)} pictures, {site.DATABASE}",
            f"{mid:.2f} / {high:.2f} s",
            f"half a poll's interval: {every / 2:g} s",
            f"{mid / (every / 2):.2f} times",
        )


if __name__ == "__main__":
    main()
