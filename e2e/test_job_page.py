"""The job page under a hand: what arrives disturbs neither focus, scroll nor choice."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bulk_admin.models import ImageStatus, JobStatus
from bulk_admin.services.jobs import decisions, pictures
from bulk_admin.testing.factories import make_image, make_job, make_worker
from e2e.pages import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(staff, settings):
    settings.BULK = settings.BULK | {"POLL_SECONDS": 0.3}
    make_worker()
    job = make_job(2, JobStatus.PROCESSING, created_by=staff)
    for position in (3, 4, 5, 6):
        make_image(job, ImageStatus.COMPLETED, position=position, stored=True)
    return job


@pytest.fixture
def faces(staff_page, job):
    staff_page.goto(job.get_absolute_url())
    return staff_page.locator("#grid button.face")


def kept(job):
    return list(
        job.images.filter(status=ImageStatus.COMPLETED)
        .order_by("position")
        .values_list("selected", flat=True)
    )


def wait_until_saved(page, job, wanted):
    wait_until(page, lambda: kept(job) == wanted, f"{wanted} is saved")


def test_what_arrives_moves_neither_focus_nor_scroll_nor_choice(staff_page, job, faces):
    faces.nth(1).click()
    expect(faces.nth(1)).to_have_attribute("aria-pressed", "false")
    scrolled = staff_page.evaluate("scrollY")
    first = job.images.get(position=3)
    new = pictures.reroll(job.pk, first.pk, seen_variant=1, by=None)
    expect(staff_page.locator(f"#tile-{first.pk} + #tile-{new.pk}")).to_be_visible()
    expect(faces.nth(1)).to_have_attribute("aria-pressed", "false")
    expect(faces.nth(1)).to_be_focused()
    assert staff_page.evaluate("scrollY") == scrolled


def test_an_older_answer_never_replaces_a_newer_tile(staff_page, job, faces):
    answers = []
    staff_page.on(
        "response",
        lambda response: (
            answers.append(response)
            if "/status/" in response.url and response.status == 200
            else None
        ),
    )
    pk = job.images.get(position=3).pk
    decisions.decide(job.pk, [pk], keep=False, by=None)
    expect(faces.first).to_have_attribute("aria-pressed", "false")
    old = answers[-1].text()
    decisions.decide(job.pk, [pk], keep=True, by=None)
    expect(faces.first).to_have_attribute("aria-pressed", "true")
    replayed = []

    def replay(route):
        replayed.append(route)
        route.fulfill(status=200, content_type="text/html", body=old)

    staff_page.route("**/status/*", replay)
    wait_until(staff_page, lambda: len(replayed) > 2, "the old answer came again")
    expect(faces.first).to_have_attribute("aria-pressed", "true")


def test_the_keys_cull_a_whole_row(staff_page, job, faces):
    faces.first.focus()
    staff_page.keyboard.press("x")
    expect(faces.nth(1)).to_be_focused()
    staff_page.keyboard.press("p")
    staff_page.keyboard.press("Space")
    staff_page.keyboard.press("z")
    expect(staff_page.locator("#zoom")).to_be_visible()
    staff_page.keyboard.press("ArrowRight")
    staff_page.keyboard.press("x")
    staff_page.keyboard.press("z")
    expect(staff_page.locator("#zoom")).not_to_be_visible()
    wait_until_saved(staff_page, job, [False, True, False, False])


def test_a_bulk_act_touches_what_the_filter_shows_and_can_be_undone(staff_page, job, faces):
    faces.first.click()
    expect(staff_page.get_by_role("button", name="Dropped 1")).to_be_visible()
    staff_page.get_by_role("button", name=re.compile("^Kept")).click()
    expect(faces.first).to_be_hidden()
    staff_page.get_by_text("Select…").click()
    staff_page.get_by_role("button", name="Drop all 3 shown").click()
    wait_until_saved(staff_page, job, [False] * 4)
    staff_page.get_by_role("button", name="Undo").click()
    wait_until_saved(staff_page, job, [False, True, True, True])


def test_a_double_click_on_re_roll_buys_one_picture(staff_page, job, faces):
    staff_page.get_by_role("button", name=re.compile("^Re-roll prompt 3")).dblclick()
    expect(staff_page.locator("#grid article")).to_have_count(7)
    expect(staff_page.get_by_text("One more picture of this prompt is queued.")).to_be_visible()
    assert job.images.filter(position=3).count() == 2


@pytest.fixture
def hold(staff_page):
    """Press a key and hold it: each repeat comes when the server has answered what was sent
    before.
    """

    def hold_down(key, times=4):
        for _ in range(times):
            staff_page.keyboard.down(key)
            staff_page.wait_for_timeout(50)
            expect(staff_page.locator(".htmx-request")).to_have_count(0)
        staff_page.keyboard.up(key)

    return hold_down


def test_a_key_that_is_held_on_a_tile_buys_one_picture(staff_page, job, faces, hold):
    faces.first.focus()
    hold("r")
    expect(staff_page.locator("#grid article")).to_have_count(7)
    assert job.images.count() == 7


def test_enter_held_on_re_roll_buys_one_picture(staff_page, job, faces, hold):
    staff_page.get_by_role("button", name=re.compile("^Re-roll prompt 3")).focus()
    hold("Enter")
    expect(staff_page.locator("#grid article")).to_have_count(7)
    assert job.images.count() == 7


@pytest.mark.parametrize("key", ["r", "Enter"])
def test_a_key_that_is_held_in_zoom_buys_one_picture(staff_page, job, faces, hold, key):
    faces.first.focus()
    staff_page.keyboard.press("z")
    staff_page.locator("#zoom").get_by_role("button", name="Re-roll").focus()
    hold(key)
    expect(staff_page.locator("#grid article")).to_have_count(7)
    assert job.images.count() == 7


def test_a_held_x_drops_one_picture_and_a_held_arrow_goes_on_moving(staff_page, job, faces, hold):
    faces.first.focus()
    hold("x")
    expect(faces.nth(1)).to_be_focused()
    hold("ArrowRight", times=2)
    expect(faces.nth(3)).to_be_focused()
    wait_until_saved(staff_page, job, [False, True, True, True])


def test_half_an_edit_survives_what_arrives(staff_page, job, faces):
    staff_page.get_by_role("button", name=re.compile("^Edit and re-roll prompt 3")).click()
    field = staff_page.get_by_role("textbox")
    field.fill("A fox in the")
    first = job.images.get(position=3)
    decisions.decide(job.pk, [first.pk], keep=False, by=None)
    expect(staff_page.locator(f"#tile-{first.pk}")).to_have_class(re.compile("dropped"))
    expect(field).to_be_focused()
    field.press_sequentially(" rain")
    staff_page.get_by_role("button", name=re.compile("^Generate it")).click()
    expect(staff_page.get_by_text("A fox in the rain").first).to_be_visible()


def test_nothing_is_wider_than_a_phone(new_context, staff, live_server, job):
    from e2e.conftest import log_in

    make_image(job, ImageStatus.FAILED, prompt_text="x" * 2000, error_message="y" * 400)
    context = new_context(viewport={"width": 390, "height": 844})
    log_in(context, staff, live_server.url)
    page = context.new_page()
    page.goto(job.get_absolute_url())
    expect(page.locator("#grid article").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_text("Select…").click()
    menu = page.locator("#select-menu .items").bounding_box()
    assert menu["x"] >= 0 and menu["x"] + menu["width"] <= 390


def test_an_answer_does_not_undo_a_drop_that_waits_behind_it(staff_page, job, faces):
    staff_page.route("**/status/*", lambda route: route.fulfill(status=204))
    held = []
    staff_page.route("**/select/", lambda route: held.append(route))
    faces.first.click()
    faces.nth(1).click()
    second = job.images.get(position=4).pk
    for wanted in (
        False,
        True,
    ):  # somebody else: the answer to the first drop shows the second tile as kept
        decisions.decide(job.pk, [second], keep=wanted, by=None)
    with staff_page.expect_request("**/select/"):
        held[0].continue_()
    staff_page.wait_for_timeout(100)  # longer than an answer takes to settle

    expect(staff_page.locator("#grid .dropped")).to_have_count(2)
    expect(staff_page.locator("#dock-sum")).to_contain_text("2 kept · 2 dropped")
    held[1].continue_()
    wait_until_saved(staff_page, job, [False, False, True, True])


def test_an_answer_to_who_was_replaced_in_the_meantime_is_left_alone(staff_page, job, faces):
    """A poll that is answered after a button's answer has replaced it.

    The fixture holds the console against it.
    """
    held = []

    def hold_the_first(route):
        if held:
            route.continue_()
        held.append(route)

    staff_page.route("**/status/*", hold_the_first)
    wait_until(staff_page, lambda: held, "a poll is held")
    with staff_page.expect_response(lambda answer: answer.url.endswith("/select/")):
        faces.first.click()
    decisions.decide(job.pk, [job.images.get(position=4).pk], keep=False, by=None)
    held[0].continue_()
    expect(faces.nth(1)).to_have_attribute("aria-pressed", "false")


def test_a_save_that_failed_for_a_tile_that_is_gone_does_not_stop_the_next_one(
    staff_page, job, faces, watch
):
    held = []
    staff_page.route("**/select/", lambda route: held.append(route))
    first = job.images.get(position=3)
    faces.first.click()
    wait_until(staff_page, lambda: held, "the save is held")
    pictures.delete_images(job.pk, [first.pk], by=None)
    expect(staff_page.locator(f"#tile-{first.pk}")).to_have_count(0)
    held[0].abort()
    expect(staff_page.get_by_text("That was not saved. Try again.")).to_be_visible()
    staff_page.unroute("**/select/")
    faces.first.click()
    wait_until_saved(staff_page, job, [False, True, True])
    watch.console[:] = [
        said for said in watch.console if "/select/" not in said and "htmx:" not in said
    ]  # the failed request's own


def test_a_re_roll_in_zoom_is_reported_in_zoom_with_its_price_beforehand(staff_page, job, faces):
    faces.first.focus()
    staff_page.keyboard.press("z")
    button = staff_page.locator("#zoom").get_by_role("button", name="Re-roll")
    expect(button).to_have_attribute("title", re.compile("One more picture of this prompt, "))
    button.click()
    toast = staff_page.locator("#zoom #toast")
    expect(toast).to_contain_text("queued")
    assert toast.bounding_box()["y"] < 100, "it is over none of zoom's buttons"


def test_a_drop_after_the_session_has_ended_says_what_to_do(staff_page, job, faces, watch):
    staff_page.route("**/status/*", lambda route: route.fulfill(status=204))
    staff_page.route("**/select/", lambda route: route.fulfill(status=403))
    faces.first.click()
    expect(staff_page.locator("ul.messagelist")).to_contain_text(
        "your session has ended. Reload the page."
    )
    expect(staff_page.locator("ul.messagelist")).not_to_contain_text("Try again")
    staff_page.unroute("**/select/")
    # The browser's and htmx's line come when they come, be it after what the page shows.
    wait_until(
        staff_page, lambda: sum("403" in line for line in watch.console) == 2, "both are there"
    )
    watch.console.clear()


def test_the_focus_stays_where_a_pressed_button_was(staff_page, job, faces):
    failed = make_image(job, ImageStatus.FAILED, position=7, error_code="overloaded")
    staff_page.reload()
    pause, resume, cancel = (
        staff_page.locator(f"#act-{name}") for name in ("pause", "resume", "cancel")
    )
    pause.press("Enter")
    expect(resume).to_be_focused()
    staff_page.keyboard.press("Enter")
    expect(pause).to_be_focused()
    staff_page.locator(f"#retry-{failed.pk}").press("Enter")
    expect(staff_page.locator(f"#face-{failed.pk}")).to_be_focused()
    cancel.press("Enter")
    staff_page.get_by_role("button", name="Keep generating").press("Enter")
    expect(cancel).to_be_focused()
    staff_page.keyboard.press("Enter")
    staff_page.get_by_role("button", name=re.compile(r"^Cancel \d")).press("Enter")
    expect(staff_page.get_by_role("link", name="Generate more")).to_be_focused()


def test_a_toast_outlives_the_zoom_that_it_was_shown_in(staff_page, job, faces):
    make_image(job, ImageStatus.COMPLETED, position=3, variant=2, stored=True)
    staff_page.reload()
    faces.first.focus()
    staff_page.keyboard.press("z")
    staff_page.keyboard.press("Shift+P")
    expect(staff_page.locator("#zoom #toast")).to_contain_text("1 dropped")
    staff_page.keyboard.press("z")
    expect(staff_page.get_by_role("button", name="Undo")).to_be_visible()
    staff_page.get_by_role("button", name="Undo").click()
    wait_until_saved(staff_page, job, [True] * 5)
