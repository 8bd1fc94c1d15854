"""The job page under a hand: what arrives disturbs neither focus, scroll nor choice."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bulk_admin.models import ImageStatus, JobStatus, PageStatus
from bulk_admin.services.jobs import decisions, pictures, trash
from bulk_admin.testing.factories import make_image, make_job, make_worker
from e2e.pages import wait_until
from prompts.tests.making import make_page

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


@pytest.fixture
def judge(staff_page, job):
    """Press a tile's own button: "keep" or "drop", of the picture of a prompt."""

    def press(name, position):
        staff_page.locator(f"#{name}-{job.images.get(position=position).pk}").click()

    return press


def is_now(page, job, position, state):
    pk = job.images.get(position=position).pk
    expect(page.locator(f"#tile-{pk}")).to_have_class(re.compile(rf"\b{state}\b"))


def kept(job):
    return list(
        job.images.filter(status=ImageStatus.COMPLETED)
        .order_by("position")
        .values_list("selected", flat=True)
    )


def wait_until_saved(page, job, wanted):
    wait_until(page, lambda: kept(job) == wanted, f"{wanted} is saved")


def test_what_arrives_moves_neither_focus_nor_scroll_nor_choice(staff_page, job, faces, judge):
    judge("drop", 4)
    is_now(staff_page, job, 4, "dropped")
    faces.nth(1).focus()
    scrolled = staff_page.evaluate("scrollY")
    first = job.images.get(position=3)
    new = pictures.reroll(job.pk, first.pk, seen_variant=1, by=None)
    expect(staff_page.locator(f"#tile-{first.pk} + #tile-{new.pk}")).to_be_visible()
    is_now(staff_page, job, 4, "dropped")
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
    is_now(staff_page, job, 3, "dropped")
    old = answers[-1].text()
    decisions.decide(job.pk, [pk], keep=True, by=None)
    is_now(staff_page, job, 3, "kept")
    replayed = []

    def replay(route):
        replayed.append(route)
        route.fulfill(status=200, content_type="text/html", body=old)

    staff_page.route("**/status/*", replay)
    wait_until(staff_page, lambda: len(replayed) > 2, "the old answer came again")
    is_now(staff_page, job, 3, "kept")


def test_a_bulk_act_touches_what_the_filter_shows_and_can_be_undone(staff_page, job, faces, judge):
    judge("drop", 3)
    expect(staff_page.get_by_role("link", name="Dropped 1")).to_be_visible()
    staff_page.get_by_role("link", name=re.compile("^To decide")).click()
    expect(faces.first).to_be_hidden()
    staff_page.get_by_text("Select…").click()
    staff_page.get_by_role("button", name="Drop all 3 shown").click()
    wait_until_saved(staff_page, job, [False] * 4)
    staff_page.locator("#toasts").get_by_role("button", name="Undo").click()
    wait_until_saved(staff_page, job, [False, True, True, True])
    staff_page.reload()
    assert "show=to-decide" in staff_page.url
    expect(faces).to_have_count(4)
    expect(faces.first).to_be_hidden()
    expect(faces.nth(3)).to_be_visible()


def test_a_double_click_on_re_roll_buys_one_picture(staff_page, job, faces):
    staff_page.get_by_role("button", name=re.compile("^Re-roll prompt 3")).dblclick()
    expect(staff_page.locator("#grid article")).to_have_count(7)
    expect(
        staff_page.get_by_text(re.compile("One more picture of prompt 3 is queued"))
    ).to_be_visible()
    assert job.images.filter(position=3).count() == 2


def test_a_re_roll_is_taken_back_while_it_waits(staff_page, job, faces):
    staff_page.get_by_role("button", name=re.compile("^Re-roll prompt 3")).click()
    staff_page.locator("#toasts").get_by_role("button", name="Take back").click()
    expect(staff_page.get_by_text("Taken back: it was not bought.")).to_be_visible()
    assert job.images.get(position=3, variant=2).status == ImageStatus.CANCELLED


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


def test_a_failure_that_is_tried_again_leaves_its_stack(staff_page, job, faces):
    retried, other = (
        make_image(job, ImageStatus.FAILED, position=position, error_code="overloaded")
        for position in (7, 8)
    )
    staff_page.reload()
    expect(staff_page.locator(".stack > .group")).to_have_count(2)
    staff_page.locator(f"#retry-{retried.pk}").click()
    expect(staff_page.locator(".stack > .group")).to_have_count(0)
    expect(staff_page.locator(f"#tile-{retried.pk}")).to_contain_text("Queued")
    order = staff_page.locator("#grid article").evaluate_all("(all) => all.map((each) => each.id)")
    assert order[-2:] == [f"tile-{retried.pk}", f"tile-{other.pk}"]


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


def test_an_answer_does_not_undo_a_drop_that_waits_behind_it(staff_page, job, faces, judge):
    staff_page.route("**/status/*", lambda route: route.fulfill(status=204))
    held = []
    staff_page.route("**/decide/", lambda route: held.append(route))
    judge("drop", 3)
    judge("drop", 4)
    second = job.images.get(position=4).pk
    for wanted in (
        False,
        True,
    ):  # somebody else: the answer to the first drop shows the second tile as kept
        decisions.decide(job.pk, [second], keep=wanted, by=None)
    with staff_page.expect_request("**/decide/"):
        held[0].continue_()
    staff_page.wait_for_timeout(100)  # longer than an answer takes to settle

    expect(staff_page.locator("#grid .dropped")).to_have_count(2)
    expect(staff_page.locator("#dock-sum")).to_contain_text("0 kept · 2 dropped · 2 to decide")
    held[1].continue_()
    wait_until_saved(staff_page, job, [False, False, True, True])


def test_an_answer_to_who_was_replaced_in_the_meantime_is_left_alone(staff_page, job, faces, judge):
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
    with staff_page.expect_response(lambda answer: answer.url.endswith("/decide/")):
        judge("drop", 3)
    decisions.decide(job.pk, [job.images.get(position=4).pk], keep=False, by=None)
    held[0].continue_()
    is_now(staff_page, job, 4, "dropped")


def test_a_save_that_failed_for_a_tile_that_is_gone_does_not_stop_the_next_one(
    staff_page, job, faces, judge, watch
):
    held = []
    staff_page.route("**/decide/", lambda route: held.append(route))
    first = job.images.get(position=3)
    judge("drop", 3)
    wait_until(staff_page, lambda: held, "the save is held")
    trash.trash_images(job.pk, [first.pk], by=None)
    expect(staff_page.locator(f"#tile-{first.pk}")).to_have_count(0)
    held[0].abort()
    expect(staff_page.get_by_text("That was not saved. Try again.")).to_be_visible()
    staff_page.unroute("**/decide/")
    judge("drop", 4)
    wait_until_saved(staff_page, job, [False, True, True])
    watch.console[:] = [
        said for said in watch.console if "/decide/" not in said and "htmx:" not in said
    ]  # the failed request's own


def test_a_re_roll_in_zoom_is_reported_in_zoom(staff_page, job, faces):
    faces.first.focus()
    staff_page.keyboard.press("z")
    button = staff_page.locator("#zoom").get_by_role("button", name="Re-roll")
    button.click()
    toast = staff_page.locator("#zoom .toast")
    expect(toast).to_contain_text(re.compile(r"queued, (\$|free)"))
    assert toast.bounding_box()["y"] < 100, "it is over none of zoom's buttons"


def test_a_drop_after_the_session_has_ended_says_what_to_do(staff_page, job, faces, judge, watch):
    staff_page.route("**/status/*", lambda route: route.fulfill(status=204))
    staff_page.route("**/decide/", lambda route: route.fulfill(status=403))
    judge("drop", 3)
    toasts = staff_page.locator("#toasts")
    expect(toasts).to_contain_text("your session has ended. Reload the page.")
    expect(toasts).not_to_contain_text("Try again")
    is_now(staff_page, job, 3, "to-decide")
    staff_page.unroute("**/decide/")
    # The browser's and htmx's line come when they come, be it after what the page shows.
    wait_until(
        staff_page, lambda: sum("403" in line for line in watch.console) == 2, "both are there"
    )
    watch.console.clear()


def test_the_focus_stays_where_a_pressed_button_was(staff_page, job, faces):
    failed = make_image(job, ImageStatus.FAILED, position=7, error_code="overloaded")
    staff_page.reload()
    pause, resume, more = (
        staff_page.locator(f"#{name}") for name in ("act-pause", "act-resume", "open-more")
    )
    pause.press("Enter")
    expect(resume).to_be_focused()
    staff_page.keyboard.press("Enter")
    expect(pause).to_be_focused()
    staff_page.locator(f"#retry-{failed.pk}").press("Enter")
    expect(staff_page.locator(f"#face-{failed.pk}")).to_be_focused()
    more.press("Enter")
    staff_page.get_by_role("button", name="Cancel the rest…").press("Enter")
    staff_page.get_by_role("button", name="Keep generating").press("Enter")
    expect(more).to_be_focused()
    staff_page.keyboard.press("Enter")
    staff_page.get_by_role("button", name="Cancel the rest…").press("Enter")
    staff_page.get_by_role("button", name=re.compile(r"^Cancel \d")).press("Enter")
    expect(more).to_be_focused()
    expect(staff_page.get_by_role("link", name="Generate more")).to_be_visible()


def test_a_toast_outlives_the_zoom_that_it_was_shown_in(staff_page, job, faces):
    make_image(job, ImageStatus.COMPLETED, position=3, variant=2, stored=True)
    staff_page.reload()
    faces.first.focus()
    staff_page.keyboard.press("z")
    staff_page.keyboard.press("Shift+P")
    expect(staff_page.locator("#zoom .toast")).to_contain_text("1 dropped")
    staff_page.keyboard.press("Escape")
    undo = staff_page.locator("#bulk > #toasts").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    undo.click()
    wait_until_saved(staff_page, job, [True] * 5)


def test_dropping_a_picture_on_a_published_page_offers_to_unpublish_it(
    staff_page, job, faces, judge
):
    page = make_page(1, title="A quiet harbour")
    job.images.filter(position=3).update(page_id=str(page.pk), page_status=PageStatus.CREATED)
    staff_page.reload()
    judge("drop", 3)
    dialog = staff_page.get_by_role("dialog", name="Unpublish what was dropped?")
    expect(dialog.get_by_role("link", name="A quiet harbour")).to_be_visible()
    dialog.get_by_role("button", name="Unpublish 1 page").click()
    expect(staff_page.get_by_text("1 page unpublished.")).to_be_visible()
    page.refresh_from_db()
    assert page.status == page.Status.DRAFT
    assert kept(job)[0] is False
