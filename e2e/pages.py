"""The pages as staff see them: found by role and text, waited for by state."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route, expect

PATIENCE = 120.0  # seconds; far more than any wait takes, for the machine may be slow and busy


def wait_until(page: Page, condition: Callable[[], object], what: str) -> None:
    """For what the page does not show; the browser keeps running.

    AssertionError when it did not come in time.
    """
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"Not within {PATIENCE:.0f} s: {what}"
        page.wait_for_timeout(20)


def hold(page: Page, pattern: re.Pattern[str]) -> Callable[[], None]:
    """The storage takes its time: no answer comes before the returned function is called."""
    held: list[Route] = []
    released: list[bool] = []
    page.route(pattern, lambda route: route.continue_() if released else held.append(route))

    def release() -> None:
        released.append(True)
        for route in held[::-1]:
            route.continue_()

    return release


class NewJobPage:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.prompts = page.get_by_label("Prompts", exact=True)

    def open(self) -> NewJobPage:
        self.page.goto("/admin/bulk_admin/bulkgenerationjob/add/")
        return self

    def paste(self, text: str) -> NewJobPage:
        self.prompts.fill(text)
        return self

    def review(self) -> SheetPage:
        self.page.locator("#review").click()
        expect(self.page.get_by_role("heading", name="Check before spending")).to_be_visible()
        return SheetPage(self.page)


class SheetPage:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.rows = page.locator("#sheet-rows tr")
        self.bill = page.get_by_role("complementary", name="Price")

    def ticked(self) -> Locator:
        return self.rows.get_by_role("checkbox", checked=True)

    def editor(self) -> Locator:
        return self.rows.get_by_role("textbox")

    def generate(self) -> JobPage:
        self.page.get_by_role("button", name=re.compile("^Generate ")).click()
        expect(self.page.get_by_role("region", name="Progress")).to_be_visible()
        return JobPage(self.page)


class JobPage:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.tiles = page.locator("#grid article")
        self.pictures = page.locator("#grid article button.face")
        self.dropped = page.locator("#grid article.dropped")
        self.kept = page.locator("#grid article.kept")
        self.to_decide = page.locator("#grid article.to-decide")

    def drop(self, number: int) -> None:
        """Drop the n-th picture that is not decided yet; the first is 0.

        The server knows it when this returns.
        """
        tile = self.to_decide.nth(number).get_attribute("id")
        with self.page.expect_response(lambda answer: answer.url.endswith("/decide/")):
            self.page.locator(f"#{tile} [data-does=drop]").click()
        expect(self.page.locator(f"#{tile}")).to_have_class(re.compile("dropped"))

    def create_pages(self) -> None:
        """Of the kept pictures and of those that are not decided."""
        self.page.get_by_role("button", name=re.compile("^Create pages from")).click()
        dialog = self.page.get_by_role("dialog")
        undecided = dialog.get_by_label(re.compile("not decided"))
        if undecided.count() and not undecided.is_checked():
            undecided.check()
        dialog.get_by_role("button", name=re.compile(r"^Create \d+ page")).click()

    def wait_for(self, status: str) -> None:
        expect(self.page.locator("#job-pill")).to_have_text(re.compile(status, re.IGNORECASE))
