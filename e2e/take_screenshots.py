"""The README's pictures: `make screenshots`. Not collected with the tests."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bulk_admin.models import ProviderAccount
from bulk_admin.tests.rules.test_layering import ROOT
from e2e.conftest import log_in
from e2e.pages import NewJobPage
from prompts_manager.management.sample import FILE

IMAGES = ROOT / "docs" / "images"


@pytest.fixture
def slow(transactional_db):
    account = ProviderAccount.objects.get(provider="placeholder")
    account.options, account.max_in_flight = {"delay": [0.5, 1.5]}, 4
    account.save()
    account.pools.update(max_in_flight=4)


def pasted():
    """The sample's 24 prompts, one of them twice, and one with a left-over."""
    blocks = FILE.read_text().strip().split("\n---\n")
    return "\n---\n".join(
        [
            *blocks[:3],
            blocks[0],
            "An old cartographer's desk in {season}, candle, inked coastlines",
            *blocks[3:],
        ]
    )


def test_the_pages_of_one_job(new_context, staff, live_server, slow, worker_process):
    worker_process()
    IMAGES.mkdir(parents=True, exist_ok=True)
    context = new_context(
        viewport={"width": 1280, "height": 860}, bypass_csp=True
    )  # a screenshot styles the page
    log_in(context, staff, live_server.url)
    page = context.new_page()

    form = NewJobPage(page).open().paste(pasted())
    page.get_by_label("Name", exact=True).fill("Lighthouses and other evenings")
    expect(page.locator("#review-label")).to_contain_text("26")
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=IMAGES / "new-job.png")
    sheet = form.review()
    page.screenshot(path=IMAGES / "review.png")
    job = sheet.generate()
    expect(job.pictures.nth(12)).to_be_visible(timeout=60_000)
    job.drop(1)
    expect(page.locator("#dock-sum")).to_contain_text("1 dropped")
    page.screenshot(path=IMAGES / "job.png")
    expect(job.pictures).to_have_count(25)
    page.emulate_media(color_scheme="dark")
    page.reload()
    job.wait_for("completed|done|complete")
    page.screenshot(path=IMAGES / "job-dark.png")
