"""The main job, as staff do it: from a paste to draft pages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel, ProviderAccount
from e2e.pages import JobPage, NewJobPage
from prompts.models import Prompt
from prompts_manager.management.sample import FILE


@pytest.fixture
def slow_placeholder(transactional_db):
    """Pictures arrive one after the other, as from a provider."""
    account = ProviderAccount.objects.get(provider="placeholder")
    account.options, account.max_in_flight = {"delay": [0.3, 0.8]}, 2
    account.save()
    account.pools.update(max_in_flight=2)
    return account


def pasted():
    """24 blocks: 21 good ones, 2 duplicates, 1 that is too long."""
    blocks = FILE.read_text().strip().split("\n---\n")[:21]
    limit = ImageModel.objects.get(provider="placeholder", is_default=True).prompt_limit
    return "\n---\n".join(
        [*blocks, blocks[0], blocks[1].replace(" ", "  ", 1), "very " * (limit // 5 + 1)]
    )


def test_24_prompts_become_draft_pages(page, staff, slow_placeholder, worker_process):
    worker_process()
    page.goto("/admin/")
    page.get_by_label("Username").fill(staff.username)
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Log in").click()

    sheet = NewJobPage(page).open().paste(pasted()).review()
    expect(sheet.rows).to_have_count(24)
    expect(sheet.ticked()).to_have_count(21)
    expect(sheet.bill).to_contain_text(re.compile(r"Estimate\s*(\$|free|Free)"))

    job = sheet.generate()
    for _ in range(3):
        job.drop(0)
    assert job.pictures.count() < 21, "three were dropped while others were still to come"
    page.reload()
    expect(job.dropped).to_have_count(3)
    expect(job.pictures).to_have_count(21)
    expect(job.dropped).to_have_count(3)
    job.wait_for("completed|done|complete")

    job.create_pages()
    expect(page.get_by_text(re.compile("18 pages created"))).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Result in full").click()
    page.locator("ol.drafts a").first.click()
    expect(page).to_have_url(re.compile(r"/admin/prompts/prompt/\d+/change/"))
    assert Prompt.objects.filter(status=Prompt.Status.DRAFT).count() == 18
    assert (
        GeneratedImage.objects.filter(job=BulkGenerationJob.objects.get(), selected=False).count()
        == 3
    )


def test_a_second_browser_sees_the_same_job(
    new_context, staff, slow_placeholder, worker_process, live_server
):
    from e2e.conftest import log_in

    worker_process()
    contexts = [new_context(), new_context()]
    for context in contexts:
        log_in(context, staff, live_server.url)
    first, second = (context.new_page() for context in contexts)
    job = (
        NewJobPage(first).open().paste("A red door\nA green door\nA blue door").review().generate()
    )
    second.goto(first.url)

    expect(job.to_decide).to_have_count(3)
    expect(JobPage(second).to_decide).to_have_count(3)
    job.drop(1)
    second.reload()
    expect(JobPage(second).dropped).to_have_count(1)
