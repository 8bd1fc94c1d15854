"""Zoom: what is on the screen is the picture that the prompt below it and the keys are about."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bulk_admin.models import ImageStatus, JobStatus
from bulk_admin.services.jobs import decisions, trash
from bulk_admin.testing.factories import make_image, make_job, make_worker
from e2e.conftest import log_in
from e2e.pages import hold, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
ORIGINALS = re.compile(r"/file/original/")
FILES = re.compile(r"/file/(original|300|600)/")


@pytest.fixture
def job(staff, settings):
    settings.BULK = settings.BULK | {"POLL_SECONDS": 0.3}
    make_worker()
    job = make_job(1, JobStatus.PROCESSING, created_by=staff)
    for position in (2, 3, 4):
        make_image(job, ImageStatus.COMPLETED, position=position, stored=True)
    return job


@pytest.fixture
def tiles(staff_page, job):
    """The three tiles with a picture, their previews loaded."""
    staff_page.goto(job.get_absolute_url())
    tiles = staff_page.locator("#grid article:has(button.face)")
    expect(tiles).to_have_count(3)
    for tile in tiles.all():
        tile.locator("img").scroll_into_view_if_needed()
        tile.locator("img").evaluate("(image) => image.decode()")
    return tiles


@pytest.fixture
def zoom(staff_page):
    return staff_page.locator("#zoom")


def shown(zoom):
    """The number of the image whose picture is on the screen; None when none is."""
    source = zoom.locator(".stage").evaluate("(stage) => stage.querySelector('img')?.src ?? ''")
    found = re.search(r"/(\d+)/file/", source)
    return int(found[1]) if found else None


def image_at(job, position):
    return job.images.get(position=position)


def selected(job):
    return list(
        job.images.filter(status=ImageStatus.COMPLETED)
        .order_by("position")
        .values_list("selected", flat=True)
    )


def test_a_slow_original_is_stood_in_for_by_its_own_preview(staff_page, job, tiles, zoom):
    release = hold(staff_page, ORIGINALS)
    tiles.first.locator("button.face").focus()
    for position, key in ((2, "z"), (3, "ArrowRight"), (4, "ArrowRight"), (3, "ArrowLeft")):
        staff_page.keyboard.press(key)
        expect(zoom.locator("#zoom-prompt")).to_have_text(image_at(job, position).prompt_text)
        image = image_at(job, position)
        wait_until(staff_page, lambda pk=image.pk: shown(zoom) == pk, "its own preview is shown")
        expect(zoom.locator(".stage img")).to_have_attribute("src", re.compile("/file/(300|600)/"))
        expect(zoom.locator("#zoom-download")).to_have_attribute(
            "href", re.compile(f"/{image.pk}/file/download/")
        )

    release()  # also of the tiles that were left
    expect(zoom.locator(".stage img")).to_have_attribute("src", ORIGINALS)
    assert shown(zoom) == image_at(job, 3).pk


def test_no_key_and_no_button_judges_what_is_not_shown_yet(staff_page, job, zoom):
    release = hold(staff_page, FILES)
    staff_page.goto(job.get_absolute_url())
    faces = staff_page.locator("#grid button.face")
    faces.first.focus()
    staff_page.keyboard.press("z")
    expect(zoom.get_by_role("button", name="Keep")).to_have_attribute("aria-disabled", "true")
    assert shown(zoom) is None
    for key in ("x", "p", "Shift+P", "Space", "r", "e"):
        staff_page.keyboard.press(key)
    for name in ("Keep", "Drop", "Re-roll", "Edit"):
        zoom.get_by_role("button", name=name).click(force=True)
    expect(zoom).to_be_visible()
    expect(zoom.locator("#zoom-prompt")).to_have_text(image_at(job, 2).prompt_text)

    staff_page.keyboard.press("ArrowRight")  # one may look further
    expect(zoom.locator("#zoom-prompt")).to_have_text(image_at(job, 3).prompt_text)
    release()
    wait_until(staff_page, lambda: shown(zoom) == image_at(job, 3).pk, "the picture is shown")
    staff_page.keyboard.press("x")
    wait_until(staff_page, lambda: selected(job) == [True, False, True], "one is dropped")
    assert job.images.count() == 4


def test_the_neighbours_are_fetched_before_they_are_asked_for(staff_page, job, tiles, zoom):
    fetched = []
    staff_page.on("request", lambda request: fetched.append(request.url))
    tiles.nth(1).locator("button.face").focus()
    staff_page.keyboard.press("z")
    for position in (2, 4):
        address = f"/{image_at(job, position).pk}/file/original/"
        wait_until(staff_page, lambda end=address: any(end in url for url in fetched), address)


def test_the_panel_tells_of_the_picture_beside_it(staff_page, job, tiles, zoom):
    job.images.filter(position=3).update(revised_prompt="A red fox in the snow")
    tiles.first.locator("button.face").focus()
    staff_page.keyboard.press("Enter")
    expect(zoom.get_by_role("heading", name="Calls")).to_be_visible()
    expect(zoom).not_to_contain_text("Revised by the provider")
    staff_page.keyboard.press("j")
    expect(zoom.get_by_text("Revised by the provider")).to_be_visible()
    expect(zoom.locator("#zoom-name")).to_have_text("Prompt 3")
    expect(zoom.get_by_role("status").first).to_have_text("Prompt 3, to decide.")
    staff_page.keyboard.press("p")
    expect(zoom.get_by_role("status").first).to_have_text("Prompt 3: kept. Prompt 4, to decide.")


def scale(zoom):
    matrix = zoom.locator("#zoom-view").evaluate("(view) => getComputedStyle(view).transform")
    return float(re.match(r"matrix\(([\d.]+)", matrix)[1])


def test_keys_wheel_and_drag_enlarge_and_move_it_and_the_next_one_is_fitted(
    staff_page, tiles, zoom
):
    tiles.first.locator("button.face").focus()
    staff_page.keyboard.press("z")
    expect(zoom.locator("#zoom-told")).to_contain_text("Full picture")
    staff_page.keyboard.press("+")
    wait_until(staff_page, lambda: scale(zoom) == 1.5, "it is larger")
    box = zoom.locator(".stage").bounding_box()
    staff_page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    staff_page.mouse.wheel(0, -100)
    wait_until(staff_page, lambda: scale(zoom) > 1.5, "the wheel made it larger")
    before = zoom.locator("#zoom-view").bounding_box()["x"]
    staff_page.mouse.down()
    staff_page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2)
    staff_page.mouse.up()
    wait_until(
        staff_page,
        lambda: zoom.locator("#zoom-view").bounding_box()["x"] > before + 30,
        "it was dragged",
    )
    staff_page.keyboard.press("j")
    wait_until(staff_page, lambda: scale(zoom) == 1, "the next one is fitted")
    expect(zoom.get_by_role("button", name="Fit")).to_have_attribute("aria-pressed", "true")


def touch(session, kind, *points):
    session.send(
        "Input.dispatchTouchEvent",
        {
            "type": kind,
            "touchPoints": [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)],
        },
    )


def test_fingers_pinch_it_and_swipe_to_the_next(new_context, staff, job, live_server):
    context = new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    log_in(context, staff, live_server.url)
    page = context.new_page()
    page.goto(job.get_absolute_url())
    page.locator("#grid button.face").first.tap()
    zoom = page.locator("#zoom")
    expect(zoom.locator("#zoom-told")).to_contain_text("Full picture")
    session = context.new_cdp_session(page)

    touch(session, "touchStart", (300, 250))
    touch(session, "touchMove", (180, 255))
    touch(session, "touchEnd")
    expect(zoom.locator("#zoom-prompt")).to_have_text(image_at(job, 3).prompt_text)
    expect(zoom.locator("#zoom-name")).to_have_text("Prompt 3")

    expect(zoom.locator("#zoom-told")).to_contain_text("Full picture")
    touch(session, "touchStart", (180, 250))
    touch(session, "touchStart", (180, 250), (210, 250))
    touch(session, "touchMove", (80, 250), (310, 250))
    wait_until(page, lambda: scale(zoom) > 1.2, "it is pinched")
    touch(session, "touchEnd")
    expect(zoom.locator("#zoom-name")).to_have_text("Prompt 3")


def test_home_and_end_lead_to_the_first_and_the_last_picture(staff_page, job, tiles, zoom):
    tiles.nth(1).locator("button.face").focus()
    staff_page.keyboard.press("z")
    for key, position in (("End", 4), ("Home", 2)):
        staff_page.keyboard.press(key)
        expect(zoom.locator("#zoom-prompt")).to_have_text(image_at(job, position).prompt_text)


def test_the_list_of_keys_opens_over_zoom_and_closes_back_into_it(staff_page, tiles, zoom):
    tiles.first.locator("button.face").focus()
    staff_page.keyboard.press("z")
    staff_page.keyboard.press("?")
    help_dialog = staff_page.get_by_role("dialog", name="Keys")
    expect(help_dialog).to_be_visible()
    staff_page.keyboard.press("Escape")
    expect(help_dialog).to_be_hidden()
    expect(zoom).to_be_visible()
    assert zoom.evaluate("(zoom) => zoom.contains(document.activeElement)")


def test_the_list_of_keys_closes_to_its_tile_though_an_answer_replaced_it(staff_page, job, tiles):
    tile, face = tiles.first, tiles.first.locator("button.face")
    face.focus()
    staff_page.keyboard.press("?")
    expect(staff_page.get_by_role("dialog", name="Keys")).to_be_visible()
    decisions.decide(job.pk, [image_at(job, 2).pk], keep=False, by=None)
    expect(tile).to_have_class(re.compile("dropped"))
    staff_page.keyboard.press("Escape")
    expect(face).to_be_focused()


def test_the_list_of_keys_closes_to_the_grid_though_its_tile_is_gone(staff_page, job, tiles):
    tiles.first.locator("button.face").focus()
    staff_page.keyboard.press("?")
    trash.trash_images(job.pk, [image_at(job, 2).pk], by=None)
    expect(tiles).to_have_count(2)
    staff_page.keyboard.press("Escape")
    wait_until(
        staff_page,
        lambda: staff_page.evaluate("document.activeElement.closest('#grid article')?.id"),
        "a tile has the focus",
    )


def test_zoom_closes_when_someone_else_deletes_its_picture(staff_page, job, tiles, zoom):
    tiles.first.locator("button.face").focus()
    staff_page.keyboard.press("z")
    expect(zoom.get_by_role("heading", name="Calls")).to_be_visible()
    trash.trash_images(job.pk, [image_at(job, 2).pk], by=None)
    expect(zoom).to_be_hidden()
