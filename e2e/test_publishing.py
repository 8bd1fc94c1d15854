"""A draft is published and taken back: what staff press, and what a visitor then gets."""

from __future__ import annotations

from playwright.sync_api import expect

from bulk_admin.adapter import Content, Verdict
from bulk_admin.testing.pictures import make_picture
from e2e.pages import wait_until
from prompts.models import Prompt
from prompts.services import publishing

LOADED = "image => image.complete && image.naturalWidth"
PROMPT = "a red fox curled asleep in deep winter snow, soft morning light on its fur"


def make_draft() -> Prompt:
    files = publishing.prepare_files(make_picture(), "red-fox-1-ai-prompt")
    publishing.store_files(files)
    new = publishing.NewPage(
        source_ref="image-1",
        prompt_text=PROMPT,
        content=Content.from_prompt(PROMPT),
        files=files,
        verdict=Verdict("passed"),
    )
    return publishing.create_page(new)


def test_a_draft_is_published_by_the_worker_and_taken_back(staff_page, page, worker_process):
    draft = make_draft()
    address, picture = draft.get_absolute_url(), f"/media/{draft.image}"
    worker_process()

    def status(url: str) -> int:
        return page.request.get(url).status

    staff_page.goto("/admin/prompts/prompt/")
    thumbnail = staff_page.locator(".page-name img")
    wait_until(staff_page, lambda: thumbnail.evaluate(LOADED), "staff see the draft's picture")
    assert (status(address), status(picture)) == (404, 404)
    private = thumbnail.get_attribute("src")
    assert "/admin/login/" in page.request.get(private).url

    staff_page.get_by_role("link", name=draft.title).click()
    staff_page.get_by_role("link", name="Publish", exact=True).click()
    staff_page.get_by_role("button", name="Publish 1 page").click()
    expect(staff_page.get_by_text("Will be published by the worker.")).to_be_visible()
    wait_until(page, lambda: status(address) == 200, "the public page shows")
    page.goto(address)
    shown = page.locator("figure img")
    wait_until(page, lambda: shown.evaluate(LOADED), "a visitor sees its picture")
    assert shown.get_attribute("src").startswith("/media/pages/")
    assert status(picture) == 200

    staff_page.goto(f"/admin/prompts/prompt/{draft.pk}/change/")
    staff_page.get_by_role("link", name="Unpublish").click()
    staff_page.get_by_role("button", name="Unpublish 1 page").click()
    expect(staff_page.get_by_text("A draft again.")).to_be_visible()
    assert status(address) == 404
    wait_until(page, lambda: status(picture) == 404, "its picture leaves the public web")
