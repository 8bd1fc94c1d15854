"""Compare: the numbers act on the pictures that stand there, and all are enlarged together."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bulk_admin.models import ImageStatus, JobStatus
from bulk_admin.services.jobs import trash
from bulk_admin.testing.factories import make_image, make_job, make_worker
from e2e.pages import hold, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
KEPT, DROPPED, OPEN = "kept", "dropped", "open"


@pytest.fixture
def job(staff, settings):
    settings.BULK = settings.BULK | {"POLL_SECONDS": 0.3}
    make_worker()
    job = make_job(0, JobStatus.PROCESSING, created_by=staff)
    make_image(job, ImageStatus.COMPLETED, position=1, stored=True)
    for position, variants in ((2, 3), (3, 2)):
        for variant in range(1, variants + 1):
            make_image(job, ImageStatus.COMPLETED, position=position, variant=variant, stored=True)
    return job


@pytest.fixture
def press(staff_page, job):
    staff_page.goto(job.get_absolute_url())
    expect(staff_page.locator("#bulk[data-whole=true]")).to_be_visible()

    def press_keys(*keys):
        for key in keys:
            staff_page.keyboard.press(key)

    return press_keys


@pytest.fixture
def compare(staff_page):
    return staff_page.locator("#compare")


def state(job):
    rows = job.images.order_by("position", "variant")
    return [(KEPT if each.selected else DROPPED) if each.decided_at else OPEN for each in rows]


def wait_for(page, job, *wanted):
    wait_until(page, lambda: state(job) == list(wanted), f"{wanted} is saved")


def all_are_shown(compare, count):
    expect(compare.locator(".cell")).to_have_count(count)
    expect(compare.locator(".view img[src*='/original/']")).to_have_count(count)


def test_a_number_keeps_one_variant_and_drops_the_others(staff_page, job, press, compare):
    press("j", "c")
    all_are_shown(compare, 3)
    press("2")
    wait_for(staff_page, job, OPEN, DROPPED, KEPT, DROPPED, OPEN, OPEN)
    expect(compare.locator(".cell.kept")).to_have_attribute("aria-label", "Prompt 2, variant 2")
    press("Shift+3")
    wait_for(staff_page, job, OPEN, DROPPED, KEPT, KEPT, OPEN, OPEN)
    press("u", "u")
    wait_for(staff_page, job, *[OPEN] * 6)

    press("j")
    expect(compare.get_by_role("status").first).to_have_text("2 variants of prompt 3.")
    all_are_shown(compare, 2)
    press("1")
    wait_for(staff_page, job, OPEN, OPEN, OPEN, OPEN, KEPT, DROPPED)
    press("Escape")
    expect(compare).to_be_hidden()
    expect(staff_page.locator("#grid .is-current .face")).to_be_focused()


def test_between_prompts_each_is_decided_alone(staff_page, job, press, compare):
    press("Shift+ArrowRight", "c")
    all_are_shown(compare, 2)
    expect(compare.get_by_role("button", name=re.compile("^Keep only"))).to_have_count(0)
    press("1")
    expect(
        staff_page.get_by_text("Different prompts: keep or drop each one alone.")
    ).to_be_visible()
    assert state(job) == [OPEN] * 6
    press("Shift+2")
    wait_for(staff_page, job, OPEN, KEPT, OPEN, OPEN, OPEN, OPEN)


def test_all_are_enlarged_and_moved_together(staff_page, job, press, compare):
    press("j", "c")
    all_are_shown(compare, 3)

    def transforms():
        views = compare.locator(".view")
        return views.evaluate_all("(all) => all.map((view) => getComputedStyle(view).transform)")

    at_first = transforms()
    press("+", "+")
    wait_until(staff_page, lambda: transforms() != at_first, "they are larger")
    larger = transforms()
    box = compare.locator(".cell .stage").nth(1).bounding_box()
    staff_page.mouse.move(box["x"] + 100, box["y"] + 100)
    staff_page.mouse.down()
    staff_page.mouse.move(box["x"] + 140, box["y"] + 130)
    staff_page.mouse.up()
    wait_until(
        staff_page,
        lambda: len(set(transforms())) == 1 and not set(transforms()) & {*at_first, *larger},
        "all three moved alike",
    )
    expect(compare.locator(".map").first).to_be_visible()


def test_a_number_does_nothing_before_all_are_shown(staff_page, job, press, compare):
    release = hold(staff_page, re.compile("/file/"))
    staff_page.reload()
    expect(staff_page.locator("#bulk[data-whole=true]")).to_be_visible()
    press("j", "c")
    expect(compare.locator(".cell")).to_have_count(3)
    press("2", "Shift+1")
    release()
    all_are_shown(compare, 3)
    press("Shift+3")
    wait_for(staff_page, job, OPEN, OPEN, OPEN, KEPT, OPEN, OPEN)


def test_it_closes_back_into_zoom_when_a_picture_goes(staff_page, job, press, compare):
    press("j", "z")
    expect(staff_page.locator("#zoom-told")).to_contain_text("Full picture")
    press("c")
    all_are_shown(compare, 3)
    trash.trash_images(job.pk, [job.images.get(position=2, variant=3).pk], by=None)
    expect(compare).to_be_hidden()
    expect(staff_page.locator("#zoom")).to_be_visible()
    expect(staff_page.get_by_text("A picture that was compared is gone.")).to_be_visible()
