"""Keys on the job page: anywhere, on what is seen; the server ends up with what was pressed."""

from __future__ import annotations

import re
import threading
import time

import pytest
from django.db import connections, transaction
from django.utils import timezone
from playwright.sync_api import expect

from bulk_admin.models import ImageStatus, JobStatus
from bulk_admin.services.jobs import decisions
from bulk_admin.services.queue.job_row import count, lock_job, save
from bulk_admin.testing.factories import make_image, make_job, make_worker, picture_fields
from e2e.pages import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
KEPT, DROPPED, OPEN = (True, True), (False, True), (True, False)


@pytest.fixture
def job(staff, settings):
    settings.BULK = settings.BULK | {"POLL_SECONDS": 0.3}
    make_worker()
    job = make_job(0, JobStatus.PROCESSING, created_by=staff)
    for position in (1, 2, 3):
        make_image(job, ImageStatus.COMPLETED, position=position, stored=True)
    for variant in (1, 2):
        make_image(job, ImageStatus.COMPLETED, position=4, variant=variant, stored=True)
    make_image(job, ImageStatus.QUEUED, position=5)
    return job


@pytest.fixture
def press(staff_page, job):
    staff_page.goto(job.get_absolute_url())
    expect(staff_page.locator("#bulk[data-whole=true]")).to_be_visible()

    def press_keys(*keys):
        for key in keys:
            staff_page.keyboard.press(key)

    return press_keys


def state(job):
    rows = job.images.order_by("position", "variant").exclude(status=ImageStatus.QUEUED)
    return [(each.selected, each.decided_at is not None) for each in rows]


def wait_for(page, job, wanted):
    wait_until(page, lambda: state(job) == wanted, f"{wanted} is saved")


def current(page, job, position, variant=1):
    pk = job.images.get(position=position, variant=variant).pk
    expect(page.locator(".is-current")).to_have_id(f"tile-{pk}")


def test_they_work_without_a_click_and_undo_step_by_step(staff_page, job, press):
    press("x", "p", "Space")
    current(staff_page, job, 3)
    wait_for(staff_page, job, [DROPPED, KEPT, KEPT, OPEN, OPEN])
    press("j", "Shift+P")
    current(staff_page, job, 5)
    wait_for(staff_page, job, [DROPPED, KEPT, KEPT, KEPT, DROPPED])
    press("u")
    wait_for(staff_page, job, [DROPPED, KEPT, KEPT, OPEN, OPEN])
    staff_page.reload()
    press("Control+z", "u")
    wait_for(staff_page, job, [DROPPED, OPEN, OPEN, OPEN, OPEN])


def test_undo_leaves_what_somebody_else_decided(staff_page, job, press, superuser):
    press("x")
    wait_for(staff_page, job, [DROPPED, OPEN, OPEN, OPEN, OPEN])
    decisions.decide(job.pk, [job.images.get(position=1).pk], keep=True, by=superuser)
    press("u")
    expect(staff_page.get_by_text("1 picture was decided again since, or deleted.")).to_be_visible()
    assert state(job)[0] == KEPT
    expect(staff_page.locator("#grid .kept")).to_have_count(1)


def test_a_picture_that_is_not_made_cannot_be_dropped(staff_page, job, press):
    press("End", "x")
    expect(staff_page.get_by_text("Not made yet: nothing to drop.")).to_be_visible()
    current(staff_page, job, 5)


def test_a_range_is_one_step(staff_page, job, press):
    press("Shift+ArrowRight", "Shift+ArrowRight", "x")
    current(staff_page, job, 4)
    wait_for(staff_page, job, [DROPPED, DROPPED, DROPPED, OPEN, OPEN])
    press("u")
    wait_for(staff_page, job, [OPEN] * 5)


def test_nothing_is_decided_that_is_out_of_sight(staff_page, job, press):
    staff_page.set_viewport_size({"width": 390, "height": 700})
    staff_page.locator("#grid article").last.scroll_into_view_if_needed()
    seen = staff_page.locator(".is-current").get_attribute("id")
    press("x")
    expect(staff_page.get_by_text(re.compile("^Now on prompt"))).to_be_visible()
    expect(staff_page.locator(".is-current")).not_to_have_id(seen)
    assert state(job) == [OPEN] * 5


def test_what_is_decided_leaves_a_filter_and_the_next_one_has_the_focus(staff_page, job, press):
    staff_page.get_by_role("link", name=re.compile("^To decide")).click()
    press("p", "x")
    wait_for(staff_page, job, [KEPT, DROPPED, OPEN, OPEN, OPEN])
    expect(staff_page.locator("#grid article:visible")).to_have_count(3)
    current(staff_page, job, 3)
    staff_page.go_back()
    expect(staff_page.locator("#grid article:visible")).to_have_count(6)


def test_find_takes_the_letters_and_its_text_stands_in_the_address(staff_page, job, press):
    job.images.filter(position=3).update(prompt_text="A heron", revision=job.revision)
    staff_page.reload()
    press("/")
    staff_page.keyboard.type("heron px")
    expect(staff_page.locator("#grid article:visible")).to_have_count(0)
    for _ in " px":
        press("Backspace")
    expect(staff_page.locator("#grid article:visible")).to_have_count(1)
    assert "q=heron" in staff_page.url
    press("Enter", "x")
    wait_for(staff_page, job, [OPEN, OPEN, DROPPED, OPEN, OPEN])


def test_the_help_is_what_works_here_and_single_keys_can_be_switched_off(staff_page, job, press):
    press("?")
    keys = staff_page.locator("#help-keys")
    expect(keys).to_contain_text("mark the next one too")
    press("Escape", "z")
    expect(staff_page.locator("#zoom")).to_be_visible()
    press("?")
    expect(keys).not_to_contain_text("mark the next one too")
    with staff_page.expect_response("**/remember/single_keys/"):
        staff_page.get_by_label("Single-key shortcuts").uncheck()
    press("Escape", "Escape")
    staff_page.reload()
    expect(staff_page.locator("#bulk[data-whole=true]")).to_be_visible()
    press("x", "Control+z")
    expect(staff_page.get_by_text("Nothing of yours to undo here.")).to_be_visible()
    assert state(job) == [OPEN] * 5


def test_a_held_key_decides_once_and_a_held_arrow_goes_on(staff_page, job, press):
    for _ in range(3):
        staff_page.keyboard.down("x")
    staff_page.keyboard.up("x")
    current(staff_page, job, 2)
    for _ in range(2):
        staff_page.keyboard.down("ArrowRight")
    current(staff_page, job, 4)
    wait_for(staff_page, job, [DROPPED, OPEN, OPEN, OPEN, OPEN])


class Hand:
    """Presses keys on what is visible, and keeps what the server should have in the end."""

    def __init__(self, page):
        self.page, self.expected, self.steps = page, {}, []

    def seen(self, is_zoomed):
        """The picture that is on the screen where a key acts."""
        if is_zoomed:
            address = self.page.locator("#zoom .stage img").get_attribute("src")
            return int(re.search(r"/(\d+)/file/", address)[1])
        return int(self.page.locator("#grid .is-current").get_attribute("data-tile"))

    def decide(self, key, *, is_zoomed=False):
        if is_zoomed:
            expect(self.page.locator("#zoom .stage img")).to_be_visible()
        pk = self.seen(is_zoomed)
        wanted = key == "p"
        if self.expected.get(pk) != wanted:
            self.steps.append((pk, self.expected.get(pk)))
            self.expected[pk] = wanted
        self.page.keyboard.press(key)

    def undo(self):
        pk, before = self.steps.pop()
        self.expected[pk] = before
        self.page.keyboard.press("u")


def arriving(job, pictures):
    """A thread in which a picture is made every 200 ms."""

    def make():
        for image in pictures:
            time.sleep(0.2)
            with transaction.atomic():
                locked = lock_job(job.pk)
                locked.revision += 1
                done = picture_fields(job, stored=True) | {"revision": locked.revision}
                locked.images.filter(pk=image).update(status=ImageStatus.COMPLETED, **done)
                count(locked, ImageStatus.QUEUED, ImageStatus.COMPLETED)
                save(locked, timezone.now())
        connections.close_all()

    return threading.Thread(target=make)


def answer_late(page, route):
    page.wait_for_timeout(3000)
    route.continue_()


def test_sixty_pictures_decided_undone_and_zoomed_while_more_arrive_and_the_storage_is_slow(
    staff_page, staff, settings
):
    settings.BULK = settings.BULK | {"POLL_SECONDS": 0.3}
    make_worker()
    job = make_job(0, JobStatus.PROCESSING, created_by=staff)
    for _ in range(60):
        make_image(job, ImageStatus.COMPLETED, stored=True, recounted=False)
    queued = [make_image(job, ImageStatus.QUEUED, recounted=False).pk for _ in range(20)]
    make_image(job, ImageStatus.QUEUED)  # so that the job goes on
    # The storage answers after 3 s: in zoom one judges the previews until then.
    staff_page.route("**/file/original/**", lambda route: answer_late(staff_page, route))
    staff_page.goto(job.get_absolute_url())
    expect(staff_page.locator("#bulk[data-whole=true]")).to_be_visible()
    thread = arriving(job, queued)
    thread.start()
    hand = Hand(staff_page)
    for n in range(40):
        hand.decide("px"[n % 3 == 0])
        if n % 8 == 7:
            hand.undo()
    staff_page.keyboard.press("z")
    expect(staff_page.locator("#zoom")).to_be_visible()
    for n in range(20):
        hand.decide("xp"[n % 3 == 0], is_zoomed=True)
        if n % 10 == 9:
            hand.undo()
    staff_page.keyboard.press("z")
    hand.undo()
    thread.join()

    def saved():
        found = job.images.filter(status=ImageStatus.COMPLETED)
        return {image.pk: image.selected for image in found if image.decided_at is not None}

    wanted = {pk: keep for pk, keep in hand.expected.items() if keep is not None}
    wait_until(staff_page, lambda: saved() == wanted, f"the server has {wanted}")
    staff_page.unroute_all(behavior="ignoreErrors")
    assert len(wanted) > 50
    expect(staff_page.locator("#grid .kept")).to_have_count(sum(wanted.values()))
    job.refresh_from_db()
    assert job.completed_count == 80
