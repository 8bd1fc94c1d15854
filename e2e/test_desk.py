"""Drafts are read, corrected, approved and dropped by keys, and by touch."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect

from bulk_admin.adapter import Verdict
from bulk_admin.testing.factories import make_content
from bulk_admin.testing.pictures import make_picture
from e2e.accessibility import violations
from e2e.conftest import log_in
from e2e.pages import wait_until
from prompts.models import Category, Prompt
from prompts.services import publishing

DESK = "/admin/prompts/prompt/desk/?job=a-job"
TITLES = ("A red fox in snow", "Lighthouse at dusk", "Coffee from above", "Paper lanterns")


def now(n: int) -> Prompt:
    return Prompt.everything.order_by("pk")[n]


@pytest.fixture
def drafts(local_files, transactional_db) -> None:
    """Four drafts of a job, in two categories."""
    kinds = [Category.objects.create(name=name, slug=name.lower()) for name in ("Animals", "Food")]
    files = publishing.prepare_files(make_picture(90, 60), "one-picture")
    publishing.store_files(files)
    for n, title in enumerate(TITLES):
        new = publishing.NewPage(
            source_ref=f"image-{n}",
            prompt_text=f"{title}, soft light",
            content=make_content(title=title, tags=["fox", "snow"]),
            files=files,
            verdict=Verdict("passed"),
            category_id=kinds[n % 2].pk,
            job_ref="a-job",
            job_label="Coastal set",
        )
        with transaction.atomic():
            publishing.create_page(new)


def at(page: Page, title: str) -> None:
    """The draft with this title is read."""
    expect(page.get_by_role("textbox", name="Title")).to_have_value(title)


def test_drafts_are_read_by_keys(staff_page, drafts):
    page = staff_page
    page.goto(DESK)
    at(page, TITLES[0])
    assert violations(page) == []
    page.keyboard.press("a")
    at(page, TITLES[1])
    page.keyboard.press("x")
    at(page, TITLES[2])
    expect(page.locator("#desk-counts")).to_contain_text("1 approved · 1 dropped · 2 to read")
    page.keyboard.press("u")
    at(page, TITLES[1])
    page.keyboard.press("j")
    at(page, TITLES[2])
    page.keyboard.press("k")
    at(page, TITLES[1])

    page.keyboard.press("e")
    page.keyboard.type("Lighthouse by night")
    page.keyboard.press("Control+Enter")
    at(page, TITLES[2])
    assert now(1).title == "Lighthouse by night"
    page.keyboard.press("Control+z")
    at(page, TITLES[1])

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    for title in (TITLES[2], TITLES[3]):
        page.keyboard.press("a")
        at(page, title)
    page.keyboard.press("a")
    expect(page.get_by_text("All read.")).to_be_visible()
    assert [now(n).is_approved for n in range(4)] == [True] * 4


def test_what_is_typed_is_saved_before_it_is_decided_and_survives_a_reload(staff_page, drafts):
    page = staff_page
    page.goto(DESK)
    at(page, TITLES[0])
    page.get_by_label("Description").fill("Two foxes. They sleep.")
    page.get_by_role("button", name="Approve and next").click()
    at(page, TITLES[1])
    assert (now(0).description, now(0).is_approved) == ("Two foxes. They sleep.", True)
    add = page.get_by_label("Add a tag")
    add.fill("Night sky")
    add.press("Enter")
    expect(page.get_by_role("button", name="Remove night-sky")).to_be_visible()
    page.get_by_label("Title").fill("Half a sentence")
    page.reload()
    wait_until(page, lambda: now(1).title == "Half a sentence", "the title is saved on leaving")
    assert sorted(now(1).tags.names()) == ["fox", "night-sky", "snow"]


def test_two_people_see_both_texts_and_lose_none(staff_page, drafts):
    page = staff_page
    page.goto(DESK)
    at(page, TITLES[0])
    Prompt.objects.filter(pk=now(0).pk).update(title="Somebody else's fox")
    title = page.get_by_label("Title")
    title.fill("My fox")
    news = """{
      const source = document.getElementById("desk-news");
      htmx.ajax("GET", source.getAttribute("hx-get"), { source, target: "#desk-told" });
    }"""
    page.evaluate(news)  # as it asks every ten seconds
    expect(title).to_be_focused()
    title.blur()
    told = page.locator("#note-title")
    expect(told).to_contain_text("has changed the title meanwhile")
    expect(told).to_contain_text("Somebody else's fox")
    assert now(0).title == "Somebody else's fox"
    assert violations(page) == []
    page.get_by_role("button", name="Keep mine").click()
    wait_until(page, lambda: now(0).title == "My fox", "mine is saved when I say so")


def test_on_a_phone_drafts_are_read_by_touch(new_context, staff, live_server, drafts):
    context = new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    log_in(context, staff, live_server.url)
    page = context.new_page()
    page.goto(DESK)
    at(page, TITLES[0])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Approve").tap()
    at(page, TITLES[1])
    page.locator("summary[aria-label='More']").tap()
    assert violations(page) == []
    page.locator("#desk-more-tools").get_by_role("button", name="Undo").tap()
    at(page, TITLES[0])
    swipe(page, -150)
    at(page, TITLES[1])
    swipe(page, 150)
    at(page, TITLES[0])
    small = page.evaluate(
        """[...document.querySelectorAll("#desk :is(button, a, select, summary)")]
        .filter((each) => each.checkVisibility() && !each.closest("p, .prompt"))
        .map((each) => [each.getBoundingClientRect().height, each.outerHTML.slice(0, 60)])
        .filter(([height]) => height < 40)"""
    )
    assert small == []


def swipe(page: Page, across: int) -> None:
    """A finger moves over the picture."""
    page.locator("[data-swipe]").evaluate(
        """(picture, across) => {
          const { left, top, width } = picture.getBoundingClientRect();
          const x = left + width / 2;
          const place = { identifier: 1, target: picture, clientY: top + 20 };
          const touch = (clientX) => new Touch({ ...place, clientX });
          const send = (name, touches, changedTouches) =>
            picture.dispatchEvent(new TouchEvent(name, { touches, changedTouches, bubbles: true }));
          send("touchstart", [touch(x)], [touch(x)]);
          send("touchend", [], [touch(x + across)]);
        }""",
        across,
    )


def test_what_is_approved_is_spread_by_keys_and_the_schedule_stopped(staff_page, drafts):
    page = staff_page
    Prompt.objects.update(reviewed_at=timezone.now())
    page.goto(DESK)
    page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="Spread 4 pages over days")
    expect(dialog.get_by_role("table")).to_contain_text("4")
    assert violations(page) == []
    page.keyboard.press("Control+a")
    page.keyboard.type("2")
    expect(dialog.get_by_text("2 days")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("4 scheduled.")).to_be_visible()
    order = Prompt.objects.order_by("publish_at").values_list("category__name", flat=True)
    assert list(order) in (["Animals", "Food"] * 2, ["Food", "Animals"] * 2)
    page.locator("summary[aria-label='More']").click()
    page.get_by_role("button", name="Stop the schedule (4)").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("4 taken off the schedule")).to_be_visible()
    assert not Prompt.objects.exclude(publish_at=None).exists()


def test_the_table_is_edited_by_keys(staff_page, drafts):
    page = staff_page
    page.goto(f"{DESK}&view=table")
    cells = page.locator("[data-cell='title']")
    expect(cells).to_have_count(4)
    assert violations(page) == []
    row = {n: page.locator(f"#row-{now(n).pk}") for n in range(4)}
    row[0].locator("[data-cell='title']").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("An edited fox")
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="Description")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row[0]).to_contain_text("An edited fox")
    assert now(0).title == "An edited fox"

    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("owl, night")
    page.keyboard.press("Enter")
    expect(row[0].locator(".tag")).to_have_text(["night", "owl"])
    for n in (1, 3):
        row[n].get_by_role("checkbox").check()
    row[0].locator("[data-cell='tags']").focus()
    page.keyboard.press("Control+d")
    expect(row[3].locator(".tag")).to_have_text(["night", "owl"])
    expect(row[2].locator(".tag")).to_have_text(["fox", "snow"])
    page.get_by_label("Category of the marked drafts").select_option("Animals")
    expect(row[3]).to_contain_text("Animals")
    page.keyboard.press("Escape")
    page.locator("#desk-dock").get_by_role("button", name="Undo").click()
    expect(row[3]).to_contain_text("Food")

    page.get_by_role("button", name="Find and replace").click()
    page.get_by_label("Find", exact=True).fill("Lighthouse")
    page.get_by_label("Replace with").fill("Beacon")
    assert violations(page) == []
    page.get_by_role("button", name="Replace in 1 draft").click()
    expect(row[1]).to_contain_text("Beacon at dusk")
    row[1].locator("[data-cell='title']").focus()
    page.keyboard.press("a")
    expect(row[1].locator(".state")).to_have_text("Approved")
    expect(page.locator("#desk-counts")).to_contain_text("1 approved")
